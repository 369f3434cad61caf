"""Nobody may change everything."""

import re
from collections.abc import Iterator

from policy.documents import IDENTITY_POLICIES, Statement, allowing, binding_keys, listed, title
from policy.model import Checked, Rule, Stack

READS = ("Describe", "List", "Get", "Search", "BatchGet", "View", "Lookup", "Validate", "Head")
"""How the names of actions begin that change nothing."""
READS_CONTENT = (
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "sts:GetFederationToken",
)
"""Beginnings of actions that read like looking and hand out content or rights."""
KNOW_NO_RESOURCE = frozenset({"cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments"})
"""Writes for which IAM takes no resource (Service Authorization Reference; a test compares)."""

_EVERYTHING = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:[*/]+")
"""Every resource, or every resource of a service."""


def _check(resource: Checked, _: Stack) -> Iterator[str]:
    for statement in allowing(resource, IDENTITY_POLICIES[resource.short_type]):
        for fault in _faults(statement):
            yield f"{title(statement)} {fault}"


def _faults(statement: Statement) -> Iterator[str]:
    if "NotAction" in statement:
        yield "allows all actions but some (NotAction); whatever AWS adds is allowed too"
    if "NotResource" in statement:
        yield "allows all resources but some (NotResource)"
    actions = [str(action) for action in listed(statement.get("Action"))]
    if "*" in actions:
        yield "allows every action of every service"
    resources = [str(resource) for resource in listed(statement.get("Resource"))]
    everywhere = any(_EVERYTHING.fullmatch(one) for one in resources) and not binding_keys(statement)
    writes = sorted(action for action in actions if action != "*" and _writes(action))
    if everywhere and writes:
        yield f"allows {', '.join(writes)} on every resource, without a condition that says which"


def _writes(action: str) -> bool:
    if action in KNOW_NO_RESOURCE:
        return False
    return action.startswith(READS_CONTENT) or not action.partition(":")[2].startswith(READS)


RULE = Rule(
    id="wildcard-write",
    forbids="right to write, or to read content, on every resource",
    why="Whoever takes over such a role takes over the account; nothing else stands in the way.",
    fix="name the resources by ARN or by the stack's name prefix, or bind the statement by a condition",
    types=tuple(IDENTITY_POLICIES),
    check=_check,
)
