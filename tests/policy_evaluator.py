"""Decide a request against policies as IAM does, for the elements and operators that our policies use.

Source: "Policy evaluation logic", "IAM JSON policy elements: Principal" and "... Condition operators" of the IAM guide.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

Context = Mapping[str, str | list[str]]
Document = Mapping[str, Any]
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


def is_allowed(documents: Iterable[Document], action: str, resource: str, context: Context) -> bool:
    """Whether an identity with these policies may do `action` on `resource`: an Allow matches and no Deny does."""
    statements = [statement for document in documents for statement in document["Statement"]]
    effects = {s["Effect"] for s in statements if matches(s, action, resource, context)}
    return "Deny" not in effects and "Allow" in effects


def is_allowed_within(
    boundary: Document, documents: Iterable[Document], action: str, resource: str, context: Context
) -> bool:
    """Whether an identity with these policies under a permissions boundary may: both must allow, neither may deny."""
    return is_allowed(documents, action, resource, context) and is_allowed([boundary], action, resource, context)


def resource_effects(document: Document, principal: str, action: str, resource: str, context: Context) -> set[str]:
    """The effects of a resource policy's statements that match a request of the role ARN `principal`.

    Across accounts "Allow" must be among them; in the same account an identity policy allows just as well, unless the
    resource is a KMS key or this is a "Deny" ("Cross-account policy evaluation logic"). A statement without `Resource`
    speaks of the resource that it is attached to, as ECR's do.
    """
    return {
        statement["Effect"]
        for statement in document["Statement"]
        if is_principal(statement["Principal"], principal) and matches(statement, action, resource, context)
    }


def is_principal(element: str | Mapping[str, Any], role_arn: str) -> bool:
    """Whether a `Principal` element means the role: by everybody, by its account, or by its own ARN."""
    if element == "*":
        return True
    named = _list(element.get("AWS", [])) if isinstance(element, Mapping) else []
    account = role_arn.split(":")[4]
    return any(name in ("*", account, role_arn) or name.endswith(f"::{account}:root") for name in named)


def denied_by(documents: Iterable[Document], action: str, resource: str, context: Context) -> list[str]:
    """The Sids of the Deny statements that match a request."""
    return [
        statement["Sid"]
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Deny" and matches(statement, action, resource, context)
    ]


def grants(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> Iterator[tuple[str, str]]:
    """The pairs of action and resource pattern with which an Allow statement lets a request pass."""
    if statement["Effect"] == "Allow" and matches(statement, action, resource, context):
        for wanted in _list(statement["Action"]):
            if fnmatchcase(action.lower(), wanted.lower()):
                yield from ((wanted, p) for p in _list(statement["Resource"]) if fnmatchcase(resource, p))


def matches(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    """Whether action, resource and conditions of a statement match a request; its principal is not looked at."""
    return (
        any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _list(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _filled(statement.get("Resource", "*"), context))
        and all(
            _condition(operator, key, _filled(wanted, context), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _condition(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    present = key in context
    actual = _list(context.get(key, []))
    if operator == "Null":
        return present == (wanted == ["false"])
    quantifier, _, base = operator.rpartition(":")
    if base.endswith("IfExists"):
        if not present:
            return True
        base = base.removesuffix("IfExists")
    negated = "Not" in base
    if not present:
        # A missing key fails a positive operator and satisfies a negated one; ForAnyValue is false, ForAllValues true.
        return {"ForAnyValue": False, "ForAllValues": True}.get(quantifier, negated)
    results = [_compare(base, value, wanted) for value in actual]
    if quantifier == "ForAnyValue":
        return any(results)
    if quantifier == "ForAllValues":
        return all(results)
    if len(actual) != 1:
        raise ValueError(f"{operator} on multi-valued {key} needs ForAnyValue or ForAllValues")
    return results[0]


def _compare(operator: str, value: str, wanted: list[str]) -> bool:
    positive = operator.replace("Not", "")
    if positive in ("StringEquals", "ArnEquals", "Bool"):
        found = any(value.lower() == w.lower() if positive == "Bool" else value == w for w in wanted)
    elif positive in ("StringLike", "ArnLike"):
        found = any(fnmatchcase(value, w) for w in wanted)
    elif positive == "NumericLessThan":
        found = any(float(value) < float(w) for w in wanted)
    else:
        raise ValueError(f"operator {operator} is not known to this evaluator: teach it, do not skip it")
    return found != ("Not" in operator)


def _filled(values: str | list[str], context: Context) -> list[str]:
    """Return patterns with their policy variables replaced; one whose variable the request lacks matches nothing."""
    found = []
    for pattern in _list(values):
        keys = _VARIABLE.findall(pattern)
        if all(len(_list(context.get(key, []))) == 1 for key in keys):
            found.append(_VARIABLE.sub(lambda key: _list(context[key[1]])[0], pattern))
    return found


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
