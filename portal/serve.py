"""Serves the portal by a configuration file: one process, ended in good order by SIGTERM or Ctrl-C.

At the end, in this order: no new connections; streams of events end, and their readers come back to the next service;
requests end; operations that run get time (`Timing.drain`), then are cancelled and recorded; the lease is given back.
"""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from sse_starlette.sse import AppStatus

from portal import logging_setup
from portal.access.issuer_http import issuer_client
from portal.access.oidc import OidcClient
from portal.app import create_app
from portal.configuration import Listen, load
from portal.service.portal import Portal, utc_now

log = logging.getLogger(__name__)
REQUESTS_END_WITHIN = 10
"""Seconds. No request takes longer, but streams; those end by themselves when the server does."""
WAITING = 512
"""Connections that wait to be taken."""


class StartError(Exception):
    """The portal cannot be served; the text says why and what to do."""


def serve(config_file: Path) -> None:
    """Serve until a signal ends it. Raises ConfigurationError, StoreError and StartError, for people to read."""
    settings = load(config_file)
    logging_setup.configure()
    session_key = settings.session_key()
    if session_key is None:
        log.warning("no session_key is configured: after a restart, open pages have to be loaded again")
    with listening(settings.listen) as listener, issuer_client(settings.login.issuer) as http:
        login = OidcClient(settings.login.oidc(), http, utc_now)
        portal = Portal(settings)
        try:
            app = create_app(portal, settings, login=login, clock=utc_now, session_key=session_key)
            log.info("the portal serves %s", settings.url)
            run(app, listener)
        finally:
            portal.stop()


@contextmanager
def listening(listen: Listen) -> Iterator[socket.socket]:
    """Give the socket that the portal listens on. Raises StartError where the port is somebody else's."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # With the protocol named: only for such sockets asyncio turns Nagle's algorithm off; else answers wait 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not while somebody listens there
        try:
            listener.bind((listen.host, listen.port))
            listener.listen(WAITING)
        except OSError as error:
            raise StartError(
                f"{listen.host}:{listen.port} cannot be listened on: {error.strerror}. "
                "Is the portal running already? End the other program, or choose another port."
            ) from error
        yield listener


def run(app: FastAPI, listener: socket.socket, started: Callable[[], None] = lambda: None) -> None:
    """Serve an application until a signal ends it. Raises StartError where the application does not start."""
    server = Server(
        uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,  # the process's own logging holds
            access_log=False,  # `portal.web.middleware` writes one that holds no query
            server_header=False,
            timeout_graceful_shutdown=REQUESTS_END_WITHIN,
            # The address of a request is taken from a proxy's headers only where the proxy is on this machine, or
            # named in FORWARDED_ALLOW_IPS. It stands in the log, and nothing is decided by it.
            proxy_headers=True,
        ),
        started,
    )
    try:
        server.run(sockets=[listener])
    except SystemExit as error:  # uvicorn's way to say that the lifespan did not begin
        raise StartError("the portal did not start; the log says why") from error


class Server(uvicorn.Server):
    """Says when it serves. After a signal it returns, so that the caller can end in good order what it began."""

    def __init__(self, config: uvicorn.Config, began: Callable[[], None]) -> None:
        super().__init__(config)
        self._began = began

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve."""
        await super().startup(sockets)
        if self.started:
            self._began()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Have SIGTERM and Ctrl-C end the serving; a second Ctrl-C waits for nothing.

        Other than uvicorn's own, this does not send the process the signal again afterwards.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {
            each: signal.signal(each, self.handle_exit) for each in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for each, handler in handlers.items():
                signal.signal(each, handler)
            AppStatus.should_exit = False  # it ended the streams; the next server of this process has its own
