"""A served portal and a headless Chromium to look at it with. Playwright is imported only where it is used."""

import shutil
import socket
import threading
from contextlib import contextmanager

import uvicorn

NAMES = ("chromium", "chromium-browser", "google-chrome")
GRACE = 2
"""Seconds that a server which ends leaves to streams; browsers come back by themselves."""


def free_port():
    """Return a socket that listens on a free port of this machine, and its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


class Served:
    """An application behind a real port. `again` ends the server and starts another one on the same port."""

    def __init__(self, app, listening):
        self._app, self._port = app, listening.getsockname()[1]
        self._start(listening)

    def _start(self, listening):
        config = uvicorn.Config(self._app, log_level="critical", lifespan="off", timeout_graceful_shutdown=GRACE)
        self._server, self._listening = uvicorn.Server(config), listening
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()

    def again(self):
        self.stop()
        self._start(socket.create_server(("127.0.0.1", self._port)))

    def stop(self):
        self._server.should_exit = True
        self._thread.join(GRACE + 20)
        assert not self._thread.is_alive(), "the server ends"
        self._listening.close()


@contextmanager
def chromium():
    """Give a browser; what is missing is an error, since these tests run only where they are asked for."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"none of {', '.join(NAMES)} is on PATH"
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def logged_in(browser, url, cookie, **options):
    """Return a page of somebody who is logged in, and the list of what its console complains about."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.add_cookies([{"name": "mlops-session", "value": cookie, "url": url}])
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(20_000)
    return page, complaints
