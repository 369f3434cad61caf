"""The audit log: who did what, and whether the chain is whole."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, StreamingResponse

from portal.pages.site import Pages, Person, Visitor

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the list is filtered by."""

    by: str = ""
    action: str = ""
    subject: str = ""

    @property
    def any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.by or self.action or self.subject)

    def address(self, **more: str) -> str:
        """Return it for a link."""
        return urlencode({key: found for key, found in {**asdict(self), **more}.items() if found})


class AuditPages(Pages):
    """`/audit`."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route("/audit", self.audit, methods=["GET"])
        router.add_api_route("/audit/export", self.export, methods=["GET"], response_class=StreamingResponse)

    def audit(
        self, visit: Visitor, by: str = "", action: str = "", subject: str = "", cursor: str = "", check: bool = False
    ) -> HTMLResponse:
        """Show the newest entries; with `check`, read the whole chain."""
        chosen = Chosen(by[:LONGEST], action[:LONGEST], subject[:LONGEST])
        found = self.portal.audit.page(
            visit.actor,
            by=chosen.by or None,
            action=chosen.action or None,
            subject=chosen.subject or None,
            cursor=cursor or None,
        )
        return self.page(
            visit,
            "audit.html",
            found=found,
            chosen=chosen,
            checked=check,
            fault=self.portal.audit.verify(visit.actor) if check else None,
            next_page=f"/audit?{chosen.address(cursor=found.next)}" if found.next else "",
        )

    def export(self, actor: Person) -> StreamingResponse:
        """Return every entry as JSON lines."""
        lines: Iterator[str] = (f"{line}\n" for line in self.portal.audit.export(actor))
        headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
        return StreamingResponse(lines, media_type="application/jsonl", headers=headers)
