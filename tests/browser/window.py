"""Somebody's browser window, and what went wrong in it.

Whatever a person would not see, but a developer's console would tell, is a trouble: an error or warning there, a breach
of the content security policy, an exception in a script, a request to a stranger, one that failed or was refused.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

NAMES = {
    "vera": "Vera Viewer",
    "dan": "Dan Developer",
    "ana": "Ana Approver",
    "ada": "Ada Admin",
}
"""The local issuer's people."""
REFUSED = "Failed to load resource: the server responded with a status of"
"""What the console says besides of each refused request; the response itself says more."""
LEFT_BEHIND = {"eventsource": "a page that is left ends its stream", "xhr": "or a reload of a part of it"}
"""Kinds of requests that a browser may abort, and why."""
SECONDS = 20
"""The longest wait for anything; only tests that fail wait so long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """What somebody holds in the hand, or looks at."""

    name: str
    width: int
    height: int
    touch: bool = False


DESKTOP = Screen(name="desktop", width=1280, height=900)
PHONE = Screen(name="phone", width=390, height=844, touch=True)
NARROWEST = 360
"""Pixels: the narrowest phones in use."""


def expect(found):
    """Playwright's assertion that waits; imported only where a browser is there."""
    from playwright.sync_api import expect as waiting

    waiting.set_options(timeout=SECONDS * 1000)
    return waiting(found)


class Window:
    """One window with cookies of its own. `origins` are those whom its pages may talk to."""

    def __init__(self, chromium, url, *, issuer="", screen=DESKTOP, scripts=True, scale=1):
        self.url, self.screen, self.scripts = url, screen, scripts
        self.origins = {url, issuer}
        self.troubles, self.expected, self.refused = [], set(), set()
        self.downloads, self.endured = set(), ()
        self.context = chromium.new_context(
            base_url=url,
            viewport={"width": screen.width, "height": screen.height},
            has_touch=screen.touch,
            is_mobile=screen.touch,
            java_script_enabled=scripts,
            device_scale_factor=scale,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
        )
        self.context.set_default_timeout(SECONDS * 1000)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.troubles.append(f"exception: {error.error}"))
        self.context.on("request", self._asked)
        self.context.on("requestfailed", self._failed)
        self.context.on("response", self._answered)
        self.page = self.context.new_page()
        self.page.on("download", lambda download: self.downloads.add(download.url))

    # -- what somebody does

    def open(self, address):
        """Go to an address of the portal."""
        self.page.goto(address)
        return self

    def come_as(self, session):
        """Have a session's cookie already."""
        self.context.add_cookies([{"name": "mlops-session", "value": session, "url": self.url}])

    def log_in(self, who, address="/"):
        """Open a page, and log in on the way, by clicks."""
        self.open(address)
        self.click("Log in")
        self.page.get_by_role("link", name=re.compile(f"^{NAMES[who]}")).click()
        expect(self.page).to_have_url(f"{self.url}{address}")
        return self

    def click(self, name, within=None):
        """Press a button."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def unfold(self, name, within=None):
        """Open what is behind a summary."""
        (within or self.page).locator("summary").get_by_text(name, exact=True).click()

    def card(self, stack):
        """A stack's card on the first page."""
        return self.page.get_by_role("article", name=stack, exact=True)

    def start_preview(self, stack, why):
        """Start a preview from the first page; returns its id once the browser is on its page."""
        card = self.open("/").card(stack)
        self.unfold("Preview", card)
        card.get_by_label("Why?").fill(why)
        self.click("Start the preview", card)
        return self.operation()

    def operation(self):
        """The id of the operation whose page this is."""
        self.page.wait_for_url("**/operations/*")
        return urlsplit(self.page.url).path.rpartition("/")[2]

    def sees(self, text):
        """Wait until a text is visible."""
        expect(self.page.get_by_text(text).first).to_be_visible()
        return self

    def is_titled(self, word):
        """Wait until the word for where an operation stands is this one."""
        expect(self.page.locator("#state")).to_have_text(word)
        return self

    def latest(self):
        """Without scripts a page is what it was; load it anew."""
        if not self.scripts:
            self.page.reload()
        return self

    # -- what must not go wrong

    def may_be_refused(self, *codes):
        """Expect refusals; that they come is checked at the end."""
        self.expected |= set(codes)

    def endures(self, *troubles):
        """Let troubles pass that begin like this, since the test causes them."""
        self.endured = troubles

    def overflow(self):
        """How many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def close(self):
        """Close it, and return what went wrong."""
        self.context.close()
        missing = [f"no answer was {code}, and one should have been" for code in self.expected - self.refused]
        # To a browser, a page that turns out to be a file is a page that failed.
        loaded = tuple(f"failed: document {url} net::ERR_ABORTED" for url in self.downloads)
        told = [each for each in self.troubles if each not in loaded and not each.startswith(self.endured)]
        return [f"{self.screen.name}: {each}" for each in [*told, *missing]]

    def _said(self, message):
        if message.type in {"error", "warning"} and not message.text.startswith(REFUSED):
            self.troubles.append(f"console: {message.text}")

    def _asked(self, request):
        parts = urlsplit(request.url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" not in self.origins:
            self.troubles.append(f"asked a stranger: {request.url}")

    def _failed(self, request):
        if request.failure != "net::ERR_ABORTED" or request.resource_type not in LEFT_BEHIND:
            self.troubles.append(f"failed: {request.resource_type} {request.url} {request.failure}")

    def _answered(self, response):
        if response.status < 400:
            return
        self.refused.add(response.status)
        if response.status not in self.expected:
            self.troubles.append(f"refused: {response.url} {response.status}")
