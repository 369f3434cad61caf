"""A preview's events, one per resource: an engine reports a replacement in three."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.events import PropertyChange, ResourcePlanned
from portal.plan.paths import PathError, old_inputs

UNCHANGED = frozenset({"same", "read", "refresh"})
"""Operations that leave a resource as it is."""

_REPLACED = frozenset({"replace", "create-replacement", "read-replacement", "import-replacement"})
_LEFTOVERS = frozenset({"delete-replaced", "discard-replaced", "remove-pending-replace"})
_ADOPTED = frozenset({"import"})
_GONE = frozenset({"delete", "discard"})
_TELLING = ("delete", "discard", "update", "create", "import", "refresh", "read", "same")
"""What a resource's operation is where the engine reports several: the first of these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What would happen to one resource."""

    urn: str
    type: str
    parent: str
    operation: str
    """create, update, replace, delete, import, read, refresh, same"""
    changes: tuple[PropertyChange, ...]
    replacing: tuple[str, ...]
    protected: bool
    inputs: Mapping[str, Any] | None
    """As they will be; None where the resource will be gone."""
    before: Mapping[str, Any] | None
    """As they were, where that is known; None otherwise, and where the resource is new."""
    retained: bool = False
    """Where it leaves the stack, the cloud keeps it."""
    leftover: bool = False
    """An older copy, left by a replacement that did not end, is deleted too."""

    @property
    def name(self) -> str:
        """The logical name."""
        return name_of(self.urn)

    @property
    def changed(self) -> bool:
        """Whether the plan does anything to it."""
        return self.operation not in UNCHANGED or self.leftover

    @property
    def existed(self) -> bool:
        """Whether it is there before the update."""
        return self.operation != "create"  # what is imported stood there, and cost, before

    @property
    def remains(self) -> bool:
        """Whether it is there after the update."""
        return self.operation not in _GONE


def name_of(urn: str) -> str:
    """Return the logical name at the end of a URN; the text itself where it is no URN."""
    return urn.split("::", 3)[-1]


def short_type(kind: str) -> str:
    """Return s3:Bucket for aws:s3/bucket:Bucket, and the last word for components and the stack."""
    parts = kind.split(":")
    if len(parts) != 3:
        return kind
    package, module, last = parts
    if package == "mlops" or kind == "pulumi:pulumi:Stack":
        return last
    module = module.split("/")[0]
    return f"{package if module == 'index' else module}:{last}"


def resources(planned: Iterable[ResourcePlanned]) -> tuple[Planned, ...]:
    """Return what would happen to each resource, in the order in which the engine first named it."""
    events: dict[str, list[ResourcePlanned]] = {}
    for event in planned:
        events.setdefault(event.urn, []).append(event)
    return tuple(_one(urn, each) for urn, each in events.items())


def _one(urn: str, events: list[ResourcePlanned]) -> Planned:
    operations = {event.operation for event in events}
    operation = _operation(operations)
    # What the new resource is, stands in the events that make it; the one that deletes the old copy knows the old.
    main = [event for event in events if event.operation not in _LEFTOVERS] or events
    telling = max(main, key=lambda event: (len(event.changes), len(event.inputs)))
    replacing = tuple(sorted({name for event in events for name in event.replacing}))
    return Planned(
        urn=urn,
        type=telling.type,
        parent=next((event.parent for event in main if event.parent), ""),
        operation=operation,
        changes=telling.changes,
        replacing=replacing,
        protected=any(event.protected for event in events),
        inputs=None if operation in _GONE else telling.inputs,
        before=_before(operation, telling, replacing),
        retained=any(event.retained for event in events),
        leftover=bool(operations & _LEFTOVERS) and operation not in {"replace", "delete"},
    )


def _operation(operations: set[str]) -> str:
    if operations & _REPLACED:
        return "replace"
    main = operations - _LEFTOVERS
    if not main:
        return "delete"
    return next((known for known in _TELLING if known in main), min(main))


def _before(operation: str, event: ResourcePlanned, replacing: tuple[str, ...]) -> Mapping[str, Any] | None:
    if operation == "create":
        return None
    if operation in UNCHANGED | _ADOPTED:
        return event.inputs
    if operation in _GONE:
        return event.inputs or None
    if replacing and not event.changes:  # something differs, and the engine does not say how it was
        return None
    try:
        return old_inputs(event.inputs, event.changes)
    except PathError:
        return None
