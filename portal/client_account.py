"""The typed client's part about who the token acts as, review environments, and the audit log."""

from collections.abc import Iterator
from datetime import datetime

from portal.api.account import AuditState, Me
from portal.client_http import Transport, part
from portal.records import AuditEntry, Page, ReviewRecord


class AccountCalls:
    """What is about no stack in particular."""

    _http: Transport

    def me(self) -> Me:
        """Return who the token acts as."""
        return self._http.get(Me, "/me")

    def reviews(self) -> tuple[ReviewRecord, ...]:
        """Return the review environments."""
        return self._http.get(tuple[ReviewRecord, ...], "/reviews")

    def create_review(self, branch: str, hours: int | None = None, why: str = "") -> ReviewRecord:
        """Have a branch deployed for a while."""
        return self._http.send(ReviewRecord, "POST", "/reviews", {"branch": branch, "hours": hours, "why": why})

    def extend_review(self, name: str, hours: int) -> ReviewRecord:
        """Let a review environment live this many hours more."""
        return self._http.send(ReviewRecord, "PATCH", f"/reviews/{part(name)}", {"hours": hours})

    def remove_review(self, name: str) -> ReviewRecord:
        """End a review environment now."""
        return self._http.send(ReviewRecord, "DELETE", f"/reviews/{part(name)}")

    def audit(
        self,
        *,
        by: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[AuditEntry]:
        """Return audit entries, the newest first."""
        query = {
            "by": by,
            "action": action,
            "subject": subject,
            "since": since.isoformat() if since else None,
            "until": until.isoformat() if until else None,
            "cursor": cursor,
            "limit": limit,
        }
        return self._http.get(Page[AuditEntry], "/audit", query)

    def audit_state(self) -> AuditState:
        """Have the whole log verified."""
        return self._http.get(AuditState, "/audit/state")

    def audit_export(self, after: int = 0) -> Iterator[str]:
        """Yield the entries with a greater number as lines of canonical JSON, the oldest first.

        Raises PortalError where the line breaks; go on after the last number that came.
        """
        return self._http.lines("/audit/export", {"after": after})
