"""How failures are told: a page for people, problem+json (RFC 9457) for programs, and never a traceback."""

import logging
from dataclasses import dataclass, field
from functools import singledispatch
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from portal.access.csrf import CsrfError
from portal.access.errors import LoginError
from portal.access.roles import ForbiddenError
from portal.access.tokens import TokenRequestError
from portal.pages.render import render_error
from portal.service.errors import ConflictError, InvalidError, NotThereError, UnavailableError
from portal.store import errors as store_errors
from portal.web.edge import FormError, LoginNeededError, csrf_token, session_actor
from portal.web.middleware import TooLargeError
from portal.web.streams import TooManyStreamsError

log = logging.getLogger("portal.failures")
API: Final = "/api/"
SEE_OTHER: Final = 303
RETRY_SECONDS: Final = "5"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A failure in the form in which it is told."""

    status: int
    title: str
    detail: str
    problems: tuple[dict[str, Any], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


def install(app: FastAPI) -> None:
    """Have every failure of `app` told."""
    for kind in (
        ForbiddenError, LoginNeededError, LoginError, CsrfError, FormError, TokenRequestError, TooLargeError,
        ConflictError, InvalidError, NotThereError, TooManyStreamsError, UnavailableError, store_errors.StoreDownError,
        store_errors.NotThereError, HTTPException, RequestValidationError,
    ):  # fmt: skip
        app.add_exception_handler(kind, answer)  # and what is none of these: `Surroundings` has it answered


async def answer(request: Request, error: Exception) -> Response:
    """Return the response to a failure."""
    told = tell(error)
    identity = getattr(request.state, "request_id", "")
    if told.status >= 500:
        log.error("failed", exc_info=error, extra={"request": identity, "path": request.url.path})
    if request.url.path.startswith(API):
        return problem(told, identity)
    if isinstance(error, LoginNeededError) and request.method in {"GET", "HEAD"}:
        where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(where, safe='')}", SEE_OTHER)
    # A page asks the database who is there; where the database may be what failed, the page goes without.
    actor, token = None, ""
    if not isinstance(error, (LoginError, LoginNeededError)) and (
        told.status < 500 or isinstance(error, UnavailableError)
    ):
        actor, token = await run_in_threadpool(_surroundings, request)
    response = render_error(
        request,
        told.status,
        told.detail,
        actor=actor,
        csrf=token,
        details=tuple(
            f"{each['path']}: {each['message']}" if each["path"] else each["message"] for each in told.problems
        ),
        reference=identity,
    )
    response.headers.update(told.headers)
    return response


def _surroundings(request: Request) -> tuple[Any, str]:
    try:
        actor = session_actor(request)
    except store_errors.StoreError:  # the failure is told all the same, on a page without a menu
        return None, ""
    return actor, csrf_token(request) if actor else ""


def problem(told: Told, identity: str) -> JSONResponse:
    """Return a failure as RFC 9457 has it."""
    content: dict[str, Any] = {"type": "about:blank", "title": told.title, "status": told.status, "detail": told.detail}
    if told.problems:
        content["problems"] = list(told.problems)
    if identity:
        content["request_id"] = identity
    return JSONResponse(content, told.status, headers=told.headers, media_type="application/problem+json")


@singledispatch
def tell(error: Exception) -> Told:
    """Return how a failure is told. What nobody thought of is told without its text, which may hold anything."""
    del error
    detail = "The portal failed. Nothing is lost that was shown as done; the request's id finds it in the log."
    return Told(status=500, title="Internal error", detail=detail)


@tell.register
def _(error: ForbiddenError) -> Told:
    return Told(status=403, title="Forbidden", detail=error.text)


@tell.register
def _(error: LoginNeededError) -> Told:
    headers = {"WWW-Authenticate": 'Bearer realm="mlops"'}
    return Told(status=401, title="Unauthorized", detail=error.text, headers=headers)


@tell.register
def _(error: LoginError) -> Told:
    log.info("login refused", extra={"problem": str(error)})
    return Told(status=403, title="Login failed", detail=error.text)


@tell.register
def _(error: CsrfError) -> Told:
    log.warning("request refused", extra={"problem": error.reason})
    return Told(status=403, title="Forbidden", detail=error.text)


@tell.register(FormError)
@tell.register(TokenRequestError)
def _(error: Exception) -> Told:
    return Told(status=422, title="Unprocessable content", detail=str(error))


@tell.register
def _(error: TooLargeError) -> Told:
    del error
    return Told(status=413, title="Content too large", detail="The request is larger than anything used here.")


@tell.register
def _(error: InvalidError) -> Told:
    problems = tuple({"path": each.path, "message": f"{each.rule}; {each.fix}"} for each in error.problems)
    return Told(status=422, title="Unprocessable content", detail=str(error), problems=problems)


@tell.register
def _(error: RequestValidationError) -> Told:
    problems = tuple(
        {"path": ".".join(str(part) for part in each["loc"]), "message": each["msg"]} for each in error.errors()
    )
    detail = "The request is not well-formed."
    return Told(status=422, title="Unprocessable content", detail=detail, problems=problems)


@tell.register
def _(error: ConflictError) -> Told:
    return Told(status=409, title="Conflict", detail=str(error))


@tell.register(NotThereError)
@tell.register(store_errors.NotThereError)
def _(error: Exception) -> Told:
    return Told(status=404, title="Not found", detail=str(error))


@tell.register
def _(error: store_errors.StoreDownError) -> Told:
    del error  # it may name hosts and users
    detail = "The database cannot be reached. What runs goes on and is recorded; try again in a moment."
    return Told(status=503, title="Unavailable", detail=detail, headers={"Retry-After": RETRY_SECONDS})


@tell.register
def _(error: TooManyStreamsError) -> Told:
    return Told(status=429, title="Too many requests", detail=error.text, headers={"Retry-After": RETRY_SECONDS})


@tell.register
def _(error: UnavailableError) -> Told:
    return Told(status=503, title="Unavailable", detail=str(error), headers={"Retry-After": RETRY_SECONDS})


@tell.register
def _(error: HTTPException) -> Told:
    detail = "There is nothing at this address." if error.status_code == HTTPStatus.NOT_FOUND else str(error.detail)
    return Told(status=error.status_code, title=str(error.detail), detail=detail, headers=dict(error.headers or {}))
