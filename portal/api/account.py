"""Who the caller is, their tokens, review environments, and the audit log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from portal.access.roles import Role
from portal.api.bodies import Extension, Moment, NewReview, Place, Word
from portal.api.dependencies import Logins, The, Who
from portal.records import AuditEntry, AuditFault, AuditHead, Page, ReviewRecord, TokenRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Me:
    """The caller."""

    id: str
    name: str
    roles: Mapping[str, Role]
    scopes: tuple[str, ...] | None
    """What a token is limited to; null for a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenView:
    """An API token, without what it is checked by."""

    id: str
    name: str
    owner: str
    owner_name: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime
    last_used: datetime | None
    revoked: datetime | None

    @classmethod
    def of(cls, record: TokenRecord) -> "TokenView":
        """Return what is shown of a token."""
        return cls(**{name: getattr(record, name) for name in cls.__slots__})


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditState:
    """Whether the audit log is what was written."""

    head: AuditHead
    """Its newest entry. Noted elsewhere, it shows later whether the end was cut off."""
    fault: AuditFault | None


routes = APIRouter()


@routes.get("/me", tags=["account"])
def me(actor: Who) -> Me:
    """Return who the caller is."""
    scopes = None if actor.scopes is None else tuple(sorted(actor.scopes))
    return Me(id=actor.id, name=actor.name, roles=dict(actor.roles), scopes=scopes)


@routes.get("/tokens", tags=["account"])
def tokens(sessions: Logins, actor: Who, everybody: bool = False) -> tuple[TokenView, ...]:
    """Return the caller's tokens; they are made on the portal's own page."""
    return tuple(TokenView.of(each) for each in sessions.tokens_of(actor, everybody=everybody))


@routes.delete("/tokens/{token}", status_code=204, tags=["account"])
def revoke(sessions: Logins, actor: Who, token: str) -> None:
    """Revoke a token."""
    sessions.revoke_token(actor, token)


@routes.get("/reviews", tags=["review environments"])
def reviews(portal: The, actor: Who) -> tuple[ReviewRecord, ...]:
    """Return the review environments."""
    return tuple(portal.reviews.all(actor))


@routes.post("/reviews", status_code=202, tags=["review environments"])
def create(portal: The, actor: Who, new: NewReview) -> ReviewRecord:
    """Deploy a branch as a stack of its own, for a while."""
    return portal.reviews.create(actor, new.branch, new.hours, new.why)


@routes.patch("/reviews/{review}", tags=["review environments"])
def extend(portal: The, actor: Who, review: str, extension: Extension) -> ReviewRecord:
    """Let a review environment live longer."""
    return portal.reviews.extend(actor, review, extension.hours)


@routes.delete("/reviews/{review}", status_code=202, tags=["review environments"])
def remove(portal: The, actor: Who, review: str) -> ReviewRecord:
    """End a review environment now."""
    return portal.reviews.remove(actor, review)


@routes.get("/audit", tags=["audit"])
def audit(
    portal: The,
    actor: Who,
    by: Word | None = None,
    action: Word | None = None,
    subject: Word | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Word | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Page[AuditEntry]:
    """Return audit entries, the newest first."""
    return portal.audit.page(
        actor, by=by, action=action, subject=subject, since=since, until=until, cursor=cursor, limit=limit
    )


@routes.get("/audit/state", tags=["audit"])
def state(portal: The, actor: Who) -> AuditState:
    """Read the whole log and say whether it is what was written."""
    return AuditState(head=portal.audit.head(actor), fault=portal.audit.verify(actor))


@routes.get("/audit/export", tags=["audit"], response_class=StreamingResponse)
def export(portal: The, actor: Who, after: Place = 0) -> StreamingResponse:
    """Return the log as lines of canonical JSON, oldest first."""
    lines: Iterator[str] = portal.audit.export(actor, after)
    return StreamingResponse((f"{line}\n" for line in lines), media_type="application/x-ndjson")
