"""The portal as a web application: pages, JSON API and login around one `Portal`."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from portal.access.headers import security_headers
from portal.access.oidc import OidcClient
from portal.access.origins import origin_of
from portal.api import openapi
from portal.api.router import api_router
from portal.configuration import PortalSettings
from portal.pages.router import pages_router
from portal.service.portal import Portal
from portal.store.errors import StoreError
from portal.web import failures, login_routes
from portal.web.edge import Edge
from portal.web.middleware import Surroundings
from portal.web.sessions import Sessions
from portal.web.streams import Streams

KEY_BYTES = 32
STATIC = "/static/"


def create_app(
    portal: Portal,
    settings: PortalSettings,
    *,
    login: OidcClient,
    clock: Callable[[], datetime],
    session_key: bytes | None = None,
) -> FastAPI:
    """Return the application. It starts and stops `portal` with itself.

    Without a session key, one is made for this process: after a restart, open pages have to be loaded again before
    their forms can be sent.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        await run_in_threadpool(portal.start)
        try:
            yield
        finally:
            await run_in_threadpool(portal.stop)

    app = FastAPI(
        title=openapi.TITLE,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,  # it would build the address of the Host header, which anybody can set
    )
    sessions = Sessions(portal.store, login=login, mapping=settings.roles, clock=clock)
    app.state.edge = Edge(sessions=sessions, csrf_key=session_key or secrets.token_bytes(KEY_BYTES), url=settings.url)
    app.state.portal, app.state.streams = portal, Streams()
    failures.install(app)
    issuer, https = origin_of(settings.login.issuer), settings.url.startswith("https://")
    of_pages, of_files = (security_headers(https, issuer, page=page) for page in (True, False))
    app.add_middleware(
        Surroundings,
        headers=lambda path: of_files if path.startswith(STATIC) else of_pages,
        failed=failures.answer,
    )
    app.include_router(login_routes.router)
    app.include_router(api_router())
    app.include_router(pages_router(portal, sessions, clock=clock))
    _add_health(app, portal)
    described = cache(lambda: openapi.described(app))
    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to change it
    return app


def _add_health(app: FastAPI, portal: Portal) -> None:
    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        """Say that the process answers. A restart is right when it does not."""
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    def readyz(request: Request) -> JSONResponse:
        """Say whether requests can be served, and whether this service is the one that runs operations."""
        del request
        try:
            portal.store.check()
        except StoreError:
            return JSONResponse({"status": "unavailable", "database": "down"}, 503)
        return JSONResponse({"status": "ok", "database": "ok", "runs_operations": portal.leads})
