"""The life of a review environment, one step at a time: preview, up, and in the end destroy until it is gone.

What is recorded decides the next step, so a service that was killed at any point goes on where it was. A step that puts
an operation into the queue and the record that says so are one transaction, which first looks whether the record is
still the one that the step was decided by: nothing runs twice, however many services decide.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.access.roles import Actor
from portal.outcomes import Reason, State
from portal.records import OperationRecord, ReviewRecord, ReviewState
from portal.requests import Kind
from portal.service.errors import store_errors
from portal.service.queue import Queue
from portal.service.review_folders import ReviewFolders
from portal.service.review_outcomes import ALARMING, LONGEST_PROBLEM, is_gone, next_step, problem_of, wait_after
from portal.service.review_record import REAPER, change_review, touched_since, unchanged, unfinished_on
from portal.store import Store

log = logging.getLogger(__name__)
NEWEST = 50
"""Operations among which the one that carried a preview out is looked for."""


class ReviewLife:
    """Takes the steps. Another thread or service may take them too: the first one counts, the others do nothing."""

    def __init__(self, *, store: Store, queue: Queue, folders: ReviewFolders) -> None:
        self._store, self._queue, self._folders = store, queue, folders

    def begin(self, record: ReviewRecord, actor: Actor, document: Mapping[str, Any] | None = None) -> ReviewRecord:
        """Make the folder of a new environment, with its stack file if that is known, and start its preview."""
        self._folders.make(record, document)
        why = f"review environment of {record.branch} at {record.commit[:12]}"
        return self._start(record, actor, Kind.PREVIEW, why)

    def advance(self, record: ReviewRecord, now: datetime) -> ReviewRecord:
        """Take the next step if there is one to take now."""
        operation = self._operation(record)
        if record.expires <= now or record.state is ReviewState.REAPING:
            return self._reap(record, operation, now)
        if record.state is not ReviewState.CREATING:
            return record
        person = Actor(id=record.by, name=record.by_name, via="system")
        if operation is None:  # a service ended between the record and the preview
            return self.begin(record, person)
        if operation.outcome is None:
            return record
        if operation.outcome.state is not State.SUCCEEDED:
            return self._update(record, state=ReviewState.FAILED, problem=problem_of(operation.outcome))
        if operation.kind is Kind.PREVIEW:
            carried_out = self._up_of(operation)
            if carried_out is not None:  # by a person, by hand
                return self._update(record, operation=carried_out.id)
            # Bound to the preview as any deployment is: what was judged by the policies is what is deployed.
            return self._start(record, person, Kind.UP, operation.why, preview=operation.id)
        return self._update(record, state=ReviewState.UP, problem="")

    def failed(self, record: ReviewRecord, error: Exception, now: datetime) -> ReviewRecord:
        """Record that a step could not be taken, and when the next try is due."""
        if record.state is ReviewState.CREATING and record.expires > now:
            return self._update(record, state=ReviewState.FAILED, problem=str(error)[:LONGEST_PROBLEM])
        return self._again(record, str(error), now, attempts=record.attempts + 1)

    def _reap(self, record: ReviewRecord, operation: OperationRecord | None, now: datetime) -> ReviewRecord:
        if self._is_busy(record):
            return record
        if operation is None or (record.state is ReviewState.REAPING and is_gone(operation)):
            # No operation: nothing was ever started, so there is no stack. Else it is empty, unless somebody wrote
            # to it since; then it is not, and is destroyed again.
            return self._bury(record) or self._attempt(record, None)
        if record.state is not ReviewState.REAPING:
            return self._attempt(record, None)
        if record.retry_at is not None:
            return self._attempt(record, operation) if record.retry_at <= now else record
        if operation.kind is Kind.REPAIR or operation.outcome is None:
            return self._attempt(record, operation)
        if operation.outcome.reason is Reason.SETTINGS:  # what was valid when it was created is not any more
            self._folders.make_for_destroy(record)
        return self._again(record, problem_of(operation.outcome), now, attempts=record.attempts)

    def _attempt(self, record: ReviewRecord, before: OperationRecord | None) -> ReviewRecord:
        if not self._folders.is_usable(record):
            self._folders.make_for_destroy(record)
        step = next_step(before)
        return self._start(
            record, REAPER, step.kind, f"end of the review environment of {record.branch}",
            arguments=dict(step.arguments), state=ReviewState.REAPING, retry_at=None,
            attempts=record.attempts + (step.kind is Kind.DESTROY),
        )  # fmt: skip

    def _is_busy(self, record: ReviewRecord) -> bool:
        """Return whether something waits or runs on the stack; all of it that others started is cancelled.

        But for repairs, which are short, and are how a person clears what stands in the way of the removal.
        """
        with store_errors(), self._store.reading() as unit:
            there = unfinished_on(unit, record.stack)
        strangers = [each for each in there if each.by != REAPER.id and each.kind is not Kind.REPAIR]
        unasked = [each for each in strangers if each.cancel_asked_by is None]
        if unasked:
            with store_errors(), self._store.writing() as unit:
                about = {"review": record.name}
                for each in unasked:
                    if unit.operations.ask_cancel(each.id, REAPER.id):
                        self._queue.audit(unit, REAPER, "operation.cancel", f"operation:{each.id}", about)
            self._queue.wake()
        return bool(there)

    def _bury(self, record: ReviewRecord) -> ReviewRecord | None:
        """Remove the folder and end the record; None where the stack was written to since its removal."""
        with store_errors(), self._store.reading() as unit:
            if touched_since(unit, record):
                return None
        self._folders.remove(record)
        with store_errors(), self._store.writing() as unit:
            if not unchanged(unit, record):
                return unit.reviews.get(record.name)
            if touched_since(unit, record):  # looked at again, in the transaction that ends it
                return None
            gone = change_review(unit, self._queue, record, state=ReviewState.GONE, problem="", retry_at=None)
        log.info("review environment gone", extra={"review": record.name, "attempts": record.attempts})
        return gone

    def _again(self, record: ReviewRecord, problem: str, now: datetime, *, attempts: int) -> ReviewRecord:
        level = logging.ERROR if attempts >= ALARMING else logging.WARNING
        problem = problem[:LONGEST_PROBLEM]
        about = {"review": record.name, "attempts": attempts, "problem": problem}
        log.log(level, "review environment cannot be removed", extra=about)
        retry_at = now + wait_after(attempts)
        return self._update(record, state=ReviewState.REAPING, problem=problem, retry_at=retry_at, attempts=attempts)

    def _start(
        self,
        record: ReviewRecord,
        actor: Actor,
        kind: Kind,
        why: str,
        *,
        preview: str | None = None,
        arguments: dict[str, object] | None = None,
        **changes: object,
    ) -> ReviewRecord:
        about = {"review": record.name, "branch": record.branch}
        with store_errors(), self._store.writing() as unit:
            if not unchanged(unit, record):
                return unit.reviews.get(record.name)
            operation = self._queue.put(
                unit, actor, kind=kind, stack=record.stack, why=why, preview=preview,
                arguments=arguments, details=about,
            )  # fmt: skip
            started = change_review(unit, self._queue, record, operation=operation.id, **changes)
        self._queue.wake()
        return started

    def _update(self, record: ReviewRecord, **changes: object) -> ReviewRecord:
        with store_errors(), self._store.writing() as unit:
            if not unchanged(unit, record):
                return unit.reviews.get(record.name)
            return change_review(unit, self._queue, record, **changes)

    def _operation(self, record: ReviewRecord) -> OperationRecord | None:
        if record.operation is None:
            return None
        with store_errors(), self._store.reading() as unit:
            return unit.operations.get(record.operation)

    def _up_of(self, preview: OperationRecord) -> OperationRecord | None:
        with store_errors(), self._store.reading() as unit:
            newest = unit.operations.of_stack(preview.stack, NEWEST)
        return next((each for each in newest if each.preview == preview.id), None)
