"""A pipeline's definition as a graph: its steps, what each waits for, and what a model must pass to be registered."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.events import UNKNOWN

SYMBOLS = {
    "GreaterThanOrEqualTo": "≥",
    "GreaterThan": ">",
    "LessThanOrEqualTo": "≤",
    "LessThan": "<",
    "Equals": "=",
}


class DefinitionError(ValueError):
    """A text is no definition that can be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """One step waits for another."""

    source: str
    target: str
    kind: str
    """data: reads its output; order: `DependsOn`; if, else: runs where the condition is met, or is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """One condition that a run must meet, as its definition states it."""

    step: str
    measure: str
    """What is compared, metrics.accuracy; the whole condition where it combines several."""
    comparison: str
    """≥, >, ≤, <, =; empty for a combined condition."""
    value: Any
    """What it is compared with: a number, or how the definition names it."""

    def __str__(self) -> str:
        return f"{self.comparison} {self.value}".strip() if self.comparison else self.measure


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Machines that a step rents while it runs."""

    step: str
    instance_type: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A definition's parts."""

    steps: Mapping[str, Mapping[str, Any]]
    """Each step as it is written, by name; a condition without the steps in its branches, which stand beside it."""
    edges: frozenset[Edge]
    parameters: Mapping[str, Mapping[str, Any]]
    thresholds: tuple[Threshold, ...]
    approvals: Mapping[str, Any]
    """Approval status that a registering step gives, by step."""
    guards: Mapping[str, tuple[str, ...]]
    """For each registering step the conditions that it lies behind, `CheckAccuracy (if)`, outermost first."""

    def jobs(self) -> Iterator[Job]:
        """Yield what each step rents; nothing for those whose machine a parameter decides."""
        for name, step in self.steps.items():
            arguments = step.get("Arguments", {})
            for cluster in (
                arguments.get("ProcessingResources", {}).get("ClusterConfig"),
                arguments.get("ResourceConfig"),
                arguments.get("TransformResources"),
            ):
                if isinstance(cluster, Mapping) and isinstance(kind := cluster.get("InstanceType"), str):
                    count = cluster.get("InstanceCount", 1)
                    yield Job(step=name, instance_type=kind, count=count if isinstance(count, int) else 1)


EMPTY = Definition(steps={}, edges=frozenset(), parameters={}, thresholds=(), approvals={}, guards={})
"""What a pipeline is before it is created."""


def parse(text: Any) -> Definition:
    """Return the parts of a definition. Raises `DefinitionError` that says why it cannot be read."""
    if text is None:
        raise DefinitionError("the definition is not in the plan")
    if text == UNKNOWN:
        raise DefinitionError("the definition is only known once what it names has been created")
    try:
        document = json.loads(text)
        return _parts(document)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DefinitionError(f"the definition cannot be read: {type(error).__name__}: {error}") from None


def _parts(document: Mapping[str, Any]) -> Definition:
    steps: dict[str, Mapping[str, Any]] = {}
    edges: set[Edge] = set()
    guards: dict[str, tuple[str, ...]] = {}
    for step, behind in _walk(document["Steps"], ()):
        name = step["Name"]
        steps[name] = step
        if behind:
            condition, branch = behind[-1]
            edges.add(Edge(source=condition, target=name, kind=branch))
        edges |= {Edge(source=each, target=name, kind="order") for each in step.get("DependsOn") or ()}
        edges |= {Edge(source=each, target=name, kind="data") for each in _references(step) if each != name}
        if step["Type"] == "RegisterModel":
            guards[name] = tuple(f"{condition} ({branch})" for condition, branch in behind)
    return Definition(
        steps=steps,
        edges=frozenset(edges),
        parameters={each["Name"]: each for each in document.get("Parameters") or ()},
        thresholds=tuple(_thresholds(steps)),
        approvals={
            name: step.get("Arguments", {}).get("ModelApprovalStatus")
            for name, step in steps.items()
            if step["Type"] == "RegisterModel"
        },
        guards=guards,
    )


_Behind = tuple[tuple[str, str], ...]


def _walk(steps: list[dict[str, Any]], behind: _Behind) -> Iterator[tuple[Mapping[str, Any], _Behind]]:
    for step in steps:
        if step["Type"] != "Condition":
            yield step, behind
            continue
        arguments = step.get("Arguments", {})
        own = {key: value for key, value in arguments.items() if key not in {"IfSteps", "ElseSteps"}}
        yield {**step, "Arguments": own}, behind
        yield from _walk(arguments.get("IfSteps") or [], (*behind, (step["Name"], "if")))
        yield from _walk(arguments.get("ElseSteps") or [], (*behind, (step["Name"], "else")))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "Get" and isinstance(item, str) and item.startswith("Steps."):
                yield item.split(".")[1].split("[")[0]
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _thresholds(steps: Mapping[str, Mapping[str, Any]]) -> Iterator[Threshold]:
    for name, step in steps.items():
        if step["Type"] != "Condition":
            continue
        for condition in step["Arguments"].get("Conditions") or ():
            symbol = SYMBOLS.get(condition["Type"])
            if symbol is None:
                yield Threshold(step=name, measure=said(condition), comparison="", value=None)
                continue
            right = condition.get("RightValue")
            number = isinstance(right, int | float) and not isinstance(right, bool)
            value = right if number else operand(right)
            yield Threshold(step=name, measure=operand(condition.get("LeftValue")), comparison=symbol, value=value)


def said(condition: Mapping[str, Any]) -> str:
    """Return a condition as a person would say it, with those that it combines."""
    kind = condition["Type"]
    if kind == "Or":
        return "(" + " or ".join(said(each) for each in condition["Conditions"]) + ")"
    if kind == "Not":
        return f"not {said(condition['Expression'])}"
    if kind == "In":
        return f"{operand(condition['QueryValue'])} in {', '.join(operand(each) for each in condition['Values'])}"
    return f"{operand(condition.get('LeftValue'))} {SYMBOLS.get(kind, kind)} {operand(condition.get('RightValue'))}"


def operand(value: Any) -> str:
    """Return one side of a comparison in a few words."""
    if isinstance(value, Mapping):
        if "Std:JsonGet" in value:
            return str(value["Std:JsonGet"].get("Path"))
        if "Get" in value:
            return str(value["Get"])
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
