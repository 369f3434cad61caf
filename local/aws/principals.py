"""Who a policy names and whether they exist, whom a role trusts, and what its own policies allow."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import iam_backends

_IDENTITY = re.compile(r"arn:[^:]+:(iam|sts)::(?P<account>\d{12}):(?P<kind>role|user|assumed-role)/(?P<name>.+)")
_UNIQUE_ID = re.compile(r"A(IDA|ROA)[A-Z0-9]{12,}")
"""What a stored policy shows in place of a principal that was deleted since."""


def missing_principals(policy: str | bytes) -> list[str]:
    """Return the roles, users and sessions that a policy document names and that do not exist now."""
    statements = json.loads(policy)["Statement"]
    named = [
        arn
        for statement in (statements if isinstance(statements, list) else [statements])
        for element in ("Principal", "NotPrincipal")
        for arn in _aws_principals(statement.get(element, {}))
    ]
    return [arn for arn in named if not _exists(arn)]


def _aws_principals(principal: str | Mapping[str, Any]) -> list[str]:
    return [] if isinstance(principal, str) else _list(principal.get("AWS", []))


def _exists(arn: str) -> bool:
    if _UNIQUE_ID.fullmatch(arn):
        return False
    found = _IDENTITY.fullmatch(arn)
    if found is None:
        return True  # everybody, an account, or its root
    iam: Any = iam_backends[found["account"]]["aws"]
    if found["kind"] == "user":
        return any(user.arn == arn for user in iam.users.values())
    if found["kind"] == "role":
        return any(role.arn == arn for role in iam.roles.values())
    return any(role.name == found["name"].split("/")[0] for role in iam.roles.values())


def trusts(role_arn: str, service: str) -> bool:
    """Return whether a role exists and a statement of its trust policy names the service. Conditions are not judged."""
    found = _IDENTITY.fullmatch(role_arn)
    roles: Any = iam_backends[found["account"]]["aws"].roles.values() if found else []
    role = next((role for role in roles if role.arn == role_arn), None)
    if role is None:
        return False
    statements = json.loads(role.assume_role_policy_document)["Statement"]
    return any(service in _list(s["Principal"].get("Service", [])) for s in statements if s["Effect"] == "Allow")


def may(role_arn: str, action: str, resource: str) -> bool:
    """Return whether a role's inline policies allow a request. Conditions and attached policies are not judged."""
    roles: Any = iam_backends[role_arn.split(":")[4]]["aws"].roles.values()
    role = next(role for role in roles if role.arn == role_arn)
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, pattern) for pattern in _list(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _list(statement["Resource"]))
        for text in role.policies.values()
        for statement in json.loads(text)["Statement"]
    )


def _list(value: Any) -> list[Any]:  # a policy's element is one or many
    return list(value) if isinstance(value, list) else [value]
