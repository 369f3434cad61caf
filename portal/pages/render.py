"""From a template to a response. The one place where templates meet a request; also for the edge's error pages."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portal.access.origins import HOME, safe_next
from portal.access.roles import Action, Actor
from portal.pages import filters, words
from portal.pages.assets import ASSETS
from portal.plan.resources import short_type

TEMPLATES: Final = Path(__file__).parent / "templates"
TITLES: Final = {
    401: "Please log in",
    403: "You may not do this",
    404: "Not found",
    409: "Not possible right now",
    422: "Something in the form is not right",
    503: "Not available right now",
}


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # all templates: every value of an event, a branch or a message is text
        undefined=StrictUndefined,
        auto_reload=False,  # a release does not change while it runs, and fifty watchers ask for the same fragments
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "when": filters.when,
        "duration": filters.duration,
        "short": filters.short,
        "number": filters.number,
        "value": filters.value,
        "plural": filters.plural,
        "sentence": filters.sentence,
    }
    made.globals |= {
        "assets": ASSETS,
        "words": words,
        "Action": Action,
        "line_diff": filters.line_diff,
        "short_type": short_type,
    }
    made.globals["m"] = made.get_template("macros.html").module  # after the globals that its macros use
    return made


ENVIRONMENT: Final = _environment()


def text(template: str, **context: Any) -> str:
    """Return a template's text; for fragments, which need neither request nor person."""
    return ENVIRONMENT.get_template(template).render(context)


def render(
    request: Request,
    template: str,
    *,
    actor: Actor | None = None,
    csrf: str = "",
    now: datetime | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """Return a page. Without an actor it has no menu: such is the login page, and every page before a login."""
    said = words.SAID.get(request.query_params.get("said", ""), "")
    content = text(
        template,
        request=request,
        path=request.url.path,
        actor=actor,
        csrf=csrf,
        said=said,
        now=now,
        **context,
    )
    return HTMLResponse(content, status_code=status, headers=dict(headers or {}))


def render_error(
    request: Request,
    status: int,
    message: str,
    *,
    actor: Actor | None = None,
    csrf: str = "",
    details: tuple[str, ...] = (),
    reference: str = "",
) -> HTMLResponse:
    """Return an error page. `message` says what is wrong and what to do; `reference` finds the request in the logs."""
    try:
        title = TITLES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    return render(
        request,
        "error.html",
        actor=actor,
        csrf=csrf,
        status=status,
        code=status,
        title=title,
        message=message,
        details=details,
        back=_back(request),
        reference=reference,
    )


def _back(request: Request) -> str:
    """Return the page of ours that led here, else the first one."""
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc != request.headers.get("host"):
        return HOME
    return safe_next(f"{came.path}?{came.query}" if came.query else came.path)
