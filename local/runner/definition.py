"""Read a definition document: its steps with their dependencies, checked before anything runs."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.runner import durations, paths
from local.runner.errors import DefinitionError
from local.runner.expressions import references

SUPPORTED = ("Processing", "Training", "Condition", "Fail", "RegisterModel")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step, whether it stands at the top or in a branch of a condition."""

    name: str
    kind: str
    arguments: Mapping[str, Any]
    document: Mapping[str, Any]
    condition: str | None = None
    """The condition step in whose branch this one stands."""
    branch: str | None = None
    """`if` or `else`, within `condition`."""
    depends_on: frozenset[str] = frozenset()
    """Names of the steps that must end first: by reference, by DependsOn, or as the surrounding condition."""

    @property
    def cached(self) -> bool:
        """Whether an earlier result may stand for this step."""
        return bool(self.document.get("CacheConfig", {}).get("Enabled"))

    def property_file(self, name: str) -> Mapping[str, Any] | None:
        """Return the declaration of a property file, or None."""
        return next((f for f in self.document.get("PropertyFiles", []) if f["PropertyFileName"] == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A definition that can run."""

    parameters: Sequence[Mapping[str, Any]]
    steps: Mapping[str, Step]
    """By name, in the order of the document, nested ones after their condition."""
    sha256: str
    text: str


def read(document: Mapping[str, Any]) -> Definition:
    """Check `document` and return it as a `Definition`.

    Raises `DefinitionError` that lists every fault at once: unsupported step types, names used twice, references to
    steps that do not exist, cycles.
    """
    if not isinstance(document.get("Steps"), list) or not document["Steps"]:
        raise DefinitionError("Steps: a definition needs a list of at least one step.")
    flat = list(_flatten(document["Steps"], None, None))
    faults = _shape_faults(flat)
    if faults:
        raise DefinitionError("\n".join(faults))
    names = {str(raw["Name"]) for raw, _, _ in flat}
    steps: dict[str, Step] = {}
    for raw, condition, branch in flat:
        step = _step(raw, condition, branch)
        faults += _step_faults(step, names)
        if step.name in steps:
            faults.append(f"step {step.name}: the name is used twice; step names are unique within a pipeline.")
        steps[step.name] = step
    if not faults:
        faults += _cycle_faults(steps)
    if faults:
        raise DefinitionError("\n".join(faults))
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return Definition(
        parameters=document.get("Parameters") or [],
        steps=steps,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
    )


Raw = tuple[Mapping[str, Any], str | None, str | None]


def _flatten(steps: Sequence[Mapping[str, Any]], condition: str | None, branch: str | None) -> Iterator[Raw]:
    for step in steps:
        yield step, condition, branch
        if isinstance(step, dict) and step.get("Type") == "Condition":
            arguments = step.get("Arguments", {})
            yield from _flatten(arguments.get("IfSteps") or [], step.get("Name"), "if")
            yield from _flatten(arguments.get("ElseSteps") or [], step.get("Name"), "else")


def _shape_faults(flat: Sequence[Raw]) -> list[str]:
    faults = []
    for number, (raw, _, _) in enumerate(flat, 1):
        if not isinstance(raw, dict) or not raw.get("Name") or not raw.get("Type"):
            faults.append(f"step {number}: every step needs a Name and a Type.")
    if faults:
        return faults
    refused = [f"{raw['Name']} ({raw['Type']})" for raw, _, _ in flat if raw["Type"] not in SUPPORTED]
    if refused:
        faults.append(
            f"{len(refused)} of {len(flat)} steps cannot run on this machine: {', '.join(refused)}. "
            f"The local runner knows {', '.join(SUPPORTED)}. Nothing was run; remove these steps, or run this "
            "pipeline in AWS."
        )
    return faults


def _step(raw: Mapping[str, Any], condition: str | None, branch: str | None) -> Step:
    arguments = raw.get("Arguments") or {}
    # The steps in a condition's branches have their own references; those of the condition are its conditions'.
    own = {"Conditions": arguments.get("Conditions")} if raw["Type"] == "Condition" else arguments
    found = {str(p[1]) for p in map(_parts, references(own)) if p[:1] == ["Steps"] and len(p) > 1}
    depends = found | {str(name) for name in raw.get("DependsOn") or []} | ({condition} if condition else set())
    return Step(
        name=str(raw["Name"]),
        kind=str(raw["Type"]),
        arguments=arguments,
        document=raw,
        condition=condition,
        branch=branch,
        depends_on=frozenset(depends),
    )


def _parts(path: str) -> list[str | int]:
    try:
        return paths.parts(path)
    except ValueError as error:
        raise DefinitionError(f"reference {error}") from None


def _step_faults(step: Step, names: set[str]) -> list[str]:
    faults = [
        f"step {step.name}: refers to step {name!r}, which the definition does not have."
        for name in sorted(step.depends_on - names)
    ]
    if step.cached and (age := step.document["CacheConfig"].get("ExpireAfter")):
        try:
            durations.parse(age)
        except ValueError as error:
            faults.append(f"step {step.name}: CacheConfig.ExpireAfter {error}.")
    return faults


def _cycle_faults(steps: Mapping[str, Step]) -> list[str]:
    done: set[str] = set()
    waiting = dict(steps)
    while ready := [name for name, step in waiting.items() if step.depends_on <= done]:
        done.update(ready)
        for name in ready:
            del waiting[name]
    if not waiting:
        return []
    return [f"steps wait for each other: {' -> '.join(_cycle(waiting))}. Remove one of these references."]


def _cycle(waiting: Mapping[str, Step]) -> list[str]:
    trail = [next(iter(waiting))]
    while True:
        following = min(waiting[trail[-1]].depends_on & waiting.keys())
        if following in trail:
            return [*trail[trail.index(following) :], following]
        trail.append(following)
