"""A local issuer, the portal's client of it, and somebody's browser between them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from local.identity_provider.people import Client
from local.identity_provider.server import IdentityProvider
from portal.access.issuer_http import issuer_client
from portal.access.oidc import OidcClient
from portal.access.oidc_config import ClientAuthentication, OidcConfig

CALLBACK = "http://127.0.0.1:8000/login/callback"
SECRET = "a secret + with / characters : that % need encoding"


class Time:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time) -> None:
        self.now += timedelta(**time)


class World:
    """One issuer and one client."""

    def __init__(self, provider: IdentityProvider, clock: Time, http: httpx.Client) -> None:
        self.provider, self.clock, self.http = provider, clock, http
        self.client = self.client_with()

    def client_with(self, *, http: httpx.Client | None = None, **config) -> OidcClient:
        """A client that knows nothing of the issuer yet."""
        given = {"issuer": self.provider.url, "client_id": "portal", "client_secret": SECRET, **config}
        return OidcClient(OidcConfig(**given), http or self.http, self.clock)

    def visit(self, url: str, subject: str = "ada") -> dict[str, str]:
        """What the issuer sends a browser back with, after a click on somebody."""
        answer = self.http.get(url, params={**dict(parse_qsl(urlsplit(url).query)), "login_hint": subject})
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith(CALLBACK)
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def log_in(self, subject: str = "ada", *, client: OidcClient | None = None):
        """The whole way."""
        client = client or self.client
        begun = client.begin(CALLBACK, "/stacks/dev")
        return client.finish(begun.attempt, self.visit(begun.url, subject))


@pytest.fixture(scope="package")
def running():
    """One issuer for all tests: a key takes a while to make."""
    clock = Time()
    with IdentityProvider(clock=clock) as provider, issuer_client(provider.url) as http:
        yield provider, clock, http


@pytest.fixture
def world(running):
    provider, clock, http = running
    provider.faults.clear()
    provider.release.clear()
    provider.requests.clear()
    provider.claims_in_token = True
    provider.more_in_userinfo.clear()
    provider.register(Client(client_id="portal", secret=SECRET, redirect_uris=(CALLBACK,)))
    yield World(provider, clock, http)
    provider.release.set()


POST, NONE = ClientAuthentication.POST, ClientAuthentication.NONE
