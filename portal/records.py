"""What the portal remembers, as plain values: operations, approvals, drafts, reviews, audit entries.

Services return these and nothing of the database; pages and the JSON API show them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from portal.fingerprints import Fingerprint
from portal.outcomes import Outcome
from portal.requests import Kind

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Item]):
    """Some of many, the newest first."""

    items: tuple[Item, ...]
    next: str | None = None
    """What gives the page after this one; None where this is the last."""


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
    retry_at: datetime | None = None
    """Not before this is reaping tried again."""
    problem: str = ""

    @property
    def stack(self) -> str:
        """The name of its stack."""
        return f"review-{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRecord:
    """Somebody who is logged in."""

    hash: str
    """SHA-256 of what the cookie holds, hexadecimal. What the cookie holds is kept nowhere."""
    by: str
    """Actor's id."""
    actor: Mapping[str, Any]
    """The actor as plain values."""
    created: datetime
    last_seen: datetime
    expires: datetime
    id_token_hint: str | None = field(default=None, repr=False)
    """What the issuer's logout wants to see again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRecord:
    """An API token, of which only the hash is kept."""

    id: str
    hash: str
    """SHA-256 of the whole token, hexadecimal."""
    name: str
    owner: str
    """Id of the person behind it."""
    owner_name: str
    roles: Mapping[str, str]
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime
    last_used: datetime | None = None
    revoked: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditHead:
    """The newest audit entry. Noted outside the portal, it shows later whether the end of the log was cut off."""

    sequence: int
    """0 while there is no entry."""
    hash: str


class FaultKind(StrEnum):
    """What is wrong with an audit log."""

    CHANGED = "changed"
    """The entry is not what was written."""
    MISSING = "missing"
    """No entry has this number."""
    REORDERED = "reordered"
    """The entry stands at another place than it was written at."""
    REWRITTEN = "rewritten"
    """The entry is right in itself, but the one after it was written after another one."""
    TRUNCATED = "truncated"
    """An entry that was noted outside is not there any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditFault:
    """The first place where an audit log is not what was written."""

    sequence: int
    kind: FaultKind
    why: str
    """For people."""
    entry: "AuditEntry | None" = None
    """What stands there now; None where there is nothing, or nothing that can be read."""


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
