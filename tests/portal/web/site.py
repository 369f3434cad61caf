"""A portal as people's browsers see it: the application, a local issuer, and browsers in which people are logged in."""

import re

import anyio.from_thread
from fastapi.testclient import TestClient

from local.identity_provider.people import Client
from portal.access.issuer_http import issuer_client
from portal.access.oidc import OidcClient
from portal.app import create_app
from portal.configuration import parse
from tests.portal.world import PortalWorld

URL = "http://127.0.0.1:8080"
SECRET = "a client's secret"
KEY = b"k" * 32
COOKIE, LOGIN_COOKIE = "mlops-session", "mlops-login"


class IssuerClock:
    """The issuer outlives a portal, so its clock asks the present portal's."""

    def __init__(self):
        self.current = None

    def __call__(self):
        return self.current()


class Site:
    """One portal. `url` is what people open; with https, cookies have another name."""

    def __init__(self, folder, provider, *, url=URL, start=False, **world):
        # `start`: the application starts the portal by itself, but only where a test runs its lifespan
        self.url = url
        self.provider = provider
        self.world = PortalWorld(folder, start=start, **world)
        document = self.world.document | {"url": url, "login": {**self.world.document["login"], "issuer": provider.url}}
        environment = self.world.environment | {"PORTAL_SECRET": SECRET}
        self.settings = parse(document, source="portal.toml", folder=self.world.folder)
        self._running = anyio.from_thread.start_blocking_portal()
        self._loop = self._running.__enter__()
        self.http = issuer_client(provider.url)
        self.login = OidcClient(self.settings.login.oidc(environment), self.http, self.world.clock)
        self.app = create_app(
            self.world.portal, self.settings, login=self.login, clock=self.world.clock, session_key=KEY
        )

    def begun(self):
        """Be the portal of a test that begins."""
        self.provider.faults.clear()
        self.provider.clock.current = self.world.clock
        self.provider.register(
            Client(client_id="portal", secret=SECRET, redirect_uris=(f"{self.url}/login/callback",),
                   logout_uris=(f"{self.url}/signed-out",))
        )  # fmt: skip
        with self.world.portal.store.reading() as unit:
            self.began = unit.audit.head().sequence
        return self

    def audited(self):
        """What came into the audit log since the test began, oldest first."""
        return [entry for entry in self.world.audited() if entry.sequence > self.began]

    @property
    def clock(self):
        return self.world.clock

    @property
    def sessions(self):
        return self.app.state.edge.sessions

    def close(self):
        self._running.__exit__(None, None, None)
        self.http.close()
        self.world.close()

    def browser(self, who=None, **headers):
        """A browser, in which somebody is logged in. It follows no redirect by itself; its forms have an origin."""
        made = self._client({"origin": self.url, **headers})
        if who is not None:
            answer = self.log_in(made, who)
            assert answer.status_code == 303, answer.text
        return made

    def log_in(self, browser, who, next_page="/"):
        """The whole way, with a click on somebody at the issuer; the answer to the callback."""
        begun = browser.post("/login", data={"next": next_page})
        assert begun.status_code == 303, begun.text
        return browser.get(self.click(begun.headers["location"], who))

    def click(self, url, who):
        """Choose a person at the issuer; return where the browser is sent, without our own origin."""
        answer = self.http.get(f"{url}&login_hint={who}")
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith(self.url), "the issuer sends people back to the portal"
        return answer.headers["location"].removeprefix(self.url)

    def csrf(self, browser):
        """The token in the forms of a page."""
        return re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/tokens").text)[1]

    def token(self, who, *scopes, days=30, name="ci"):
        """An API token of somebody in `PortalWorld`."""
        return self.sessions.make_token(who, name=name, scopes=scopes, days=days).plain

    def program(self, who=None, *scopes, token=None):
        """A program with a token, in place of a browser."""
        plain = token or self.token(who, *scopes)
        return self._client({"authorization": f"Bearer {plain}"})

    def _client(self, headers):
        made = TestClient(
            self.app, base_url=self.url, follow_redirects=False, headers=headers, raise_server_exceptions=False
        )
        made.portal = self._loop  # one event loop for all requests; else each starts a thread with one
        return made
