"""Where a preview stands, as the API says it."""

from dataclasses import dataclass
from datetime import datetime

from portal.access.roles import Actor
from portal.records import ApprovalRecord
from portal.service.approvals import ApprovalState


@dataclass(frozen=True, kw_only=True, slots=True)
class Approvals:
    """Who decided about a preview, and what is still needed."""

    needed: int
    given: int
    by_others: bool
    """Whether who asked for the preview cannot approve it."""
    decisions: tuple[ApprovalRecord, ...]
    valid_until: datetime | None
    used_by: str | None
    ready: bool
    why_not_ready: str
    may_approve: bool
    """Whether the caller can approve it now."""
    why_may_not: str

    @classmethod
    def of(cls, state: ApprovalState, actor: Actor) -> "Approvals":
        """Return the state as `actor` sees it."""
        return cls(
            needed=state.needed,
            given=state.given,
            by_others=state.by_others,
            decisions=state.decisions,
            valid_until=state.valid_until,
            used_by=state.used_by,
            ready=state.ready,
            why_not_ready=state.why_not_ready,
            may_approve=state.may_approve(actor),
            why_may_not=state.why_may_not(actor),
        )
