"""Every page, at desktop and phone widths: it fits, axe-core finds nothing serious, and a picture is taken of it."""

import pytest

from tests.browser.accessibility import violations
from tests.browser.window import DESKTOP, NARROWEST, PHONE, Window, expect

pytestmark = pytest.mark.browser

PAGES = {
    "stacks": "/",
    "stack": "/stacks/prod",
    "stack-lost": "/stacks/preprod",
    "editor": "/stacks/prod/settings",
    "history": "/history",
    "history-filtered": "/history?stack=prod&kind=preview&result=succeeded",
    "drift": "/drift",
    "models": "/stacks/prod/models",
    "model-waiting": "/stacks/prod/models/fraud-detector/7",
    "model-diff": "/stacks/prod/models/fraud-detector/diff?a=6&b=7",
    "projects": "/stacks/dev/projects",
    "project": "/stacks/dev/projects/churn",
    "reviews": "/reviews",
    "tokens": "/tokens",
    "audit": "/audit?check=true",
    "plan": "preview",
    "running": "running",
    "lost": "lost",
    "failed": "failed",
    "clean": "clean",
    "deployed": "deployed",
    "drift-found": "drift",
}
IN_THE_DARK = {"stacks", "plan", "running", "editor", "history", "lost"}


@pytest.fixture(scope="module")
def open_windows(past, chromium):
    """A window for each screen and visitor, for all pages: a new one takes longer than a page."""
    made = {}
    for screen in (DESKTOP, PHONE):
        for session in (past.session("adam"), None):
            window = made[screen.name, session is not None] = Window(chromium, past.settings.url, screen=screen)
            if session is not None:
                window.come_as(session)
    yield made
    troubles = [trouble for each in made.values() for trouble in each.close()]
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def shown(open_windows):
    """Opens a page, as the admin of the past or as nobody."""

    def show(screen, address, *, logged_in=True):
        window = open_windows[screen.name, logged_in]
        window.page.emulate_media(color_scheme="light", media="screen")
        window.page.set_viewport_size({"width": screen.width, "height": screen.height})
        return window.open(address)

    yield show
    troubles = [trouble for each in open_windows.values() for trouble in each.troubles]
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def address(past):
    def of(name):
        found = PAGES[name]
        return found if found.startswith("/") else f"/operations/{getattr(past, found).id}"

    return of


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_is_accessible_and_has_its_picture_taken(name, shown, address, album):
    desktop, phone = (shown(screen, address(name)) for screen in (DESKTOP, PHONE))
    faults = violations(desktop.page) + violations(desktop.page, scheme="dark")
    assert not faults, "\n".join(faults)
    for window in (desktop, phone):
        assert window.overflow() <= 0, f"{name} is wider than a {window.screen.name}"
        album.take(window, name)
        if name in IN_THE_DARK:
            album.take(window, name, scheme="dark")
    phone.page.set_viewport_size({"width": NARROWEST, "height": 700})
    assert phone.overflow() <= 0, f"{name} scrolls sideways on a narrow phone"


@pytest.mark.parametrize(("name", "where"), [("login", "/login"), ("signed-out", "/signed-out")])
def test_pages_before_and_after_the_session_are_so_too(name, where, shown, album):
    desktop, phone = (shown(screen, where, logged_in=False) for screen in (DESKTOP, PHONE))
    faults = violations(desktop.page) + violations(desktop.page, scheme="dark")
    assert not faults, "\n".join(faults)
    for window in (desktop, phone):
        assert window.overflow() <= 0, f"{name} is wider than a {window.screen.name}"
        album.take(window, name)


def test_a_page_on_paper_shows_the_plan_and_no_buttons(shown, address):
    window = shown(DESKTOP, address("plan"))
    window.page.emulate_media(media="print")
    expect(window.page.get_by_role("heading", name="Resources")).to_be_visible()
    expect(window.page.get_by_role("button", name="Approve")).to_be_hidden()
    expect(window.page.get_by_role("navigation", name="Main")).to_be_hidden()
