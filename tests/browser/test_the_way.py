"""From the login to what is deployed, with a mouse, a thumb, keys alone, and without JavaScript."""

import pytest

from tests.browser.keyboard import Keyboard
from tests.browser.window import DESKTOP, PHONE, expect

pytestmark = pytest.mark.browser

WAYS = {
    "desktop": {"screen": DESKTOP},
    "phone": {"screen": PHONE},
    "desktop-without-scripts": {"screen": DESKTOP, "scripts": False},
    "phone-without-scripts": {"screen": PHONE, "scripts": False},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_change_is_previewed_approved_by_another_person_and_deployed(way, visit, portal):
    dan, ana = visit("dan", **WAYS[way]), visit("ana", **WAYS[way])
    preview = dan.start_preview("preprod", "the first deployment")
    portal.world.ended(preview)
    dan.latest().is_titled("Succeeded").sees("“the first deployment”")
    dan.sees("0 of 1 approval given")
    expect(dan.page.get_by_role("button", name="Approve")).to_have_count(0)
    expect(dan.page.get_by_role("button", name="Deploy this")).to_have_count(0)

    waiting = ana.open("/").card("preprod")
    expect(waiting).to_contain_text("Waiting for approval")
    waiting.get_by_role("link", name="Preview of Dan Developer").click()
    ana.sees("fraud-endpoint")
    ana.page.get_by_label("Comment").fill("read it, resource by resource")
    ana.click("Approve")
    ana.sees("Your approval is recorded.")

    dan.page.reload()
    dan.sees("“read it, resource by resource”").click("Deploy this")
    expect(dan.page.get_by_role("heading", name="Deployment of preprod")).to_be_visible()
    deployment = dan.operation()
    portal.world.ended(deployment)
    dan.latest().is_titled("Succeeded").sees("The stack is as it was approved.")
    expect(dan.page.get_by_label("Log")).to_contain_text("created fraud-endpoint")
    expect(dan.open("/").card("preprod")).to_contain_text("Healthy")
    actions = {each.action for each in portal.audited()}
    assert {"login", "operation.preview", "operation.approve", "operation.up"} <= actions, "who did what is kept"


def test_the_whole_way_by_keys_alone(visit, portal):
    ada, dan = visit("ada"), visit("dan")
    keys = Keyboard(dan)
    card = dan.card("preprod")
    keys.to(card.locator("summary")).press("Enter")
    keys.to(card.get_by_label("Why?")).write("by keys")
    keys.to(card.get_by_role("button", name="Start the preview")).press("Space")
    preview = dan.operation()
    dan.is_titled("Succeeded").sees("by keys")
    keys.to(dan.page.locator(".tree summary").first).press("Enter")
    keys.press("Enter")

    others = Keyboard(ada)
    ada.page.reload()
    others.to(ada.card("preprod").get_by_role("link", name="Preview of Dan Developer")).press("Enter")
    assert ada.operation() == preview
    others.to(ada.page.get_by_label("Comment")).write("with keys too")
    others.to(ada.page.get_by_role("button", name="Approve")).press("Enter")
    ada.sees("Your approval is recorded.")

    dan.page.reload()
    keys.to(dan.page.get_by_label("Note")).write("go")
    keys.to(dan.page.get_by_role("button", name="Deploy this")).press("Enter")
    expect(dan.page.get_by_role("heading", name="Deployment of preprod")).to_be_visible()
    dan.is_titled("Succeeded")
    keys.to(dan.page.get_by_label("Log"))
    assert keys.stops > 40, "there were stops to look at"


def test_the_first_tab_leads_past_the_menu(visit):
    dan = visit("dan", "/history")
    keys = Keyboard(dan).to(dan.page.get_by_role("link", name="Skip to the content"))
    keys.press("Enter").to(dan.page.get_by_label("Stack"))
    assert keys.stops == 2, "the next stop is in the content"


def test_settings_are_edited_by_keys_alone(visit):
    dan = visit("dan", "/stacks/dev/settings")
    keys = Keyboard(dan)
    keys.to(dan.page.get_by_label("Pulumi.dev.yaml")).press("Control+End").write("# checked by keys\n")
    keys.to(dan.page.get_by_label("Why?")).write("a note")
    keys.to(dan.page.get_by_role("button", name="Check", exact=True)).press("Enter")
    dan.sees("No mistakes.")
    keys.to(dan.page.get_by_role("button", name="Save")).press("Enter")
    dan.sees("The settings are saved.")


def test_without_scripts_a_page_of_what_runs_loads_itself_anew(visit, portal):
    portal.world.scenario.stop("dev", "preview-plan-data")
    dan = visit("dan", scripts=False)
    dan.start_preview("dev", "")
    portal.world.scenario.reached("dev", "preview-plan-data")
    portal.world.scenario.go("dev")
    dan.is_titled("Succeeded")


def test_without_scripts_settings_are_checked_and_saved(visit):
    dan = visit("dan", "/stacks/dev/settings", scripts=False)
    area = dan.page.get_by_label("Pulumi.dev.yaml")
    right = area.input_value()
    area.fill(right.replace("accuracy: 0.80", "accuracy: 1.80"))
    dan.click("Check")
    dan.sees("1 mistake").sees("models.fraud-detector.gate.accuracy")
    area.fill(right.replace("accuracy: 0.80", "accuracy: 0.85"))
    dan.page.get_by_label("Why?").fill("the data is better now")
    dan.click("Save")
    dan.sees("The settings are saved.")
    expect(area).to_have_value(right.replace("accuracy: 0.80", "accuracy: 0.85"))
