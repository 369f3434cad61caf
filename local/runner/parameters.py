"""The parameters of a definition: defaults, overrides, types and enums, as StartPipelineExecution checks them."""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.runner.errors import RunnerError

Value = str | int | float | bool


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


def _number(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)


CASTS: dict[str, Callable[[str], Value]] = {"String": str, "Integer": int, "Float": _number, "Boolean": _boolean}


def text_of(value: object) -> str:
    """Return a value as it appears inside a string: booleans as JSON writes them, everything else as Python does."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def resolve(declared: Sequence[Mapping[str, Any]], overrides: Mapping[str, str]) -> dict[str, Value]:
    """Return every parameter's value.

    Raises `RunnerError` that lists every fault at once: an unknown name, a missing or unreadable value, a value outside
    the enum.
    """
    names = [str(p["Name"]) for p in declared]
    faults = [_unknown(name, names) for name in overrides if name not in names]
    values: dict[str, Value] = {}
    for parameter in declared:
        try:
            values[str(parameter["Name"])] = _value(parameter, overrides)
        except RunnerError as error:
            faults.append(str(error))
    if faults:
        raise RunnerError("\n".join(faults))
    return values


def _unknown(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, 1, 0.5)
    hint = f"Did you mean {close[0]}?" if close else f"It has: {', '.join(names) or 'none'}."
    return f"parameter {name}: the definition has no such parameter. {hint}"


def _value(parameter: Mapping[str, Any], overrides: Mapping[str, str]) -> Value:
    name, kind = str(parameter["Name"]), str(parameter.get("Type", "String"))
    if kind not in CASTS:
        raise RunnerError(f"parameter {name}: type {kind!r} is not one of {', '.join(CASTS)}.")
    raw = overrides.get(name, parameter.get("DefaultValue"))
    if raw is None:
        raise RunnerError(f"parameter {name}: has no default, so it needs a value: --parameter {name}=VALUE.")
    try:
        value = CASTS[kind](text_of(raw))
    except ValueError:
        raise RunnerError(f"parameter {name}: {raw!r} is not of type {kind}.") from None
    allowed = [CASTS[kind](text_of(v)) for v in parameter.get("EnumValues") or []]
    if allowed and value not in allowed:
        raise RunnerError(f"parameter {name}: {value!r} is not one of {', '.join(map(text_of, allowed))}.")
    return value
