"""What is seen while an operation runs: at once, once, and after a reload in the middle."""

import pytest

from tests.browser.window import PHONE, expect
from tests.portal.scenario import resource

pytestmark = pytest.mark.browser


def lines(window):
    """The lines of the log without their times."""
    texts = window.page.get_by_label("Log").locator("li > span").all_inner_texts()
    return [" ".join(each.split()) for each in texts]


def all_once(window):
    found = lines(window)
    assert len(found) == len(set(found)), f"a line is there twice: {found}"
    return found


def named(found):
    return [line.split()[1] for line in found if line.startswith("created ")]


def test_events_appear_as_they_happen_and_a_reload_in_the_middle_loses_and_doubles_none(visit, portal):
    scenario = portal.world.scenario
    preview = portal.world.preview("dev")
    wanted = [each["name"] for each in scenario.stacks["dev"]["resources"]]
    middle, late = "up-data", "up-schedule"
    scenario.stop("dev", "up-vpc", middle, late, "up-end")
    dan = visit("dan", f"/operations/{preview.id}")
    dan.click("Deploy this")
    expect(dan.page.get_by_role("heading", name="Deployment of dev")).to_be_visible()
    log = dan.page.get_by_label("Log")
    scenario.reached("dev", "up-vpc")
    dan.is_titled("Running")
    expect(log).to_contain_text("created key")
    dan.page.evaluate("window.loadedOnce = true")

    scenario.go("dev", "up-vpc")
    scenario.reached("dev", middle)
    expect(log).to_contain_text("created vpc")
    assert dan.page.evaluate("window.loadedOnce"), "the page was not loaded anew for it"
    before = wanted[: wanted.index("data")]
    expect(log.get_by_text(f"created {before[-1]}")).to_be_visible()
    assert named(all_once(dan)) == before
    expect(dan.page.get_by_role("progressbar")).to_have_attribute("value", str(len(before)))

    dan.page.reload()
    expect(log).to_contain_text("created vpc")
    assert named(all_once(dan)) == before, "everything so far is there"
    scenario.go("dev", middle)
    scenario.reached("dev", late)
    expect(log).to_contain_text("created fraud-endpoint")
    assert named(all_once(dan)) == wanted[: wanted.index("schedule")], "and the rest arrives"

    ada = visit("ada", dan.page.url.removeprefix(portal.url), screen=PHONE)
    expect(ada.page.get_by_label("Log")).to_contain_text("created fraud-endpoint")
    scenario.go("dev", late, "up-end")
    for window in (dan, ada):
        window.is_titled("Succeeded").sees("The stack is as it was approved.")
        assert named(all_once(window)) == wanted, "who came later saw all of it too"


def test_a_page_of_what_has_told_much_already_gets_all_of_it(visit, portal):
    """What was told before comes in several pieces, one right after the other."""
    scenario = portal.world.scenario
    many = [resource(f"parameter-{number:03}", "aws:ssm/parameter:Parameter") for number in range(250)]
    scenario.set("dev", resources=many)
    scenario.stop("dev", "preview-end")
    preview = portal.world.portal.operations.preview(portal.world.developer, "dev")
    scenario.reached("dev", "preview-end")
    dan = visit("dan", f"/operations/{preview.id}")
    for _ in range(3):
        expect(dan.page.get_by_label("Log").locator("li")).to_have_count(252)
        assert [line.split()[2] for line in all_once(dan)[2:]] == [each["name"] for each in many]
        dan.page.reload()
    scenario.go("dev")
    dan.is_titled("Succeeded")


def test_a_connection_that_breaks_is_taken_up_where_it_was(visit, portal):
    """The server ends the stream after some events; the browser comes back by itself and names the last it saw."""
    from portal.service.errors import UnavailableError

    scenario, feed = portal.world.scenario, portal.world.portal.feed
    scenario.stop("dev", "preview-plan-vpc", "preview-plan-data", "preview-end")
    dan = visit("dan")
    dan.endures("console: [object Event]")  # htmx tells the console of the break
    seen = []
    real = feed.events

    async def breaking(operation, after=0):
        seen.append(after)
        async for event in real(operation, after):
            yield event
            if len(seen) == 1 and event.get("event") == "resource_planned" and "private" in event["urn"]:
                raise UnavailableError("the database does not answer")

    feed.events = breaking
    dan.start_preview("dev", "")
    scenario.reached("dev", "preview-plan-vpc")
    scenario.go("dev", "preview-plan-vpc")
    scenario.reached("dev", "preview-plan-data")
    log = dan.page.get_by_label("Log")
    expect(log).to_contain_text("nat-us-east-1a")
    assert len(seen) >= 2, "it came back"
    scenario.go("dev", "preview-plan-data")
    scenario.reached("dev", "preview-end")
    expect(log).to_contain_text("alarms")
    all_once(dan)
    scenario.go("dev")
    dan.is_titled("Succeeded")


def test_what_runs_is_cancelled_and_says_so(visit, portal):
    portal.world.scenario.stop("dev", "preview-plan-data")
    dan = visit("dan")
    preview = dan.start_preview("dev", "by mistake")
    portal.world.scenario.reached("dev", "preview-plan-data")
    dan.unfold("Cancel…")
    dan.click("Cancel this operation")
    portal.world.ended(preview)
    dan.is_titled("Cancelled").sees("the rest was not begun")
    expect(dan.page.get_by_role("button", name="Deploy this")).to_have_count(0)


def test_the_stacks_follow_what_runs_and_leave_what_somebody_opened(visit, portal):
    scenario = portal.world.scenario
    scenario.stop("dev", "preview-plan-data")
    preview = portal.world.portal.operations.preview(portal.world.developer, "dev", "")
    scenario.reached("dev", "preview-plan-data")
    dan = visit("dan")
    card = dan.card("dev")
    expect(card.get_by_role("link", name="Preview")).to_be_visible()
    expect(card).to_contain_text("by Dan")
    scenario.go("dev")
    portal.world.ended(preview)
    expect(card).to_contain_text("Last")
    expect(card).to_contain_text("Succeeded")
