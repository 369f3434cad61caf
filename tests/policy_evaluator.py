"""Decide a request against identity policies as IAM does, for the operators that our policies use.

Source: "Policy evaluation logic" and "IAM JSON policy elements: Condition operators" of the IAM guide.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Context = Mapping[str, str | list[str]]


def is_allowed(documents: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context) -> bool:
    """Whether an identity with these policies may do `action` on `resource`: an Allow matches and no Deny does."""
    statements = [statement for document in documents for statement in document["Statement"]]
    matching = [s for s in statements if _matches(s, action, resource, context)]
    effects = {statement["Effect"] for statement in matching}
    return "Deny" not in effects and "Allow" in effects


def denied_by(documents: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context) -> list[str]:
    """The Sids of the Deny statements that match a request."""
    return [
        statement["Sid"]
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Deny" and _matches(statement, action, resource, context)
    ]


def _matches(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    return (
        any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _list(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _list(statement["Resource"]))
        and all(
            _condition(operator, key, _list(wanted), context)
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
    else:
        raise ValueError(f"operator {operator} is not known to this evaluator: teach it, do not skip it")
    return found != ("Not" in operator)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
