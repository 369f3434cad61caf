"""Whether a preview may be carried out: who has to say yes, who did, and what stands against it. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.access.roles import Action, Actor
from portal.configuration import StackRules
from portal.outcomes import Outcome, Reason, State
from portal.records import ApprovalRecord, OperationRecord, Progress
from portal.requests import Kind
from portal.service.starts import binding

CARRIED_OUT_BY = {Kind.PREVIEW: Kind.UP, Kind.PREVIEW_DESTROY: Kind.DESTROY}
"""What a preview announces."""
_NOTHING_DONE = frozenset(
    {
        Reason.NOT_AS_APPROVED, Reason.SETTINGS, Reason.NO_CLI, Reason.NO_PLUGIN, Reason.NO_STACK, Reason.POLICY,
        Reason.CREDENTIALS,
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalState:
    """Where a preview stands between being seen and being carried out."""

    preview: OperationRecord
    rights_of: str
    """The stack whose rights count: of a review environment, its base stack."""
    needed: int
    by_others: bool
    """Whether who asked for the preview cannot approve it."""
    decisions: tuple[ApprovalRecord, ...] = ()
    """Every yes and no, the oldest first."""
    valid_until: datetime | None = None
    """Nobody can approve it or carry it out after this; None while it has not ended."""
    used_by: str | None = None
    """The operation that carries it out."""
    obstacle: str = ""
    """Why it can be neither approved nor carried out, for people, with what to do; else empty."""
    given_by: tuple[str, ...] = field(default=())
    """Ids of those whose approval counts."""

    @property
    def given(self) -> int:
        """How many approvals count."""
        return len(self.given_by)

    @property
    def ready(self) -> bool:
        """Whether it can be carried out now."""
        return not self.why_not_ready

    @property
    def why_not_ready(self) -> str:
        """Why it cannot be carried out now; empty where it can."""
        if self.obstacle:
            return self.obstacle
        if self.given < self.needed:
            missing = self.needed - self.given
            who = "of somebody else than who asked for it" if self.by_others else "of an approver"
            return f"{missing} more approval{'s' * (missing > 1)} {who} needed ({self.given} of {self.needed} given)."
        return ""

    @property
    def waits(self) -> bool:
        """Whether it waits for somebody's approval."""
        return not self.obstacle and self.given < self.needed

    def may_approve(self, actor: Actor) -> bool:
        """Return whether this person can approve it now."""
        return not self.why_may_not(actor)

    def why_may_not(self, actor: Actor, *, rejecting: bool = False) -> str:
        """Return why this person cannot approve (or reject) it now; empty where they can."""
        if not actor.may(Action.APPROVE, self.rights_of):
            return f"Approving on {self.preview.stack} needs the role approver."
        if self.obstacle:
            return self.obstacle
        if any(decision.by == actor.person for decision in self.decisions):
            return "You have already decided about this preview; each person decides once."
        if self.by_others and not rejecting and actor.person == self.preview.by:
            return "You asked for this preview, and this stack's rule is that others approve. Ask somebody else."
        return ""


def approval_state(
    preview: OperationRecord,
    *,
    rules: StackRules,
    rights_of: str,
    decisions: Sequence[ApprovalRecord],
    later: Sequence[OperationRecord],
    now: datetime,
) -> ApprovalState:
    """Return where a preview stands. `later` are the newest operations of its stack, in any order."""
    valid_until = preview.ended + timedelta(hours=rules.approval_valid_hours) if preview.ended else None
    used_by = next((each.id for each in later if each.preview == preview.id), None)
    used_by = used_by or next((each.used_by for each in decisions if each.used_by), None)
    counted = tuple(
        each.by
        for each in decisions
        if each.approved
        and each.fingerprint == binding(preview)
        and not (rules.by_others and each.by == preview.by)
    )  # fmt: skip
    return ApprovalState(
        preview=preview,
        rights_of=rights_of,
        needed=rules.approvals,
        by_others=rules.by_others,
        decisions=tuple(decisions),
        valid_until=valid_until,
        used_by=used_by,
        given_by=counted,
        obstacle=_obstacle(preview, decisions, later, used_by, valid_until, now),
    )


def _obstacle(
    preview: OperationRecord,
    decisions: Sequence[ApprovalRecord],
    later: Sequence[OperationRecord],
    used_by: str | None,
    valid_until: datetime | None,
    now: datetime,
) -> str:
    if why := not_approvable(preview):
        return why
    if used_by is not None:
        return f"It was carried out already, by operation {used_by}. Preview again."
    if rejected := next((each for each in decisions if not each.approved), None):
        comment = f": {rejected.comment}" if rejected.comment else "."
        return f"{rejected.by_name} rejected it{comment} Preview again after a change."
    if valid_until is not None and now >= valid_until:
        return f"It is too old: previews of this stack hold until {valid_until:%Y-%m-%d %H:%M} UTC. Preview again."
    if newer := next((each for each in later if overtakes(each, preview)), None):
        what = {Progress.RUNNING: "runs", Progress.QUEUED: "waits to run"}.get(newer.progress, "was there since")
        return f"The stack is another one: operation {newer.id} ({newer.kind}) {what}. Preview again after it."
    return ""


def not_approvable(preview: OperationRecord) -> str:
    """Return why an operation is nothing to approve at all; empty where it is."""
    if preview.kind not in CARRIED_OUT_BY:
        return f"Operation {preview.id} is no preview."
    if preview.draft:
        return "It previews settings that are not saved. Save them, and preview again."
    if preview.outcome is None:
        return "It has not ended yet."
    if preview.outcome.state is not State.SUCCEEDED:
        return f"The preview {preview.outcome.state}: {preview.outcome.message or 'see its events'}"
    if binding(preview) is None:
        return "The preview does not say what it was made of, so nothing can be bound to it. Preview again."
    return ""


def overtakes(other: OperationRecord, preview: OperationRecord) -> bool:
    """Return whether another operation makes a preview useless: it touches what the preview saw.

    An `up` or `destroy` that waits or ran since does, unless it did nothing; so does any writer after which the state
    is another one.
    """
    since = preview.started or preview.created
    if other.kind not in {Kind.UP, Kind.DESTROY, Kind.REFRESH, Kind.REPAIR} or other.id == preview.id:
        return False
    if other.ended is not None and other.ended <= since:
        return False
    if other.outcome is None:
        # A refresh that waits may find nothing. What runs may be changing the state this very moment.
        return other.kind in {Kind.UP, Kind.DESTROY} or other.progress is Progress.RUNNING
    return not did_nothing(other.outcome) and other.started is not None and _state_differs(other, preview)


def did_nothing(outcome: Outcome) -> bool:
    """Return whether an operation ended before it touched anything."""
    return outcome.state is State.LOCKED or outcome.reason in _NOTHING_DONE


def _state_differs(other: OperationRecord, preview: OperationRecord) -> bool:
    if other.kind in {Kind.UP, Kind.DESTROY} or other.outcome is None or not other.outcome.state_version:
        return True
    bound = binding(preview)
    return bound is None or bound.state != other.outcome.state_version
