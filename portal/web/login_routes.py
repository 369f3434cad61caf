"""Login and logout: to the identity provider and back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portal.access import csrf
from portal.access.origins import safe_next
from portal.pages.render import render
from portal.web.edge import Edge, checked_form, edge_of, session_actor

SEE_OTHER = 303
router = APIRouter(include_in_schema=False)


@router.get("/login")
def login(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Show who people log in with; whoever is logged in goes on."""
    where = safe_next(next)
    if session_actor(request) is not None:
        return RedirectResponse(where, SEE_OTHER)
    return render(request, "login.html", next=where)


@router.post("/login")
def begin(request: Request, next: Annotated[str, Form(max_length=2000)] = "/") -> Response:  # noqa: A002
    """Send the browser to the identity provider. A login that another site starts would be its person's, not ours."""
    edge = edge_of(request)
    csrf.check_origin(request.method, request.headers, edge.url)
    url, key, seconds = edge.sessions.begin_login(f"{edge.url}/login/callback", safe_next(next))
    response = RedirectResponse(url, SEE_OTHER)
    _set(response, edge, edge.login_cookie, key, seconds)
    return response


@router.get("/login/callback")
def callback(request: Request) -> Response:
    """Take the identity provider's answer, and begin a session."""
    edge = edge_of(request)
    attempt = request.cookies.get(edge.login_cookie, "")
    value, where, seconds = edge.sessions.finish_login(
        attempt, dict(request.query_params), replaced=request.cookies.get(edge.cookie, "")
    )
    response = RedirectResponse(where, SEE_OTHER)
    response.delete_cookie(edge.login_cookie, path="/", secure=edge.https, httponly=True, samesite="lax")
    _set(response, edge, edge.cookie, value, seconds)
    return response


@router.post("/logout", dependencies=[Depends(checked_form)])
async def logout(request: Request) -> Response:
    """End the session here, and where possible at the identity provider."""
    edge = edge_of(request)
    cookie = request.cookies.get(edge.cookie, "")
    elsewhere = await run_in_threadpool(edge.sessions.end, cookie, f"{edge.url}/signed-out")
    response = RedirectResponse(elsewhere or "/signed-out", SEE_OTHER)
    response.delete_cookie(edge.cookie, path="/", secure=edge.https, httponly=True, samesite="lax")
    return response


@router.get("/signed-out")
def signed_out(request: Request) -> HTMLResponse:
    """Say that the session is over."""
    return render(request, "signed-out.html")


def _set(response: Response, edge: Edge, name: str, value: str, seconds: int) -> None:
    # Lax, not Strict: the identity provider's answer comes by a link from another site, and needs the login's cookie.
    response.set_cookie(name, value, max_age=seconds, path="/", secure=edge.https, httponly=True, samesite="lax")
