"""What all pages share: the portal behind them, who visits, and the bounded texts of their forms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from portal.access.roles import Action, Actor
from portal.pages.render import render
from portal.service.book import REVIEW_PREFIX
from portal.service.errors import InvalidError
from portal.service.portal import Portal
from portal.web.edge import checked_form, csrf_token, current_actor
from portal.web.sessions import Sessions

SEE_OTHER: Final = 303
LONGEST_REASON: Final = 500
LONGEST_NUMBER: Final = 12
"""Digits; Python refuses to read numbers of some thousand."""
Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One request of somebody who is logged in."""

    request: Request
    actor: Actor
    csrf: str


def _visit(
    request: Request, actor: Annotated[Actor, Depends(current_actor)], token: Annotated[str, Depends(csrf_token)]
) -> Visit:
    return Visit(request=request, actor=actor, csrf=token)


Visitor = Annotated[Visit, Depends(_visit)]
Form = Annotated[Mapping[str, str], Depends(checked_form)]
"""Fields of a form that one of our pages sent; anything else never reaches a handler."""
Person = Annotated[Actor, Depends(current_actor)]


class Pages:
    """Base of the pages of one area: a class, so that its handlers have the portal without a global."""

    def __init__(self, portal: Portal, sessions: Sessions, clock: Clock) -> None:
        self.portal, self.sessions, self.clock = portal, sessions, clock
        self.settings = portal.settings

    def may(self, actor: Actor, action: Action, stack: str) -> bool:
        """Return whether somebody may do something on a stack; on a review environment, by the role on its base."""
        return actor.may(action, self.settings.reviews.base_stack if stack.startswith(REVIEW_PREFIX) else stack)

    def page(self, visit: Visit, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Return a page for a visitor."""
        return render(
            visit.request,
            template,
            actor=visit.actor,
            csrf=visit.csrf,
            now=self.clock(),
            status=status,
            settings=self.settings,
            may=partial(self.may, visit.actor),
            **context,
        )


def text(form: Mapping[str, str], field: str, *, longest: int = LONGEST_REASON, required: bool = False) -> str:
    """Return a one-line field without the spaces around it. Raises InvalidError where it is too long or missing."""
    found = " ".join(form.get(field, "").split())
    if len(found) > longest:
        raise InvalidError.of(field, found, f"at most {longest} characters; it has {len(found)}", "shorten it")
    if required and not found:
        raise InvalidError.of(field, found, "it is not empty: who looks later wants to know why", "write a sentence")
    return found


def whole_number(form: Mapping[str, str], field: str, *, least: int, most: int) -> int:
    """Return a number of a form. Raises InvalidError outside of its bounds."""
    found = form.get(field, "").strip()
    if not (found.isascii() and found.isdigit() and len(found) <= LONGEST_NUMBER) or not least <= int(found) <= most:
        raise InvalidError.of(field, found, f"a whole number from {least} to {most}", "correct it")
    return int(found)


def see(*path: str, said: str = "") -> RedirectResponse:
    """Send the browser on after a form, so that a reload does not send it twice."""
    address = "/" + "/".join(quote(part, safe="") for part in path)
    return RedirectResponse(f"{address}?said={said}" if said else address, SEE_OTHER)
