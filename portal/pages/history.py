"""The history of all stacks, and drift: what was done, and what happened without anybody's doing."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from portal.outcomes import State
from portal.pages.site import Pages, Visitor
from portal.requests import Kind

PAGE: Final = 50
LONGEST: Final = 300
Word = TypeVar("Word", Kind, State)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a list is filtered by, as it stands in the address."""

    stack: str = ""
    kind: str = ""
    by: str = ""
    result: str = ""
    since: str = ""
    until: str = ""

    @property
    def any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.address())

    def address(self, **more: str) -> str:
        """Return it for a link."""
        return urlencode({key: found for key, found in {**asdict(self), **more}.items() if found})


class HistoryPages(Pages):
    """`/history` and `/drift`."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route("/history", self.history, methods=["GET"])
        router.add_api_route("/drift", self.drift, methods=["GET"])

    def history(
        self,
        visit: Visitor,
        stack: str = "",
        kind: str = "",
        by: str = "",
        result: str = "",
        since: str = "",
        until: str = "",
        cursor: str = "",
    ) -> HTMLResponse:
        """Show what was done, the newest first. A filter that means nothing is left out, and said to be."""
        chosen = Chosen(*(each[:LONGEST] for each in (stack, kind, by, result, since, until)))
        trouble: list[str] = []
        last = day(chosen.until, trouble)
        found = self.portal.operations.history(
            visit.actor,
            stack=chosen.stack or None,
            kind=_one_of(Kind, chosen.kind, trouble),
            by=(visit.actor.person if chosen.by == "me" else chosen.by) or None,
            state=_one_of(State, chosen.result, trouble),
            since=day(chosen.since, trouble),
            until=_day_after(last) if last else None,
            cursor=cursor or None,
            limit=PAGE,
        )
        return self.page(
            visit,
            "history.html",
            found=found,
            chosen=chosen,
            trouble=" ".join(trouble),
            stacks=[each.name for each in self.portal.stacks.all(visit.actor)],
            next_page=f"/history?{chosen.address(cursor=found.next)}" if found.next else "",
        )

    def drift(self, visit: Visitor) -> HTMLResponse:
        """Show what differs between state and cloud, by stack."""
        return self.page(visit, "drift.html", drifts=self.portal.drift.all(visit.actor))


def day(text: str, trouble: list[str]) -> datetime | None:
    """Return the beginning of a day; None where none is given. What is no day goes to `trouble`."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time.min, UTC)
    except ValueError:
        trouble.append(f"{text[:20]} is no day: write it as 2026-01-31.")
        return None


def _day_after(day: datetime) -> datetime | None:
    """Return the next day; None after the last one that there is."""
    return day + timedelta(days=1) if day.date() < date.max else None


def _one_of(words: type[Word], text: str, trouble: list[str]) -> Word | None:
    try:
        return words(text) if text else None
    except ValueError:
        trouble.append(f"{text[:20]} is not known; it was left out of the filter.")
        return None
