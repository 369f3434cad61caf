"""Make a packaged component's args from what the component host hands over, and say everything that is wrong at once.

The host sends a mapping with Python names, in which integers may be floats. The analyzer that infers the schema reads
the same dataclasses, and takes neither `tuple[...]` nor `Literal` nor a union of two types. It calls a field with a
default other than None required, so every optional field is `T | None = None`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import pulumi

from contracts.rules import BrokenRuleError

T = TypeVar("T")


class ArgumentsError(ValueError):
    """Args that no component can be made from. `problems` holds a sentence by the field's Python name."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep the problems apart, so that the host can hand each to the engine with its property."""
        super().__init__("\n".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems = dict(problems)


def read(kind: type[T], args: T | Mapping[str, Any]) -> T:
    """Return `args` as an instance of the dataclass `kind`; an instance comes back as it is.

    A float that stands for an integer becomes one. An Output is welcome where the field is a `pulumi.Input`, and
    refused where it is plain: names, counts and zones decide which resources there are. Raises ArgumentsError with
    every problem.
    """
    if isinstance(args, kind):
        return args
    if not isinstance(args, Mapping):
        raise TypeError(f"{kind.__name__} is made from a mapping, not from {type(args).__name__}")
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    stated = {name: value for name, value in args.items() if value is not None}
    problems = {name: f"unknown; there are {', '.join(known)}" for name in stated if name not in known}
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in stated:
            try:
                values[name] = _value(field.type, stated[name])
            except BrokenRuleError as error:
                problems[name] = f"{stated[name]!r}; {error}" if not _waits(stated[name]) else str(error)
        elif field.default is MISSING and field.default_factory is MISSING:
            problems[name] = "missing; set it"
    if problems:
        raise ArgumentsError(problems)
    return kind(**values)


def check(*checks: tuple[str, object, Callable[[], object]]) -> None:
    """Run every check (field, value, call) and raise ArgumentsError with those that broke a rule."""
    problems: dict[str, str] = {}
    for name, value, call in checks:
        try:
            call()
        except BrokenRuleError as error:
            problems.setdefault(name, f"{value!r}; {error}")
    if problems:
        raise ArgumentsError(problems)


def _value(kind: Any, value: Any) -> Any:
    options = tuple(_options(kind))
    if _waits(value):
        if _takes_outputs(kind):
            return value
        raise BrokenRuleError(
            "the value is a secret or known only after something is created, and it decides which resources there are",
            "write the value itself, or read it from plain config",
        )
    if isinstance(value, float) and int in options and float not in options:
        if value.is_integer():
            return int(value)
        raise BrokenRuleError("this is a whole number", f"write {round(value)}")
    return value


def _options(kind: Any) -> Iterator[Any]:
    """Yield the plain types that a field takes."""
    if get_origin(kind) in (Union, UnionType):
        for option in get_args(kind):
            yield from _options(option)
    else:
        yield kind


def _takes_outputs(kind: Any) -> bool:
    """Whether `pulumi.Input[...]` is among the types of a field; awaitables come with it and nothing else."""
    return any(getattr(option, "__forward_arg__", "") == "Output[T]" for option in _options(kind))


def _waits(value: Any) -> bool:
    """Whether a value, or a part of it, is an Output."""
    if isinstance(value, Mapping):
        return any(_waits(part) for part in value.values())
    if isinstance(value, list | tuple):
        return any(_waits(part) for part in value)
    return isinstance(value, pulumi.Output)
