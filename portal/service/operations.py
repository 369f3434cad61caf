"""Operations as people ask for them: preview, approve, deploy, watch, cancel, repair, look back."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

from portal.access.roles import Action, Actor
from portal.costs.prices import PriceTable
from portal.events import PolicyViolation, ResourcePlanned, from_json
from portal.outcomes import RepairStep, State
from portal.plan.view import PlanView, plan_view
from portal.records import OperationRecord, Page, Progress
from portal.requests import Kind
from portal.service.book import StackBook
from portal.service.decisions import LOOKED_BACK, Decisions, checked_text
from portal.service.drafts import draft_settings
from portal.service.errors import ConflictError, InvalidError, store_errors
from portal.service.feed import Document, Feed
from portal.service.queue import CANCELLED_BEFORE, Queue
from portal.service.timing import Clock
from portal.store import CursorError, Store
from portal.store.units import Unit

LONGEST_PAGE = 200


class Operations(Decisions):
    """Every method checks what the actor may, and writes its audit entry in the transaction of the change."""

    def __init__(
        self,
        *,
        store: Store,
        queue: Queue,
        feed: Feed,
        book: StackBook,
        clock: Clock,
        prices: Callable[[], PriceTable],
        region: Callable[[str], str],
    ) -> None:
        super().__init__(store=store, queue=queue, book=book, clock=clock)
        self._feed, self._prices, self._region = feed, prices, region

    def preview(
        self, actor: Actor, stack: str, why: str = "", draft: str | None = None, key: str | None = None
    ) -> OperationRecord:
        """Say what `up` would do. `draft` is a whole stack file that is not saved; nothing can be approved by it.

        `key`, here and below: the same key again, by the same person, gives the operation that the first call made.
        Raises InvalidError where the draft is wrong.
        """
        self._book.require(actor, Action.PREVIEW, stack)
        arguments: dict[str, Any] = {}
        if draft is not None:
            arguments["settings"] = draft_settings(self._book.root(stack), stack, draft)
        return self._put(actor, Kind.PREVIEW, stack, why, arguments=arguments, draft=draft is not None, key=key)

    def preview_destroy(self, actor: Actor, stack: str, why: str = "", key: str | None = None) -> OperationRecord:
        """Say what `destroy` would remove."""
        self._book.require(actor, Action.PREVIEW, stack)
        return self._put(actor, Kind.PREVIEW_DESTROY, stack, why, key=key)

    def refresh(self, actor: Actor, stack: str, why: str = "", key: str | None = None) -> OperationRecord:
        """Write into the state what is really there."""
        self._book.require(actor, Action.REFRESH, stack)
        return self._put(actor, Kind.REFRESH, stack, why, key=key)

    def check_drift(self, actor: Actor, stack: str, why: str = "", key: str | None = None) -> OperationRecord:
        """Compare state and cloud; changes neither."""
        self._book.require(actor, Action.CHECK_DRIFT, stack)
        return self._put(actor, Kind.DRIFT, stack, why, key=key)

    def repair(
        self,
        actor: Actor,
        stack: str,
        step: RepairStep | str,
        confirmed: bool = False,
        why: str = "",
        key: str | None = None,
    ) -> OperationRecord:
        """Do one repair that an outcome offered. Raises ConflictError where it has to be confirmed first."""
        self._book.require(actor, Action.REPAIR, stack)
        try:
            step = RepairStep(step)
        except ValueError:
            steps = ", ".join(RepairStep)
            raise InvalidError.of("step", step, f"a repair is one of {steps}", "choose one of them") from None
        if step is RepairStep.CLEAR_PENDING and not confirmed:
            raise ConflictError(
                "clear_pending forgets resources that may exist.",
                "Look in AWS whether each pending creation is there, then confirm.",
            )
        if step is RepairStep.UNLOCK and not confirmed:
            self._check_stale(stack)
        arguments = {"step": step.value, "confirmed": confirmed}
        return self._put(actor, Kind.REPAIR, stack, why, arguments=arguments, details=arguments, key=key)

    def cancel(self, actor: Actor, operation: str) -> OperationRecord:
        """Cancel what waits or runs; what the engine has begun on a resource it finishes first.

        A second wish changes nothing. Raises ConflictError after its end.
        """
        with store_errors(), self._store.writing() as unit:
            record = self._seen(unit, actor, operation)
            self._book.allow(actor, Action.CANCEL, record.stack)
            if record.progress is Progress.ENDED:
                raise ConflictError(f"Operation {operation} has ended.", "There is nothing to cancel.")
            if unit.operations.ask_cancel(operation, actor.person):
                self._queue.audit(unit, actor, "operation.cancel", f"operation:{operation}", {"stack": record.stack})
            # Looked at again: the wish locks the row, so from here on nobody claims it meanwhile.
            record = unit.operations.get(operation)
            if record.progress is Progress.QUEUED:
                self._queue.end(unit, record, CANCELLED_BEFORE)
                record = unit.operations.get(operation)
        if record.progress is Progress.ENDED:
            self._feed.close(operation)
        self._queue.wake()
        return record

    def get(self, actor: Actor, operation: str) -> OperationRecord:
        """Return an operation. Raises NotThereError."""
        with store_errors(), self._store.reading() as unit:
            return self._seen(unit, actor, operation)

    def history(
        self,
        actor: Actor,
        *,
        stack: str | None = None,
        kind: Kind | None = None,
        by: str | None = None,
        state: State | Progress | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[OperationRecord]:
        """Return operations on the stacks that the actor may see, the newest first."""
        stacks: Sequence[str] | None = [stack] if stack is not None else None
        if stack is not None:
            actor.require(Action.VIEW, self._book.base(stack))
        elif (visible := self._book.visible(actor)) is not None:
            stacks = sorted(visible)
        try:
            with store_errors(), self._store.reading() as unit:
                return unit.operations.history(
                    stacks=stacks,
                    kind=kind,
                    by=by,
                    state=state,
                    since=since,
                    until=until,
                    cursor=cursor,
                    limit=max(1, min(limit, LONGEST_PAGE)),
                )
        except CursorError as error:
            raise InvalidError.of("cursor", cursor, "a cursor is what the page before gave", str(error)) from error

    def plan(self, actor: Actor, operation: str) -> PlanView:
        """Return what a preview showed, for people."""
        with store_errors(), self._store.reading() as unit:
            record = self._seen(unit, actor, operation)
            events = [from_json(event) for event in self.recorded(unit, operation)]
        return plan_view(
            [event for event in events if isinstance(event, ResourcePlanned)],
            [event for event in events if isinstance(event, PolicyViolation)],
            prices=self._prices(),
            region=self._region(record.stack),
        )

    def events(self, actor: Actor, operation: str, after: int = 0, limit: int = 200) -> list[Document]:
        """Return recorded events with a greater sequence than `after`."""
        with store_errors(), self._store.reading() as unit:
            self._seen(unit, actor, operation)
            return unit.events.after(operation, after, max(1, min(limit, 1000)))

    def watch(self, actor: Actor, operation: str, after: int = 0) -> AsyncIterator[Document]:
        """Return events as they come; see `Feed.events`. The right to see them is checked at once."""
        self.get(actor, operation)
        return self._feed.events(operation, after)

    def _check_stale(self, stack: str) -> None:
        """Raise ConflictError unless an operation saw last that the lock's holder is gone; the engine looks again."""
        with store_errors(), self._store.reading() as unit:
            newest = unit.operations.of_stack(stack, LOOKED_BACK)
        outcomes = [record.outcome for record in newest if record.outcome is not None]
        offers = [repair for outcome in outcomes for repair in outcome.repairs if repair.step is RepairStep.UNLOCK]
        if offers and not offers[0].needs_confirmation:
            return
        holders = next((", ".join(map(str, outcome.locks)) for outcome in outcomes if outcome.locks), "")
        raise ConflictError(
            f"unlock takes the lock of {stack} away, even from somebody who works on it"
            f"{f': it was last seen held by {holders}' if holders else ''}.",
            "Make sure that no operation runs there, in the portal or beside it, then confirm.",
        )

    @staticmethod
    def recorded(unit: Unit, operation: str) -> list[Document]:
        """Return all recorded events of an operation."""
        found: list[Document] = []
        while batch := unit.events.after(operation, found[-1]["sequence"] if found else 0, 500):
            found += batch
        return found

    def _put(
        self, actor: Actor, kind: Kind, stack: str, why: str, *, key: str | None = None, **more: Any
    ) -> OperationRecord:
        why = checked_text("why", why)
        with store_errors(), self._store.writing() as unit:
            if key is None or self._queue.known(unit, actor, key) is None:
                self._book.check_open(unit, stack, kind, self._clock())
            record = self._queue.put(unit, actor, kind=kind, stack=stack, why=why, key=key, bounded=True, **more)
        self._queue.wake()
        return record
