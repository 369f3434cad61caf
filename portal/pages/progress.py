"""What the events of an operation add up to while it runs: where it is, what it works on, the lines of its log."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from portal.pages import filters, words
from portal.plan.resources import UNCHANGED, name_of, short_type

LONGEST_LOG: Final = 400
"""Lines that a page shows; one of 450 resources has more, and its preview shows them by resource."""
RUNNING_SHOWN: Final = 8
PHASES: Final = {
    "install": "Installing what the engine needs",
    "prepare": "Preparing",
    "state": "Reading the state",
    "preview": "Previewing",
    "preview_destroy": "Looking what a destroy would remove",
    "drift": "Comparing the state with the cloud",
    "up": "Deploying",
    "refresh": "Reading what is really there",
    "destroy": "Removing",
    "repair": "Repairing",
}
COMPARING: Final = "Comparing with what was approved"
_TONES: Final = {"error": ("bad", "cross"), "warning": ("warn", "warning")}
_DONE: Final = {
    "create": "created",
    "import": "imported",
    "update": "updated",
    "replace": "replaced",
    "create-replacement": "created anew",
    "delete-replaced": "deleted the old copy of",
    "delete": "deleted",
    "discard": "forgot",
    "read": "read",
    "refresh": "differs:",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of the log."""

    machine: str
    clock: str
    icon: str
    tone: str
    text: str
    name: str = ""
    type: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A resource on which the engine works now."""

    name: str
    type: str
    operation: str


@dataclass(slots=True)
class Progress:
    """What the events so far add up to. `fold` takes them in their order."""

    total: int = 0
    """Changes that were planned; 0 where nobody knows."""
    carries: bool = False
    """Whether it carries out a preview: what it compares with that preview first is counted, not listed again."""
    phase: str = ""
    detail: str = ""
    planned: int = 0
    planned_changes: int = 0
    done: int = 0
    failed: int = 0
    last: float = 0.0
    sequence: int = 0
    earlier: int = 0
    running: dict[str, Running] = field(default_factory=dict)
    lines: deque[Line] = field(default_factory=deque)

    def fold(self, event: Mapping[str, Any]) -> Line | None:
        """Take one event in; return its line of the log, if it has one."""
        self.sequence = int(event.get("sequence", self.sequence))
        self.last = float(event.get("time", self.last))
        line = self._line(event)
        if line is not None:
            self.lines.append(line)
            if len(self.lines) > LONGEST_LOG:
                self.lines.popleft()
                self.earlier += 1
        return line

    @property
    def phase_words(self) -> str:
        """What it does now."""
        if self.carries and self.phase == "up" and not self.detail:  # a second preview; the deployment has a detail
            return COMPARING
        return PHASES.get(self.phase, self.phase)

    @property
    def last_text(self) -> str:
        """When something was heard of it last."""
        return f"{filters.parsed(self.last):%H:%M:%S} UTC"

    @property
    def running_shown(self) -> list[Running]:
        """Resources under work, as many as a person reads."""
        return list(self.running.values())[:RUNNING_SHOWN]

    @property
    def running_more(self) -> int:
        """How many more there are."""
        return max(0, len(self.running) - RUNNING_SHOWN)

    def _line(self, event: Mapping[str, Any]) -> Line | None:
        match event.get("event"):
            case "phase":
                self.phase, self.detail = str(event["phase"]), str(event.get("detail", ""))
                return self._made(event, "info", "calm", self.phase_words, message=self.detail)
            case "resource_planned":
                return self._planned(event)
            case "resource_started":
                urn = str(event["urn"])
                self.running[urn] = Running(
                    name=name_of(urn), type=short_type(str(event["type"])), operation=str(event["operation"])
                )
                return None
            case "resource_changed":
                self.running.pop(str(event["urn"]), None)
                self.done += 1
                operation = str(event["operation"])
                sign = words.operation(operation)
                return self._made(event, sign.icon, sign.tone, _DONE.get(operation, operation), resource=True)
            case "resource_failed":
                self.running.pop(str(event["urn"]), None)
                self.failed += 1
                return self._made(event, "cross", "bad", f"failed to {event['operation']}", resource=True)
            case "diagnostic":
                tone, icon = _TONES.get(str(event["severity"]), ("calm", "info"))
                return self._made(
                    event, icon, tone, str(event["severity"]), resource=bool(event.get("urn")), message=event["message"]
                )
            case "policy_violation":
                tone = "bad" if event["level"] == "mandatory" else "warn"
                said = f"policy {event['policy']} ({event['level']})"
                return self._made(
                    event, "shield", tone, said, resource=bool(event.get("urn")), message=event["message"]
                )
        return None

    def _planned(self, event: Mapping[str, Any]) -> Line | None:
        self.planned += 1
        operation = str(event["operation"])
        if operation in UNCHANGED:
            return None
        self.planned_changes += 1
        if self.carries:
            return None
        sign = words.operation(operation)
        return self._made(event, sign.icon, sign.tone, f"would {sign.word}", resource=True)

    @staticmethod
    def _made(
        event: Mapping[str, Any], icon: str, tone: str, said: str, *, resource: bool = False, message: str = ""
    ) -> Line:
        at = filters.parsed(float(event.get("time", 0.0)))
        urn, kind = str(event.get("urn", "")), str(event.get("type", ""))
        return Line(
            machine=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            clock=f"{at:%H:%M:%S}",
            icon=icon,
            tone=tone,
            text=said,
            name=name_of(urn) if resource else "",
            type=short_type(kind) if resource and kind else "",
            message=filters.value(message) if message else "",
        )


def progress_of(events: Iterable[Mapping[str, Any]], total: int, *, carries: bool = False) -> Progress:
    """Return what events add up to."""
    progress = Progress(total=total, carries=carries)
    for event in events:
        progress.fold(event)
    return progress
