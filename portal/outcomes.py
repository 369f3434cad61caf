"""How an engine operation can end, and what can be done about it. Every end is one of these states."""

import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from portal.fingerprints import Fingerprint


class State(StrEnum):
    """The end of an operation."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Worker or engine ended without a word: what the engine began may or may not have happened."""
    LOCKED = "locked"
    """Another operation holds the stack; nothing was done."""


class Reason(StrEnum):
    """Why an operation failed or was cancelled."""

    SETTINGS = "settings"
    """The stack's settings are wrong; the engine was not started."""
    NO_CLI = "no_cli"
    NO_PLUGIN = "no_plugin"
    CREDENTIALS = "credentials"
    """There was no token for what the operation has to reach; the engine was not asked."""
    NO_STACK = "no_stack"
    """Nothing was ever deployed under this name."""
    NOT_AS_APPROVED = "not_as_approved"
    POLICY = "policy"
    RESOURCES = "resources"
    """A provider refused or failed."""
    PROGRAM = "program"
    """The program itself raised, or the engine refused what it declares."""
    ASKED = "asked"
    """Somebody cancelled."""
    DEADLINE = "deadline"
    INTERNAL = "internal"


class RepairStep(StrEnum):
    """What can be done about a stack that an operation left behind."""

    UNLOCK = "unlock"
    REFRESH = "refresh"
    CLEAR_PENDING = "clear_pending"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """Something that the engine began on a resource, and whose end the state does not know."""

    urn: str
    type: str
    operation: str
    """creating, updating, deleting, reading, importing"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """Who holds a stack. All parts are empty where the backend does not tell, as Pulumi Cloud does not."""

    by: str = ""
    """user@host"""
    process: int = 0
    since: str = ""
    """RFC 3339 time"""

    @property
    def is_stale(self) -> bool:
        """Whether the holder was a process of this machine that is gone. Of other machines nobody here can know."""
        if not self.process or self.by.rpartition("@")[2] != socket.gethostname():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def __str__(self) -> str:
        """Return who and since when, for people."""
        if not self.by:
            return "another operation"
        return f"{self.by} (process {self.process}) since {self.since}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """A repair that is offered."""

    step: RepairStep
    about: str
    needs_confirmation: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The end of an operation."""

    state: State
    reason: Reason | None = None
    message: str = ""
    """What to read first, with what to do; empty for a success."""
    diagnostics: tuple[str, ...] = ()
    """The engine's errors, redacted."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Resources by operation: create, update, replace, delete, same."""
    fingerprint: Fingerprint | None = None
    """Of a preview: what an `up` can be bound to."""
    state_version: str = ""
    pending: tuple[Pending, ...] = ()
    locks: tuple[Lock, ...] = ()
    repairs: tuple[Repair, ...] = ()
    resources: int | None = None
    """Resources in the state afterwards, where it was read."""
    seconds: float = 0.0

    @property
    def changes(self) -> int:
        """How many resources were or would be touched."""
        return sum(count for operation, count in self.counts.items() if operation not in {"same", "read"})

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "state": self.state.value,
            "reason": self.reason.value if self.reason else None,
            "message": self.message,
            "diagnostics": list(self.diagnostics),
            "counts": dict(self.counts),
            "fingerprint": self.fingerprint.to_json() if self.fingerprint else None,
            "state_version": self.state_version,
            "pending": [{"urn": p.urn, "type": p.type, "operation": p.operation} for p in self.pending],
            "locks": [{"by": lock.by, "process": lock.process, "since": lock.since} for lock in self.locks],
            "repairs": [
                {"step": r.step.value, "about": r.about, "needs_confirmation": r.needs_confirmation}
                for r in self.repairs
            ],
            "resources": self.resources,
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_json` made of an outcome."""
        return cls(
            state=State(document["state"]),
            reason=Reason(document["reason"]) if document["reason"] else None,
            message=document["message"],
            diagnostics=tuple(document["diagnostics"]),
            counts=document["counts"],
            fingerprint=Fingerprint(**document["fingerprint"]) if document["fingerprint"] else None,
            state_version=document["state_version"],
            pending=tuple(Pending(**found) for found in document["pending"]),
            locks=tuple(Lock(**found) for found in document["locks"]),
            repairs=tuple(Repair(**{**found, "step": RepairStep(found["step"])}) for found in document["repairs"]),
            resources=document["resources"],
            seconds=document["seconds"],
        )


_HOLDER = re.compile(r"created by (?P<by>\S+@\S+) \(pid (?P<process>\d+)\) at (?P<since>\S+)")


def locks_in(text: str) -> tuple[Lock, ...]:
    """Return the holders that the engine names when a file or object-store backend is locked."""
    found = [
        Lock(by=match["by"], process=int(match["process"]), since=match["since"]) for match in _HOLDER.finditer(text)
    ]
    return tuple(found) or (Lock(),)


def pending_in(deployment: Mapping[str, Any]) -> tuple[Pending, ...]:
    """Return the pending operations of an exported state."""
    return tuple(
        Pending(urn=found["resource"]["urn"], type=found["resource"]["type"], operation=found["type"])
        for found in deployment.get("pending_operations") or ()
    )


def repairs_for(
    pending: Sequence[Pending], locks: Sequence[Lock], *, may_be_locked: bool = False
) -> tuple[Repair, ...]:
    """Return what to offer for a stack with these pending operations and locks, in the order to do it.

    `may_be_locked`: an operation was lost, and the backend does not show its locks.
    """
    offered = []
    if locks or may_be_locked:
        stale = bool(locks) and all(lock.is_stale for lock in locks)
        whose = "the process that held it is gone" if stale else "only once nobody works on the stack"
        offered.append(
            Repair(step=RepairStep.UNLOCK, about=f"take the lock away: {whose}", needs_confirmation=not stale)
        )
    if pending:
        offered.append(
            Repair(
                step=RepairStep.REFRESH,
                about="read what is really there; ends pending updates and deletions",
                needs_confirmation=False,
            )
        )
    if any(found.operation == "creating" for found in pending):
        about = "forget pending creations: after a look in AWS that each is not there, or was removed by hand"
        offered.append(Repair(step=RepairStep.CLEAR_PENDING, about=about, needs_confirmation=True))
    return tuple(offered)
