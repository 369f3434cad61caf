"""What an operation reports while it runs: typed events, as JSON lines, without secrets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from portal.outcomes import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class PropertyChange:
    """One property that differs."""

    path: str
    """As Pulumi writes it: tags.owner, rules[0].port"""
    kind: str
    """add, delete, update"""
    replaces: bool = False
    old: Any = None
    new: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What all events have. `sequence` counts from 1 within an operation, without gaps: a reader resumes by it."""

    name: ClassVar[str]
    sequence: int = 0
    time: float = 0.0
    """Seconds since the epoch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase(Event):
    """The operation begins another part of its work: prepare, state, preview, up, refresh, destroy, repair."""

    name: ClassVar[str] = "phase"
    phase: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceEvent(Event):
    """What events about one resource have."""

    urn: str
    type: str
    operation: str
    """create, update, replace, create-replacement, delete-replaced, delete, refresh, read, import, same"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourcePlanned(ResourceEvent):
    """A preview says what would happen to a resource."""

    name: ClassVar[str] = "resource_planned"
    changes: tuple[PropertyChange, ...] = ()
    replacing: tuple[str, ...] = ()
    """Properties that make a replacement necessary."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What the program asks for, of a deletion what it asked for; a value that is not known yet is `UNKNOWN`."""
    parent: str = ""
    protected: bool = False
    retained: bool = False
    """What a deletion or replacement takes out of the stack stays in the cloud."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceStarted(ResourceEvent):
    """The engine begins to change a resource."""

    name: ClassVar[str] = "resource_started"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceChanged(ResourceEvent):
    """A resource was changed; or, by a refresh, seen to differ."""

    name: ClassVar[str] = "resource_changed"
    id: str = ""
    changes: tuple[PropertyChange, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceFailed(ResourceEvent):
    """A change failed; a diagnostic before it says why."""

    name: ClassVar[str] = "resource_failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic(Event):
    """A message of the program, a provider or the engine."""

    name: ClassVar[str] = "diagnostic"
    severity: str
    """info, warning, error"""
    message: str
    urn: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyViolation(Event):
    """A policy pack has something against a resource."""

    name: ClassVar[str] = "policy_violation"
    policy: str
    pack: str
    level: str
    """advisory, mandatory"""
    message: str
    urn: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary(Event):
    """What the engine did in all."""

    name: ClassVar[str] = "summary"
    counts: Mapping[str, int]
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Heartbeat(Event):
    """The worker is alive."""

    name: ClassVar[str] = "heartbeat"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended(Event):
    """The last event of an operation."""

    name: ClassVar[str] = "ended"
    outcome: Outcome


UNKNOWN = "[unknown]"
"""Stands for a value that only exists after the resource before it was made."""

_BY_NAME: Mapping[str, type[Event]] = {
    kind.name: kind
    for kind in (
        Phase,
        ResourcePlanned,
        ResourceStarted,
        ResourceChanged,
        ResourceFailed,
        Diagnostic,
        PolicyViolation,
        Summary,
        Heartbeat,
        Ended,
    )
}


class UnknownEventError(ValueError):
    """A line is no event of this version."""


def to_json(event: Event) -> dict[str, Any]:
    """Return an event as plain values, with its name under `event`."""
    if isinstance(event, Ended):
        content: dict[str, Any] = {"sequence": event.sequence, "time": event.time, "outcome": event.outcome.to_json()}
    else:
        content = asdict(event)
    return {"event": event.name, **content}


def from_json(document: Mapping[str, Any]) -> Event:
    """Return the event that `to_json` made plain. Raises `UnknownEventError`."""
    kind = _BY_NAME.get(document.get("event", ""))
    if kind is None:
        raise UnknownEventError(f"event {document.get('event')!r}: this version knows {', '.join(_BY_NAME)}")
    content = {key: value for key, value in document.items() if key != "event"}
    if kind is Ended:
        content["outcome"] = Outcome.from_json(content["outcome"])
    if "changes" in content:
        content["changes"] = tuple(PropertyChange(**change) for change in content["changes"])
    if "replacing" in content:
        content["replacing"] = tuple(content["replacing"])
    return kind(**content)
