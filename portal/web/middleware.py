"""Around every request: an id, a limit on its size, the security headers, an answer whatever fails, one log line."""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("portal.requests")

LARGEST_BODY = 1024 * 1024
"""Bytes. The largest thing that anybody sends is a stack file; the platform's own have some 10,000."""
REQUEST_ID = "x-request-id"
LONGEST_LOGGED_PATH = 300
OFTEN_ASKED = ("/healthz", "/readyz", "/static/")
"""Logged for debugging only: probes ask every few seconds."""
_WELL_FORMED = re.compile(r"[0-9A-Za-z._-]{8,64}")


class TooLargeError(HTTPException):
    """The body is larger than anything the portal takes.

    An HTTPException, because FastAPI tells every other error while it reads a body as a malformed one.
    """

    def __init__(self) -> None:
        super().__init__(413)


class Surroundings:
    """ASGI middleware, the outermost of ours. `headers` returns the security headers for a path.

    `failed` answers what no handler did. Starlette would do so outside of this middleware, and so without its headers.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        headers: Callable[[str], Mapping[str, str]],
        failed: Callable[[Request, Exception], Awaitable[Response]],
    ) -> None:
        self._app, self._headers, self._failed = app, headers, failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything but HTTP is passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        # Taken over from a proxy where it is one; a stranger's text must not get into the log.
        identity = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = identity
        began, status, whole = time.monotonic(), 0, False

        async def sending(message: Message) -> None:
            nonlocal status, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                own = MutableHeaders(scope=message)
                for name, value in self._headers(scope["path"]).items():
                    own.setdefault(name, value)
                own[REQUEST_ID] = identity
            whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        limited = _limited(scope, receive)
        try:
            await self._app(scope, limited, sending)
            if status and not whole:  # a stream of events that the end of the service cut: its reader comes back
                await sending({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception as error:
            if status:  # too late for an answer: the server breaks the connection, and logs why
                raise
            response = await self._failed(Request(scope, limited), error)
            await response(scope, receive, sending)
        finally:
            _log(scope, identity, status, time.monotonic() - began)


def _log(scope: Scope, identity: str, status: int, seconds: float) -> None:
    path: str = scope["path"]  # never the query: a login's code is in one
    client = scope.get("client")
    log.log(
        logging.DEBUG if path.startswith(OFTEN_ASKED) else logging.INFO,
        "request",
        extra={
            "request": identity,
            "method": scope["method"],
            "path": path[:LONGEST_LOGGED_PATH],
            "status": status,
            "milliseconds": round(seconds * 1000),
            "actor": scope["state"].get("actor_id"),
            "client": client[0] if client else None,
        },
    )


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Return `receive` that gives up on a body which is too large, also where its length was not announced."""
    announced: Any = Headers(scope=scope).get("content-length", "0")
    too_long = announced.isdigit() and int(announced[:20]) > LARGEST_BODY
    got = 0

    async def limited() -> Message:
        nonlocal got
        if too_long and not got:
            raise TooLargeError
        message = await receive()
        got += len(message.get("body", b""))
        if got > LARGEST_BODY:
            raise TooLargeError
        return message

    return limited
