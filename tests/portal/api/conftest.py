"""The portal behind a port, with the scripted engine: what the typed client, or any other program, talks to."""

import threading
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from portal.client import PortalClient
from portal.configuration import Listen
from portal.serve import Server, listening
from tests.portal.web.conftest import provider, shared, site  # noqa: F401  # fixtures, one for all files here
from tests.portal.web.site import Site
from tests.portal.world import PortalWorld

TRUSTED = httpx.create_ssl_context()
"""One for all clients: reading certificates takes longer than a request, and here is no TLS anyway."""


@contextmanager
def served(app, listener):
    """Serve an application in a thread."""
    begun = threading.Event()
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = Server(config, begun.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert begun.wait(20), "the server did not start"
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)


class Served:
    """A site behind a port. `client(who, scopes)` is somebody's program."""

    def __init__(self, folder, provider, listener):  # noqa: F811
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.site = Site(folder, provider, url=self.url, start=True).begun()
        self.world = self.site.world
        self._tokens = {}

    def token(self, who, *scopes):
        """Somebody's token, the same one each time."""
        known = (who.id, scopes)
        if known not in self._tokens:
            self._tokens[known] = self.site.token(who, *scopes)
        return self._tokens[known]

    def client(self, who, *scopes, **more):
        return PortalClient(self.url, self.token(who, *scopes), pause=lambda _: None, **more)

    def http(self, who=None, *scopes):
        headers = {"authorization": f"Bearer {self.token(who, *scopes)}"} if who else {}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, trust_env=False, timeout=20, verify=TRUSTED)


@pytest.fixture(scope="session")
def behind_a_port(tmp_path_factory, provider):  # noqa: F811
    with listening(Listen(port=0)) as listener:
        made = Served(tmp_path_factory.mktemp("api"), provider, listener)
        with served(made.site.app, listener):
            yield made
        made.site.close()


@pytest.fixture
def portal(behind_a_port):
    """A portal in which other tests were before, at rest."""
    for stack in ("dev", "preprod", "prod", "sandbox"):
        behind_a_port.world.scenario.go(stack)
    return behind_a_port


EVERYTHING = ("read", "preview", "edit", "deploy", "approve", "models", "reviews", "repair", "destroy", "audit")


@pytest.fixture
def developer(portal):
    with portal.client(PortalWorld.developer, *EVERYTHING) as client:
        yield client


@pytest.fixture
def approver(portal):
    with portal.client(PortalWorld.approver, *EVERYTHING) as client:
        yield client
