"""A pipeline definition as a graph of steps, with what each does and what it waits for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pipeline."""

    name: str
    type: str
    detail: str
    """Image and instance, or the condition, in a few words."""
    after: tuple[str, ...]
    """Steps it reads from or depends on."""
    branch: str | None = None
    """`if` or `else` of the condition that decides about it."""
    level: int = 0
    """How many steps come before it, at least."""


def steps_of(definition: str) -> list[Step]:
    """Return the steps of a definition, in an order in which they could run, nested ones behind their condition."""
    found: dict[str, Step] = {}
    for raw, condition, branch in _walk(json.loads(definition)["Steps"], None, None):
        after = set(_references(raw)) | set(raw.get("DependsOn", ())) | ({condition} if condition else set())
        after.discard(raw["Name"])
        found[raw["Name"]] = Step(raw["Name"], raw["Type"], _detail(raw), tuple(sorted(after)), branch)
    ordered: dict[str, Step] = {}
    while len(ordered) < len(found):
        free = [s for s in found.values() if s.name not in ordered and set(s.after) & found.keys() <= ordered.keys()]
        if not free:
            raise ValueError(f"the steps wait for each other: {sorted(found.keys() - ordered.keys())}")
        for step in free:
            level = max((ordered[name].level + 1 for name in step.after if name in ordered), default=0)
            ordered[step.name] = Step(step.name, step.type, step.detail, step.after, step.branch, level)
    return list(ordered.values())


def _walk(
    steps: list[dict[str, Any]], condition: str | None, branch: str | None
) -> Iterator[tuple[dict[str, Any], str | None, str | None]]:
    for step in steps:
        arguments = step.get("Arguments", {})
        if step["Type"] != "Condition":
            yield step, condition, branch
            continue
        own = {"Conditions": arguments.get("Conditions", [])}
        yield {**step, "Arguments": own}, condition, branch
        yield from _walk(arguments.get("IfSteps", []), step["Name"], "if")
        yield from _walk(arguments.get("ElseSteps", []), step["Name"], "else")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Get" and isinstance(item, str) and item.startswith("Steps."):
                yield item.split(".")[1].split("[")[0]
            elif key == "PropertyFile" and isinstance(item, dict):
                yield from _references(item)
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _detail(step: dict[str, Any]) -> str:
    arguments = step.get("Arguments", {})
    if step["Type"] == "Processing":
        cluster = arguments["ProcessingResources"]["ClusterConfig"]
        return f"{_image(arguments['AppSpecification']['ImageUri'])} on {cluster['InstanceType']}"
    if step["Type"] == "Training":
        instance = arguments["ResourceConfig"]["InstanceType"]
        return f"{_image(arguments['AlgorithmSpecification'].get('TrainingImage', ''))} on {instance}"
    if step["Type"] == "Condition":
        return " and ".join(_condition(condition) for condition in arguments["Conditions"])
    if step["Type"] == "RegisterModel":
        return f"new version, {arguments.get('ModelApprovalStatus')}"
    if step["Type"] == "Fail":
        return "ends the run with the measured values"
    return ""


def _image(uri: object) -> str:
    return uri.rsplit("/", 1)[-1] if isinstance(uri, str) else "image from a parameter"


def _condition(condition: dict[str, Any]) -> str:
    symbols = {
        "GreaterThanOrEqualTo": "≥",
        "LessThanOrEqualTo": "≤",
        "GreaterThan": ">",
        "LessThan": "<",
        "Equals": "=",
    }
    left = condition.get("LeftValue", {})
    path = left["Std:JsonGet"]["Path"] if isinstance(left, dict) and "Std:JsonGet" in left else str(left)
    return f"{path} {symbols.get(condition['Type'], condition['Type'])} {condition.get('RightValue')}"
