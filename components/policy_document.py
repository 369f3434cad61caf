"""Build IAM and resource policies as plain data, rendered to the same bytes every time."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Statement = dict[str, Any]
Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Conditions | None = None,
    principal: Mapping[str, Any] | str | None = None,
) -> Statement:
    """Return an Allow statement. `principal` is given in resource policies only."""
    return _statement("Allow", sid, actions, resources, conditions, principal)


def deny(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Conditions | None = None,
    principal: Mapping[str, Any] | str | None = None,
) -> Statement:
    """Return a Deny statement. `principal` is given in resource policies only."""
    return _statement("Deny", sid, actions, resources, conditions, principal)


def _statement(
    effect: str,
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Conditions | None,
    principal: Mapping[str, Any] | str | None,
) -> Statement:
    # AWS gives a list of one back as a plain string; writing it so keeps later previews quiet.
    resource = resources[0] if len(resources) == 1 else list(resources)
    statement: Statement = {"Sid": sid, "Effect": effect, "Action": sorted(actions), "Resource": resource}
    if principal is not None:
        statement["Principal"] = principal if isinstance(principal, str) else dict(principal)
    if conditions:
        statement["Condition"] = {operator: dict(keys) for operator, keys in conditions.items()}
    return statement


def policy(statements: Sequence[Statement]) -> str:
    """Render a policy document. Keys are sorted, so an unchanged policy never shows as a difference."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trust(service: str, *, account: str, source_arn: str | None = None, names_person: bool = False) -> str:
    """Render a trust policy for an AWS service acting for `account` only (confused-deputy protection).

    `source_arn` narrows it to resources of that pattern, where the service sends `aws:SourceArn`. `names_person` lets
    the service carry on whose session asked for the work, as source identity.
    """
    conditions: dict[str, dict[str, str]] = {"StringEquals": {"aws:SourceAccount": account}}
    if source_arn is not None:
        conditions["ArnLike"] = {"aws:SourceArn": source_arn}
    statement: Statement = {
        "Sid": "AssumedByService",
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"] if names_person else ["sts:AssumeRole"],
        "Principal": {"Service": service},
        "Condition": conditions,
    }
    return policy([statement])
