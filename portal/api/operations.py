"""Operations: ask for one, look at it, decide about it, watch it."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import JSONResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from portal.api.approvals import Approvals
from portal.api.bodies import GREATEST, Decision, Key, Moment, NewDeployment, NewLook, NewPreview, Place, Word
from portal.api.dependencies import The, Who
from portal.outcomes import State
from portal.plan.view import PlanView
from portal.records import ApprovalRecord, OperationRecord, Page, Progress
from portal.requests import Kind
from portal.service.errors import UnavailableError
from portal.service.portal import Portal
from portal.web.streams import Watch

NewOperation = Annotated[NewPreview | NewLook | NewDeployment, Body(discriminator="kind")]
RESUME_SECONDS = 2


routes = APIRouter(tags=["operations"])


@routes.post("/operations", status_code=202)
def start(portal: The, actor: Who, new: NewOperation, key: Key = None) -> OperationRecord:
    """Ask for an operation. It is queued, and its events tell the rest."""
    operations = portal.operations
    match new:
        case NewPreview():
            return operations.preview(actor, new.stack, why=new.why, draft=new.draft, key=key)
        case NewLook(kind="preview_destroy"):
            return operations.preview_destroy(actor, new.stack, why=new.why, key=key)
        case NewLook(kind="drift"):
            return operations.check_drift(actor, new.stack, why=new.why, key=key)
        case NewLook():
            return operations.refresh(actor, new.stack, why=new.why, key=key)
        case NewDeployment():
            return operations.up(actor, new.preview, why=new.why, key=key)


@routes.get("/operations")
def history(
    portal: The,
    actor: Who,
    stack: Word | None = None,
    kind: Kind | None = None,
    by: Word | None = None,
    state: State | Progress | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: Word | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[OperationRecord]:
    """Return operations, the newest first."""
    return portal.operations.history(
        actor, stack=stack, kind=kind, by=by, state=state, since=since, until=until, cursor=cursor, limit=limit
    )


@routes.get("/operations/{operation}")
def one(portal: The, actor: Who, operation: str) -> OperationRecord:
    """Return one operation."""
    return portal.operations.get(actor, operation)


@routes.get("/operations/{operation}/plan", response_model=PlanView)
def plan(portal: The, actor: Who, operation: str) -> JSONResponse:
    """Return what a preview found: resources, differences, pipelines, dangers, findings, costs."""
    return JSONResponse(portal.operations.plan(actor, operation).to_json())  # amounts as it writes them


@routes.get("/operations/{operation}/approvals")
def approvals(portal: The, actor: Who, operation: str) -> Approvals:
    """Return who decided about a preview, and what is still needed."""
    return Approvals.of(portal.operations.approvals(actor, operation), actor)


@routes.post("/operations/{operation}/approvals", status_code=201)
def decide(portal: The, actor: Who, operation: str, decision: Decision) -> ApprovalRecord:
    """Approve or reject a preview. What is approved is exactly what it showed."""
    act = portal.operations.approve if decision.approved else portal.operations.reject
    return act(actor, operation, decision.comment)


@routes.post("/operations/{operation}/cancel", status_code=202)
def cancel(portal: The, actor: Who, operation: str) -> OperationRecord:
    """Ask for an operation to end in good order. What has begun is brought to its end."""
    return portal.operations.cancel(actor, operation)


@routes.get(
    "/operations/{operation}/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events, with the event's "
                     "number as id; the last one is `ended`. After a broken connection, `Last-Event-ID` resumes."}},
)  # fmt: skip
def events(
    portal: The,
    actor: Who,
    watch: Watch,
    operation: str,
    after: Place = 0,
    last_event_id: Annotated[str, Header(max_length=20)] = "",
) -> EventSourceResponse:
    """Send an operation's events: those it has, then those to come."""
    portal.operations.get(actor, operation)  # raises where the actor may not see it
    seen = last_event_id.isascii() and last_event_id.isdecimal()
    place = min(int(last_event_id), GREATEST) if seen else after
    return watch.respond(actor, _stream(portal, operation, place), lambda now: portal.operations.get(now, operation))


async def _stream(portal: Portal, operation: str, after: int) -> AsyncIterator[ServerSentEvent]:
    """Yield events for a client that comes back by itself: when the database is down it is sent away for a moment."""
    yield ServerSentEvent(retry=RESUME_SECONDS * 1000, comment="events follow")
    try:
        async for event in portal.feed.events(operation, after):
            text = json.dumps(event, separators=(",", ":"))
            yield ServerSentEvent(data=text, event=event["event"], id=str(event["sequence"]))
    except UnavailableError:
        yield ServerSentEvent(comment="the database is down; come back")
