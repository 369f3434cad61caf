"""The pages in a real browser: for everybody's eyes, on a phone, by keyboard, live, and without scripts."""

import pytest

from portal.outcomes import State
from tests.portal.pages.browsing import Served, chromium, free_port, logged_in
from tests.portal.pages.past import Past
from tests.portal.pages.test_all_pages import addresses
from tests.portal.pages.test_the_whole_way import application, session
from tests.portal.world import PortalWorld

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def served_past(tmp_path_factory):
    listening, url = free_port()
    past = Past(tmp_path_factory.mktemp("browser"), url)
    server = Served(past.app, listening)
    yield past
    server.stop()
    past.portal.stop()


@pytest.fixture
def world(tmp_path):
    listening, url = free_port()
    with PortalWorld(tmp_path, settings={"url": url}) as made:
        made.served = Served(application(made), listening)
        yield made
        made.served.stop()


def open_everything(page):
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_passes_the_rules_of_accessibility(browser, served_past, scheme):
    from axe_playwright_python.sync_playwright import Axe

    url = served_past.settings.url
    page, _ = logged_in(browser, url, served_past.session("adam"), color_scheme=scheme, bypass_csp=True)
    for address in [*addresses(served_past), "/audit?check=true", "/nothing"]:
        page.goto(url + address)
        open_everything(page)
        found = Axe().run(page).response["violations"]
        assert not found, f"{address}: {[(each['id'], each['nodes'][0]['html'][:200]) for each in found]}"


def test_no_page_is_wider_than_a_small_phone(browser, served_past):
    url, small = served_past.settings.url, {"width": 360, "height": 740}
    page, _ = logged_in(browser, url, served_past.session("adam"), viewport=small, bypass_csp=True)
    for address in [*addresses(served_past), "/audit", "/nothing"]:
        page.goto(url + address)
        open_everything(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{address} scrolls sideways"


def test_a_preview_is_started_by_keyboard_alone(browser, world):
    page, complaints = logged_in(browser, world.settings.url, session(world, world.developer))
    page.goto(world.settings.url)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content", "the first stop leads past the menu"
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.locator(":focus").inner_text() == "Preview":
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url("**/operations/*")
    page.locator("#decision").wait_for()
    assert "by keyboard" in page.locator("main").inner_text()
    assert not complaints, "nothing was against the content security policy"


def test_an_operation_is_watched_through_a_reload_and_a_restart_of_the_server(browser, world):
    page, _ = logged_in(browser, world.settings.url, session(world, world.developer))
    world.scenario.stop("dev", "preview-plan-data")
    preview = world.portal.operations.preview(world.developer, "dev", "watched")
    page.goto(f"{world.settings.url}/operations/{preview.id}")
    page.locator(".log li", has_text="vpc").first.wait_for()
    page.locator("#state", has_text="Running").wait_for()
    before = page.locator(".log li").all_inner_texts()
    page.reload()
    assert page.locator(".log li").all_inner_texts()[: len(before)] == before, "a reload loses nothing"
    world.served.again()
    world.scenario.go("dev")
    page.locator("#decision").wait_for()
    assert page.locator("#state").inner_text() == "Succeeded"
    assert page.locator("main").count() == 1
    assert world.ended(preview).outcome.state is State.SUCCEEDED


def test_without_scripts_an_operation_is_started_and_followed_to_its_end(browser, world):
    page, _ = logged_in(browser, world.settings.url, session(world, world.developer), java_script_enabled=False)
    world.scenario.stop("dev", "preview-end")
    page.goto(f"{world.settings.url}/stacks/dev")
    page.locator("summary", has_text="Preview…").first.click()
    page.fill("#why-preview", "without scripts")
    page.get_by_role("button", name="Start the preview").click()
    page.locator(".log li", has_text="would create").first.wait_for()
    world.scenario.go("dev")
    page.locator("#decision").wait_for()


def test_a_mistake_in_the_settings_leads_to_its_line_and_the_text_stays(browser, world):
    page, complaints = logged_in(browser, world.settings.url, session(world, world.developer))
    page.goto(f"{world.settings.url}/stacks/dev/settings")
    wrong = page.input_value("#text").replace("accuracy: 0.80", "accuracy: 8")
    page.fill("#text", wrong)
    page.get_by_role("button", name="Check").click()
    page.locator(".problem").wait_for()
    assert page.input_value("#text") == wrong, "only the findings were loaded"
    page.locator("a[data-line]").first.click()
    chosen = page.locator("#text").evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert "accuracy: 8" in chosen
    page.fill("#search", "smoke")
    assert 0 < page.locator("[data-entry]:visible").count() < 10, "the reference shows what was searched for"
    assert not complaints
