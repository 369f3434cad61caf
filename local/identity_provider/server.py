"""`IdentityProvider`: an OpenID Connect issuer behind a loopback port."""

import socket
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import uvicorn

from local.identity_provider.app import build
from local.identity_provider.faults import Fault
from local.identity_provider.grants import Grants
from local.identity_provider.people import PEOPLE, Client, Person
from local.identity_provider.signing import Keys

_START_SECONDS = 20


class IdentityProvider:
    """An issuer that lets fictional people log in by a click. Use it as a context manager.

    It listens on the loopback address only. Nothing is stored: keys, codes and tokens end with it.
    """

    def __init__(
        self,
        people: Iterable[Person] = PEOPLE,
        port: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        algorithm: str = "RS256",
    ) -> None:
        self.people = {person.subject: person for person in people}
        self.clock = clock
        self.clients: dict[str, Client] = {}
        self.keys = Keys(algorithm)
        self.grants = Grants(clock)
        self.claims_in_token = True
        """False: the ID token holds the protocol's claims only, and userinfo the rest."""
        self.more_in_userinfo: dict[str, Any] = {}
        self.faults: set[Fault] = set()
        self.release = threading.Event()
        """Ends the waiting of `Fault.SLOW`."""
        self.requests: list[str] = []
        """Which of "discovery", "jwks", "token" were asked, oldest first."""
        self.url = ""
        """The issuer."""
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def register(self, client: Client) -> None:
        """Let an application use this issuer; one of the same id is replaced."""
        self.clients[client.client_id] = client

    def __enter__(self) -> Self:
        """Listen. With port 0, on a free one."""
        # With the protocol named: only for such sockets asyncio turns Nagle's algorithm off; else answers wait 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self._port))
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            config = uvicorn.Config(
                build(self), lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=2
            )
            self._server = _Server(config)
            self._thread = threading.Thread(
                target=self._server.run, args=([listener],), name="local-identity-provider", daemon=True
            )
            self._thread.start()
        except BaseException:
            listener.close()
            raise
        if not self._server.listens.wait(_START_SECONDS):
            raise RuntimeError(f"the local identity provider did not start within {_START_SECONDS} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self.release.set()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()
