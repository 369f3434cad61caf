"""Policy documents and nested values: what the rules read in them."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from policy.model import Checked

IDENTITY_POLICIES = {
    "iam:RolePolicy": "policy",
    "iam:Policy": "policy",
    "iam:UserPolicy": "policy",
    "iam:GroupPolicy": "policy",
}
"""Where the documents stand that give their holder rights."""

RESOURCE_POLICIES = {
    "s3:BucketPolicy": "policy",
    "sns:Topic": "policy",
    "sns:TopicPolicy": "policy",
    "sqs:Queue": "policy",
    "sqs:QueuePolicy": "policy",
    "kms:Key": "policy",
    "ecr:RepositoryPolicy": "policy",
    "cloudwatch:EventBusPolicy": "policy",
    "ec2:VpcEndpoint": "policy",
    "secretsmanager:Secret": "policy",
    "secretsmanager:SecretPolicy": "policy",
    "sagemaker:ModelPackageGroupPolicy": "resourcePolicy",
}
"""Where the documents stand that let others in."""

_NOT_BINDING = {"aws:securetransport", "s3:tlsversion", "aws:multifactorauthpresent", "aws:currenttime"}
"""Condition keys that say how or when one asks, not who asks or for what."""

Statement = Mapping[str, Any]


@lru_cache(maxsize=256)
def decoded(text: str) -> Any:
    """Return the value of a JSON text. Raises ValueError for any other. Not to be changed: it is shared."""
    return json.loads(text)


def statements(resource: Checked, path: str) -> list[Statement]:
    """Return the statements of the policy at `path`; none where there is no policy. Raises UnknownValueError."""
    text = resource.value(path)
    if text is None:
        return []
    document = decoded(text) if isinstance(text, str) else text
    return [statement for statement in listed(document.get("Statement")) if isinstance(statement, Mapping)]


def allowing(resource: Checked, path: str) -> list[Statement]:
    """Return the statements that allow."""
    return [statement for statement in statements(resource, path) if statement.get("Effect") == "Allow"]


def listed(value: Any) -> list[Any]:
    """A list as it is, nothing as an empty one, and anything else as a list of one; policies use all three."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def title(statement: Statement) -> str:
    """How to name a statement to a person."""
    return f"statement {statement['Sid']}" if statement.get("Sid") else "a statement without Sid"


def principals(statement: Statement, kind: str) -> list[str]:
    """Return the principals of a kind, `AWS`, `Service` or `Federated`. A bare `*` is of every kind."""
    principal = statement.get("Principal")
    if isinstance(principal, str):
        return [principal]
    return [str(item) for item in listed((principal or {}).get(kind))]


def binding_keys(statement: Statement) -> set[str]:
    """Return, in lower case, the condition keys that must have one of some values for the statement to count.

    Operators that exclude, that test for absence, or that pass where the key is absent bind nothing.
    """
    found = set()
    for operator, keys in (statement.get("Condition") or {}).items():
        if "Not" in operator or operator.endswith("IfExists") or operator.split(":")[-1] == "Null":
            continue
        found |= {key.lower() for key, values in keys.items() if any(value != "*" for value in listed(values))}
    return found - _NOT_BINDING


def named(value: Any, names: frozenset[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of every key in `names` (lower case), at any depth and within JSON texts."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = decoded(value)
        except ValueError:
            return  # a text that happens to begin so
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = f"{path}.{key}" if path else str(key)
            if str(key).lower() in names:
                yield here, item
            yield from named(item, names, here)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from named(item, names, f"{path}.{index}" if path else str(index))


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and text of every string in a nested value."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from texts(item, f"{path}.{index}" if path else str(index))
