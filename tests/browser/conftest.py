"""Headless Chromium, the portal in a thread, and windows that tell at the end of each test what went wrong in them.

Playwright is imported in the fixtures alone: the tests are collected, and counted, also where it is not installed.
"""

import shutil

import pytest

from tests.browser.pictures import Album
from tests.browser.portals import opened, with_past
from tests.browser.window import Window
from tests.portal.web.conftest import provider  # noqa: F401  # a fixture

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium():
    """The machine's own Chromium."""
    from playwright.sync_api import sync_playwright

    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, f"none of {', '.join(NAMES)} is on PATH: install Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def portal(tmp_path, provider):  # noqa: F811
    """A portal of the test's own, with the scripted engine."""
    with opened(tmp_path, provider) as site:
        yield site


@pytest.fixture(scope="session")
def past(tmp_path_factory):
    """A portal in whose past is something of every kind; nobody changes it."""
    with with_past(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def windows(chromium):
    """Opens windows; at the end all are closed, and no trouble may have been in any of them."""
    made = []

    def window(url, **options):
        made.append(Window(chromium, url, **options))
        return made[-1]

    yield window
    troubles = [trouble for each in made for trouble in each.close()]
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def visit(portal, windows):  # in this order: windows are closed before the portal
    """Opens a window in which somebody is logged in at the test's portal."""

    def somebody(who, address="/", **options):
        return windows(portal.url, issuer=portal.provider.url, **options).log_in(who, address)

    return somebody


@pytest.fixture(scope="session")
def album():
    """Where screenshots go."""
    return Album()
