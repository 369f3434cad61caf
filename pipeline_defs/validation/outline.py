"""The steps of a document as a flat list, each with the condition branches that lead to it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

DEEPEST = 100
"""Levels of nesting that a document may have. A real one has about 15; no check follows an endless one."""


def too_deep(document: object) -> bool:
    """Whether a document is nested deeper than `DEEPEST`, found without recursion."""
    level = [document]
    for _ in range(DEEPEST):
        following: list[object] = []
        for value in level:
            if isinstance(value, Mapping):
                following += value.values()
            elif isinstance(value, list):
                following += value
        if not following:
            return False
        level = following
    return True


NESTED = {"Condition": ("IfSteps", "ElseSteps"), "ForEach": ("ForEachBody",)}
"""Arguments that hold further steps, by step type."""

Branch = tuple[tuple[str, str], ...]
"""The way to a step: pairs of the enclosing step's name and the list in it, outermost first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of the document, at any depth."""

    name: str
    """Its Name, or its path where the name is missing."""
    type: str
    body: Mapping[str, Any]
    path: str
    branch: Branch

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The step's own Arguments without the steps nested in them; empty where they are no object."""
        arguments = self.body.get("Arguments")
        if not isinstance(arguments, Mapping):
            return {}
        nested = NESTED.get(self.type, ())
        return {key: value for key, value in arguments.items() if key not in nested} if nested else arguments

    def get(self, *keys: str) -> Any:
        """Return the value under the Arguments by member names; None where any of them is absent or is no object."""
        value: Any = self.arguments
        for key in keys:
            if not isinstance(value, Mapping):
                return None
            value = value.get(key)
        return value

    def items(self, *keys: str) -> list[Mapping[str, Any]]:
        """Return the objects in the list under the Arguments by member names; what is no object is left out."""
        value = self.get(*keys)
        return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _steps(value: object, path: str, branch: Branch) -> Iterator[Step]:
    if not isinstance(value, list):
        return
    for index, body in enumerate(value):
        if not isinstance(body, Mapping):
            continue
        here = f"{path}[{index}]"
        name, kind, arguments = body.get("Name"), body.get("Type"), body.get("Arguments")
        step = Step(
            name=name if isinstance(name, str) else here,
            type=kind if isinstance(kind, str) else "",
            body=body,
            path=here,
            branch=branch,
        )
        yield step
        if isinstance(arguments, Mapping):
            for key in NESTED.get(step.type, ()):
                yield from _steps(arguments.get(key), f"{here}.Arguments.{key}", (*branch, (step.name, key)))


@dataclass(frozen=True)
class Outline:
    """A document read once: its steps, its parameters, and what lies in between."""

    document: Mapping[str, Any]

    @cached_property
    def steps(self) -> list[Step]:
        """Every step, in the document's order, an enclosing step before what it encloses."""
        return list(_steps(self.document.get("Steps"), "Steps", ()))

    @cached_property
    def by_name(self) -> dict[str, Step]:
        """Steps by name; the first one where a name occurs twice."""
        found: dict[str, Step] = {}
        for step in self.steps:
            found.setdefault(step.name, step)
        return found

    @cached_property
    def parameters(self) -> dict[str, Mapping[str, Any]]:
        """Parameters by name; the first one where a name occurs twice."""
        found: dict[str, Mapping[str, Any]] = {}
        listed = self.document.get("Parameters")
        for parameter in listed if isinstance(listed, list) else []:
            if isinstance(parameter, Mapping) and isinstance(parameter.get("Name"), str):
                found.setdefault(parameter["Name"], parameter)
        return found

    def of_type(self, *types: str) -> list[Step]:
        """Return the steps of these types."""
        return [step for step in self.steps if step.type in types]


FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")


def is_expression(value: object) -> bool:
    """Whether a value is a reference or a function, evaluated by the service when the step starts."""
    return isinstance(value, Mapping) and any(function in value for function in FUNCTIONS)


def expressions(value: object, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every reference and function in a value with its path, the outer before the inner."""
    if isinstance(value, Mapping):
        if is_expression(value):
            yield path, value
        for key, item in value.items():
            yield from expressions(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from expressions(item, f"{path}[{index}]")


def strings(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every string in a value with its path, keys of objects included."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            here = f"{path}.{key}" if path else str(key)
            yield here, str(key)
            yield from strings(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, f"{path}[{index}]")


def body_without_nested(step: Step) -> dict[str, Any]:
    """Return the whole step object, its nested steps left out."""
    body = dict(step.body)
    if step.type in NESTED and isinstance(body.get("Arguments"), Mapping):
        body["Arguments"] = step.arguments
    return body


_REFERENCE = re.compile(r"Steps\.([^.\[]+)")


def references(value: object) -> Iterator[str]:
    """Yield what every Get in a value names: `Parameters.X`, `Steps.X.path`, `Execution.X`."""
    for _, expression in expressions(value, ""):
        if isinstance(expression.get("Get"), str):
            yield expression["Get"]


def referenced_steps(value: object) -> set[str]:
    """Names of the steps that a value refers to."""
    return {match[1] for text in references(value) if (match := _REFERENCE.match(text))}
