"""What a plan does to each SageMaker pipeline: its gate first, then its steps, their order and its parameters."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from portal.plan.definition import EMPTY, Definition, DefinitionError, Edge, parse
from portal.plan.gate import GateChange, gate_changes
from portal.plan.resources import Planned

PIPELINE = "aws:sagemaker/pipeline:Pipeline"
PROPERTY = "pipelineDefinition"

_IDENTITIES = ("Name", "Key", "InputName", "OutputName", "ChannelName", "PropertyFileName")
"""Members by which the elements of a definition's lists are known; two lists are compared by them, not by place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArgumentChange:
    """One part of a step or parameter that differs; None stands for absent."""

    path: str
    """Arguments.ResourceConfig.InstanceType, Arguments.InputDataConfig[code].DataSource"""
    old: Any
    new: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class StepChange:
    """A step, or a parameter, that stays and differs."""

    name: str
    type: str
    changes: tuple[ArgumentChange, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineDiff:
    """What changes in one pipeline."""

    urn: str
    name: str
    operation: str
    unreadable: str = ""
    """Why the definitions cannot be compared; everything below is empty then."""
    gate: tuple[GateChange, ...] = ()
    steps_added: tuple[str, ...] = ()
    steps_removed: tuple[str, ...] = ()
    steps_changed: tuple[StepChange, ...] = ()
    edges_added: tuple[Edge, ...] = ()
    edges_removed: tuple[Edge, ...] = ()
    parameters_added: tuple[str, ...] = ()
    parameters_removed: tuple[str, ...] = ()
    parameters_changed: tuple[StepChange, ...] = ()


def pipeline_diffs(planned: Iterable[Planned]) -> tuple[PipelineDiff, ...]:
    """Return what changes in the pipelines whose definition is created, changed or deleted, by name."""
    found = [_diff(each) for each in planned if each.type == PIPELINE and _touches_definition(each)]
    return tuple(sorted(found, key=lambda diff: (diff.name, diff.urn)))


def _touches_definition(planned: Planned) -> bool:
    if planned.operation in {"create", "delete", "replace"}:
        return True
    return any(change.path.startswith(PROPERTY) for change in planned.changes)


def _diff(planned: Planned) -> PipelineDiff:
    diff = PipelineDiff(urn=planned.urn, name=planned.name, operation=planned.operation)
    try:
        old = _definition(planned.before, "before") if planned.existed else EMPTY
        new = _definition(planned.inputs, "after") if planned.remains else EMPTY
    except DefinitionError as error:
        return replace(diff, unreadable=str(error))
    return replace(
        diff,
        gate=gate_changes(old, new) if planned.remains else (),  # what is gone registers nothing
        steps_added=_only(new.steps, old.steps),
        steps_removed=_only(old.steps, new.steps),
        steps_changed=compare_named(old.steps, new.steps),
        edges_added=_sorted(new.edges - old.edges),
        edges_removed=_sorted(old.edges - new.edges),
        parameters_added=_only(new.parameters, old.parameters),
        parameters_removed=_only(old.parameters, new.parameters),
        parameters_changed=compare_named(old.parameters, new.parameters),
    )


def _definition(inputs: Mapping[str, Any] | None, when: str) -> Definition:
    try:
        if inputs is not None and inputs.get(PROPERTY) is None and "pipelineDefinitionS3Location" in inputs:
            raise DefinitionError("the definition lies in S3, not in the plan")  # noqa: TRY301
        return parse((inputs or {}).get(PROPERTY))
    except DefinitionError as error:
        raise DefinitionError(f"{when}: {error}") from None


def _only(these: Mapping[str, Any], those: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in these if name not in those)


def _sorted(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    return tuple(sorted(edges, key=lambda edge: (edge.source, edge.target, edge.kind)))


def compare_named(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> tuple[StepChange, ...]:
    """Return what differs in the parts that both have."""
    return tuple(
        StepChange(name=name, type=str(step.get("Type", "")), changes=changes)
        for name, step in new.items()
        if name in old and (changes := tuple(differences(old[name], step)))
    )


def differences(old: Any, new: Any, path: str = "") -> Iterator[ArgumentChange]:
    """Yield the smallest parts that differ between two JSON values."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list):
        before, after = _by_identity(old, new)
        for key in [*before, *(key for key in after if key not in before)]:
            yield from differences(before.get(key), after.get(key), f"{path}[{key}]")
    elif old != new:
        yield ArgumentChange(path=path, old=old, new=new)


def _by_identity(old: list[Any], new: list[Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    for name in _IDENTITIES:
        before, after = _keyed(old, name), _keyed(new, name)
        if before is not None and after is not None and (before or after):
            return before, after
    return dict(enumerate(old)), dict(enumerate(new))


def _keyed(values: list[Any], name: str) -> dict[Any, Any] | None:
    """Return the elements by the member `name`; None where one has none, or two have the same."""
    found = {value[name]: value for value in values if isinstance(value, Mapping) and isinstance(value.get(name), str)}
    return found if len(found) == len(values) else None
