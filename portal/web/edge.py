"""Who a request comes from: the dependencies by which pages and API get their actor and their checked forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from portal.access import csrf
from portal.access.roles import Actor
from portal.web.sessions import Sessions

LONGEST_FIELD: Final = 512 * 1024
"""Characters of one form field; a stack file is the longest."""
MOST_FIELDS: Final = 200


class LoginNeededError(Exception):
    """Nobody is logged in, or the session is over, or the token is not good (any more)."""

    def __init__(self, text: str = "Log in first.") -> None:
        super().__init__(text)
        self.text = text


class FormError(Exception):
    """A form that no page of the portal sends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """What the dependencies need; kept in `app.state.edge`."""

    sessions: Sessions
    csrf_key: bytes
    url: str
    """The portal's own address, as people open it."""

    @property
    def https(self) -> bool:
        """Whether people come by https."""
        return self.url.startswith("https://")

    @property
    def cookie(self) -> str:
        """Name of the session's cookie. The prefix makes browsers refuse it without https, path / and this host."""
        return "__Host-mlops-session" if self.https else "mlops-session"

    @property
    def login_cookie(self) -> str:
        """Name of the cookie that ties a login to the browser in which it began."""
        return "__Host-mlops-login" if self.https else "mlops-login"


def edge_of(request: Request) -> Edge:
    """Return the edge of the application that serves a request."""
    found: Edge = request.app.state.edge
    return found


def session_actor(request: Request) -> Actor | None:
    """Return who has the session of a request's cookie; None where there is none."""
    edge = edge_of(request)
    cookie = request.cookies.get(edge.cookie, "")
    actor = edge.sessions.actor_of_cookie(cookie) if cookie else None
    if actor is not None:
        request.state.actor_id = actor.id
    return actor


def current_actor(request: Request) -> Actor:
    """Return who is logged in with a session. Raises LoginNeededError. For pages."""
    actor = session_actor(request)
    if actor is None:
        raise LoginNeededError
    return actor


def api_actor(request: Request) -> Actor:
    """Return whose token, or else session, a request carries. For the API.

    A request with a token is never answered by its cookie. One with a cookie needs the CSRF token in its header, unless
    it only reads. Raises LoginNeededError or CsrfError.
    """
    edge = edge_of(request)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, plain = authorization.partition(" ")
        actor = edge.sessions.actor_of_token(plain.strip()) if scheme.lower() == "bearer" else None
        if actor is None:
            raise LoginNeededError("The token is not known, was revoked, or has expired.")
        request.state.actor_id = actor.id
        return actor
    actor = current_actor(request)
    _check(request, edge, request.headers.get(csrf.HEADER))
    return actor


def actor_again(request: Request) -> Actor | None:
    """Return who a request comes from that was answered before, as it is now; None where that is over.

    Looking keeps no session alive: else one would never end while a page is open that watches something.
    """
    edge = edge_of(request)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return edge.sessions.actor_of_token(authorization.partition(" ")[2].strip(), noted=False)
    return edge.sessions.actor_of_cookie(request.cookies.get(edge.cookie, ""), noted=False)


def csrf_token(request: Request) -> str:
    """Return the token for the forms of a page; empty where nobody is logged in, since nothing can be posted then."""
    edge = edge_of(request)
    session = edge.sessions.name_of(request.cookies.get(edge.cookie, ""))
    return csrf.csrf_token(session, edge.csrf_key) if session else ""


async def checked_form(request: Request, actor: Annotated[Actor, Depends(current_actor)]) -> Mapping[str, str]:
    """Return the fields of a posted form that came from one of our own pages. Raises CsrfError or FormError.

    A field that is there several times has the last value, as browsers send a checkbox behind its hidden default.
    """
    del actor  # asked for so that nobody's form is read who is not logged in
    form: Any = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD)
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) or len(value) > LONGEST_FIELD:
            raise FormError(f"{name}: at most {LONGEST_FIELD} characters of text")
        fields[name] = value.replace("\r\n", "\n")  # browsers send line breaks so
    edge = edge_of(request)
    _check(request, edge, fields.pop(csrf.FIELD, None) or request.headers.get(csrf.HEADER))
    return fields


def _check(request: Request, edge: Edge, sent: str | None) -> None:
    csrf.check_request(
        method=request.method,
        headers=request.headers,
        sent=sent,
        session_id=edge.sessions.name_of(request.cookies.get(edge.cookie, "")),
        key=edge.csrf_key,
        own_url=edge.url,
    )
