"""Decide the conditions of a Condition step."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from local.runner.errors import StepError
from local.runner.expressions import Scope, evaluate
from local.runner.parameters import text_of

COMPARISONS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "Equals": (operator.eq, "=="),
    "GreaterThan": (operator.gt, ">"),
    "GreaterThanOrEqualTo": (operator.ge, ">="),
    "LessThan": (operator.lt, "<"),
    "LessThanOrEqualTo": (operator.le, "<="),
}
OPERATORS = (*COMPARISONS, "In", "Not", "Or", "And")


def holds(condition: Mapping[str, Any], scope: Scope) -> tuple[bool, str]:
    """Return whether `condition` holds, and a line that shows the values it compared.

    Raises `StepError` for an unknown operator or values that cannot be compared.
    """
    kind = condition.get("Type")
    if kind in COMPARISONS:
        return _compare(str(kind), evaluate(condition["LeftValue"], scope), evaluate(condition["RightValue"], scope))
    if kind == "In":
        value, values = evaluate(condition["QueryValue"], scope), evaluate(condition["Values"], scope)
        return value in values, f"{text_of(value)} in [{', '.join(map(text_of, values))}]"
    if kind == "Not":
        result, line = holds(condition["Expression"], scope)
        return not result, f"not ({line})"
    if kind in {"Or", "And"}:
        results = [holds(item, scope) for item in condition["Conditions"]]
        decide = any if kind == "Or" else all
        return decide(r for r, _ in results), "(" + f" {str(kind).lower()} ".join(line for _, line in results) + ")"
    raise StepError(f"condition type {kind!r} is not one of {', '.join(OPERATORS)}")


def _compare(kind: str, left: object, right: object) -> tuple[bool, str]:
    compare, sign = COMPARISONS[kind]
    line = f"{_short(left)} {sign} {_short(right)}"
    if kind != "Equals" and isinstance(left, str) != isinstance(right, str):
        raise StepError(f"{kind} cannot compare {left!r} with {right!r}: both must be numbers, or both text")
    try:
        return bool(compare(left, right)), line
    except TypeError:
        raise StepError(f"{kind} cannot compare {left!r} with {right!r}: both must be numbers, or both text") from None


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else text_of(value)
