"""What the portal remembers, as plain values: operations, approvals, drafts, reviews, audit entries.

Services return these and nothing of the database; pages and the JSON API show them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal.fingerprints import Fingerprint
from portal.outcomes import Outcome
from portal.requests import Kind


class Progress(StrEnum):
    """Where an operation stands. After `ended` its outcome says how it ended."""

    QUEUED = "queued"
    """Waits for a free worker, or for the operation that holds the stack."""
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationRecord:
    """One operation on one stack, from the request to its end."""

    id: str
    """Also the id of the engine's operation and of its folder."""
    stack: str
    kind: Kind
    by: str
    """Actor's id."""
    by_name: str
    why: str
    """What the person gave as reason; goes into the backend's history too."""
    created: datetime
    progress: Progress
    started: datetime | None = None
    ended: datetime | None = None
    outcome: Outcome | None = None
    preview: str | None = None
    """Of an `up` or `destroy`: the preview that it carries out."""
    draft: bool = False
    """A preview of settings that are not saved: nothing can be approved by it."""
    cancel_asked_by: str | None = None

    @property
    def fingerprint(self) -> Fingerprint | None:
        """What an approval of this preview binds; None while there is none."""
        return self.outcome.fingerprint if self.outcome else None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRecord:
    """Somebody's yes or no to a preview."""

    operation: str
    """The preview's id."""
    by: str
    by_name: str
    at: datetime
    approved: bool
    comment: str
    fingerprint: Fingerprint
    """What was seen; the `up` is bound to it."""
    used_by: str | None = None
    """The `up` that carried it out: an approval is used once."""


class ReviewState(StrEnum):
    """Life of a review environment."""

    CREATING = "creating"
    UP = "up"
    FAILED = "failed"
    """Could not be brought up; what is there is still reaped."""
    REAPING = "reaping"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewRecord:
    """A review environment: a branch, deployed as a stack of its own until its time is over."""

    name: str
    """Also its stack: review-<name>."""
    branch: str
    commit: str
    by: str
    by_name: str
    created: datetime
    expires: datetime
    state: ReviewState
    operation: str | None = None
    """The latest operation on it."""
    attempts: int = 0
    """How often reaping was tried."""
    problem: str = ""

    @property
    def stack(self) -> str:
        """The name of its stack."""
        return f"review-{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """Who did what, when, to what. Entries form a chain: each holds the hash of the one before."""

    sequence: int
    at: datetime
    by: str
    by_name: str
    action: str
    """A verb: operation.preview, operation.approve, login, token.create, settings.save, …"""
    subject: str
    """What it was done to: stack:prod, operation:<id>, token:<id>."""
    details: Mapping[str, Any]
    previous: str
    """Hash of the entry before; 64 zeros for the first."""
    hash: str
    """SHA-256 over all the other fields, as canonical JSON."""
