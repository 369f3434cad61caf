"""Who may reach a resource from another account: resource policies, evaluated for the few elements that ours use.

Within an account the embedded AWS checks nothing; between accounts AWS asks the resource's own policy, and without one
the answer is no. Source: "Cross-account policy evaluation logic" of the IAM guide.
"""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sts.models import sts_backends


class AccessDeniedError(ServiceException):
    """The service's own refusal."""

    code = "AccessDeniedException"


def principal_arn(account: str, access_key: str) -> str:
    """Return aws:PrincipalArn of a caller: the role itself for an assumed one, else the account's root."""
    role = sts_backends[account]["aws"].get_assumed_role_from_access_key(access_key)
    return str(role.role_arn) if role is not None else f"arn:aws:iam::{account}:root"


def allows(policy: str | None, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Return whether a policy lets a request through. `context` has aws:PrincipalArn, which also names the account.

    Raises ValueError for a condition operator that it does not know, rather than skip it.
    """
    if not policy:
        return False
    statements = json.loads(policy)["Statement"]
    effects = {s["Effect"] for s in statements if _matches(s, action, resource, context)}
    return "Allow" in effects and "Deny" not in effects


def _matches(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    return (
        any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _list(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _list(statement.get("Resource", "*")))  # ECR's have none
        and _principal(statement["Principal"], context["aws:PrincipalArn"])
        and all(
            _condition(operator, context.get(key), _list(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _principal(principal: str | Mapping[str, Any], arn: str) -> bool:
    if principal == "*":
        return True
    if isinstance(principal, str):
        return False
    account = arn.split(":")[4]
    root = f"arn:{arn.split(':')[1]}:iam::{account}:root"
    return any(named in ("*", account, root, arn) for named in _list(principal.get("AWS", [])))


def _condition(operator: str, value: str | None, wanted: list[str]) -> bool:
    negated = "Not" in operator
    if value is None:
        return negated
    base = operator.replace("Not", "")
    if base in ("StringEquals", "ArnEquals", "Bool"):
        found = value.lower() in [w.lower() for w in wanted] if base == "Bool" else value in wanted
    elif base in ("StringLike", "ArnLike"):
        found = any(fnmatchcase(value, pattern) for pattern in wanted)
    else:
        raise ValueError(f"condition operator {operator} is not known here: teach it, do not skip it")
    return found != negated


def _list(value: Any) -> list[Any]:  # a policy's element is one or many
    return list(value) if isinstance(value, list) else [value]
