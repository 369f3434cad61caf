"""From a preview to what carries it out: approve, reject, deploy."""

from portal.access.roles import Action, Actor
from portal.records import ApprovalRecord, OperationRecord
from portal.requests import Kind
from portal.service.approvals import CARRIED_OUT_BY, ApprovalState, approval_state, not_approvable
from portal.service.book import StackBook
from portal.service.errors import ConflictError, InvalidError, store_errors
from portal.service.queue import Queue
from portal.service.reasons import visible_lines, without_secrets
from portal.service.starts import binding
from portal.service.timing import Clock
from portal.store import DuplicateError, Store
from portal.store.units import Unit

LONGEST_TEXT = 1000
LOOKED_BACK = 50
"""Newest operations of a stack that are looked at for what overtook a preview; the engine compares states besides."""


class Decisions:
    """What people decide about previews. Checks what the actor may, and audits, as all of `Operations` does."""

    def __init__(self, *, store: Store, queue: Queue, book: StackBook, clock: Clock) -> None:
        self._store, self._queue, self._book, self._clock = store, queue, book, clock

    def approve(self, actor: Actor, preview_id: str, comment: str = "") -> ApprovalRecord:
        """Say yes to a preview: to exactly what it showed. Raises ConflictError with why it cannot be."""
        return self._decide(actor, preview_id, comment, approved=True)

    def reject(self, actor: Actor, preview_id: str, comment: str = "") -> ApprovalRecord:
        """Say no to a preview: it can never be carried out."""
        return self._decide(actor, preview_id, comment, approved=False)

    def up(
        self, actor: Actor, preview_id: str, why: str = "", *, kind: Kind | None = None, key: str | None = None
    ) -> OperationRecord:
        """Carry a preview out: deploy, or destroy where that was previewed. Raises ConflictError where it is not ready.

        `kind` is what the caller believes that it starts; where the preview is of something else, nothing starts.
        """
        why = checked_text("why", why)
        with store_errors(), self._store.writing() as unit:
            preview = self._seen(unit, actor, preview_id)
            carries = CARRIED_OUT_BY.get(preview.kind)
            if carries is None:
                raise ConflictError(not_approvable(preview), "Name the preview that is to be carried out.")
            self._book.allow(actor, Action.DESTROY if carries is Kind.DESTROY else Action.DEPLOY, preview.stack)
            if kind not in {None, carries}:
                raise ConflictError(f"That preview is of {carries}, and {kind} was asked for.", "Name the right one.")
            known = self._queue.known(unit, actor, key) if key is not None else None
            if known is not None and known.preview == preview.id:
                return known
            self._book.check_open(unit, preview.stack, carries, self._clock())
            state = self._approvals(unit, preview)
            if not state.ready:
                raise ConflictError(state.why_not_ready)
            try:
                record = self._queue.put(
                    unit,
                    actor,
                    kind=carries,
                    stack=preview.stack,
                    why=why or preview.why,
                    preview=preview.id,
                    details={"approved_by": list(state.given_by)},
                    key=key,
                    bounded=True,
                )
                unit.approvals.use(preview.id, record.id)
            except DuplicateError as error:
                raise ConflictError("This preview was carried out already.", "Preview again.") from error
        self._queue.wake()
        return record

    def approvals(self, actor: Actor, preview_id: str) -> ApprovalState:
        """Return where a preview stands: who has to approve, who did, and what stands against it."""
        with store_errors(), self._store.reading() as unit:
            return self._approvals(unit, self._seen(unit, actor, preview_id))

    def _decide(self, actor: Actor, preview_id: str, comment: str, *, approved: bool) -> ApprovalRecord:
        comment = checked_text("comment", comment)
        with store_errors(), self._store.writing() as unit:
            preview = self._seen(unit, actor, preview_id)
            self._book.allow(actor, Action.APPROVE, preview.stack)
            self._book.check_open(unit, preview.stack, preview.kind, self._clock())
            state = self._approvals(unit, preview)
            bound = binding(preview)
            why_not = state.why_may_not(actor, rejecting=not approved)
            if why_not or bound is None:
                raise ConflictError(why_not or not_approvable(preview))
            record = ApprovalRecord(
                operation=preview.id,
                by=actor.person,
                by_name=actor.name,
                at=self._clock(),
                approved=approved,
                comment=comment,
                fingerprint=bound,
            )
            try:
                unit.approvals.put(record)
            except DuplicateError as error:
                raise ConflictError("You have already decided about this preview.") from error
            details = {"stack": preview.stack, "comment": comment, "fingerprint": bound.to_json()}
            action = "operation.approve" if approved else "operation.reject"
            self._queue.audit(unit, actor, action, f"operation:{preview.id}", details)
        return record

    def _approvals(self, unit: Unit, preview: OperationRecord) -> ApprovalState:
        last = unit.operations.last_writing(preview.stack)
        newest = unit.operations.of_stack(preview.stack, LOOKED_BACK)
        return approval_state(
            preview,
            rules=self._book.rules(preview.stack),
            rights_of=self._book.base(preview.stack),
            decisions=unit.approvals.of(preview.id),
            later=[*newest, *([last] if last is not None else [])],
            now=self._clock(),
        )

    def _seen(self, unit: Unit, actor: Actor, operation: str) -> OperationRecord:
        record = unit.operations.get(operation)
        actor.require(Action.VIEW, self._book.base(record.stack))
        return record


def checked_text(path: str, text: str) -> str:
    """Return what a person wrote, trimmed, without what is not visible.

    Raises InvalidError where it is too long, or looks like it holds a token.
    """
    if len(text) > LONGEST_TEXT:
        raise InvalidError.of(path, text, f"a text has {LONGEST_TEXT} characters at most", "shorten it")
    return without_secrets(path, visible_lines(text))
