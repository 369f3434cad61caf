"""One operation: live while it runs, afterwards what it showed or did, and the decision about a preview."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from portal.access.roles import PERMISSIONS, Action, Actor
from portal.pages.live import messages
from portal.pages.progress import Progress as Live
from portal.pages.progress import progress_of
from portal.pages.site import Form, Pages, Person, Visitor, see, text
from portal.records import OperationRecord, Progress
from portal.requests import Kind
from portal.service.approvals import CARRIED_OUT_BY
from portal.service.errors import UnavailableError
from portal.service.starts import binding
from portal.web.streams import Watch

BATCH: Final = 1000
RETRY_MILLISECONDS: Final = 2000
WITH_PLAN: Final = frozenset({Kind.PREVIEW, Kind.PREVIEW_DESTROY, Kind.DRIFT})


class OperationPages(Pages):
    """`/operations/{id}`."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        path = "/operations/{operation}"
        router.add_api_route(path, self.show, methods=["GET"])
        router.add_api_route(f"{path}/live", self.live, methods=["GET"], response_class=Response)
        for action in (self.approve, self.reject, self.deploy, self.cancel):
            router.add_api_route(f"{path}/{action.__name__}", action, methods=["POST"])

    def show(self, visit: Visitor, operation: str) -> HTMLResponse:
        """Show an operation as it is now, whether it runs or has ended."""
        record = self.portal.operations.get(visit.actor, operation)
        ended = record.progress is Progress.ENDED
        plan = self.portal.operations.plan(visit.actor, operation) if ended and record.kind in WITH_PLAN else None
        progress = None if ended and record.kind in WITH_PLAN else self._progress(visit.actor, record)
        context: dict[str, Any] = {"record": record, "plan": plan, "progress": progress, "approvals": None}
        if ended and record.kind in CARRIED_OUT_BY:
            context |= self._decision(visit.actor, record)
        return self.page(visit, "operation.html", **context)

    async def live(
        self, actor: Person, watch: Watch, operation: str, last_event_id: Annotated[str, Header(max_length=20)] = ""
    ) -> EventSourceResponse:
        """Tell a page what happens, from where it knows, until the operation has ended."""
        record = await run_in_threadpool(self.portal.operations.get, actor, operation)
        total = await run_in_threadpool(self._total, actor, record)
        seen = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else None
        events = await run_in_threadpool(self.portal.operations.watch, actor, operation)

        async def sent() -> AsyncIterator[ServerSentEvent]:
            try:
                async for message in messages(events, total=total, seen=seen, record=record):
                    yield ServerSentEvent(
                        data=message.data, event=message.event, id=message.id, retry=RETRY_MILLISECONDS
                    )
            except UnavailableError:  # the browser comes back by itself, and says what it has seen
                return

        return watch.respond(actor, sent(), lambda now: self.portal.operations.get(now, operation))

    def approve(self, actor: Person, form: Form, operation: str) -> RedirectResponse:
        """Say yes to a preview."""
        self.portal.operations.approve(actor, operation, text(form, "comment"))
        return see("operations", operation, said="approved")

    def reject(self, actor: Person, form: Form, operation: str) -> RedirectResponse:
        """Say no to a preview."""
        self.portal.operations.reject(actor, operation, text(form, "comment"))
        return see("operations", operation, said="rejected")

    def deploy(self, actor: Person, form: Form, operation: str) -> RedirectResponse:
        """Carry a preview out."""
        return see("operations", self.portal.operations.up(actor, operation, text(form, "why")).id)

    def cancel(self, actor: Person, form: Form, operation: str) -> RedirectResponse:
        """Ask an operation to stop."""
        del form  # checked, and empty
        self.portal.operations.cancel(actor, operation)
        return see("operations", operation, said="cancel")

    def _decision(self, actor: Actor, record: OperationRecord) -> Mapping[str, Any]:
        approvals = self.portal.operations.approvals(actor, record.id)
        action = Action.DESTROY if record.kind is Kind.PREVIEW_DESTROY else Action.DEPLOY
        needs = PERMISSIONS[action]
        return {
            "approvals": approvals,
            "bound": binding(record),
            "why_not_approve": approvals.why_may_not(actor),
            "why_not_reject": approvals.why_may_not(actor, rejecting=True),
            "may_deploy": actor.may(action, approvals.rights_of),
            "deploy_needs": f"To {needs.does} needs the role {needs.role} on {record.stack}.",
        }

    def _progress(self, actor: Actor, record: OperationRecord) -> Live:
        events: list[Mapping[str, Any]] = []
        while found := self.portal.operations.events(actor, record.id, events[-1]["sequence"] if events else 0, BATCH):
            events += found
        return progress_of(events, self._total(actor, record), carries=record.preview is not None)

    def _total(self, actor: Actor, record: OperationRecord) -> int:
        """Return how many changes are to come: what the preview showed; 0 where there was none."""
        if record.preview is None:
            return 0
        outcome = self.portal.operations.get(actor, record.preview).outcome
        return outcome.changes if outcome else 0
