"""What stands between a preview and its deployment: a no, a policy, a change in between, a loss; and what helps."""

import json
import re

import pytest

from tests.browser.window import expect

pytestmark = pytest.mark.browser


def test_a_rejected_preview_cannot_be_deployed_and_says_who_said_no(visit, portal):
    preview = portal.world.preview("preprod", why="a try")
    ana = visit("ana", f"/operations/{preview.id}")
    ana.page.get_by_label("Comment").fill("not this week")
    ana.click("Reject")
    ana.sees("Your rejection is recorded.")
    dan = visit("dan", f"/operations/{preview.id}")
    dan.sees("Ana Approver rejected it: not this week")
    expect(dan.page.get_by_role("button", name="Deploy this")).to_have_count(0)
    dan.click("Preview again")
    dan.is_titled("Succeeded").sees("“a try”")
    assert dan.operation() != preview.id


def test_nobody_approves_what_they_asked_for_where_others_have_to(visit, portal):
    ana = visit("ana")
    ana.start_preview("prod", "mine")
    ana.is_titled("Succeeded").sees("this stack's rule is that others approve")
    expect(ana.page.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_deployment_is_refused_where_the_stack_changed_in_between(visit, portal):
    portal.world.deploy("dev")
    portal.world.scenario.change("dev", "key", description="encrypts all of it")
    preview = portal.world.preview("dev")
    state = portal.world.state / "scripted" / "dev.json"
    changed = json.loads(state.read_text())
    changed["resources"][1]["inputs"]["description"] = "by somebody with a terminal"
    state.write_text(json.dumps(changed))
    dan = visit("dan", f"/operations/{preview.id}")
    dan.click("Deploy this")
    expect(dan.page.get_by_role("heading", name="Deployment of dev")).to_be_visible()
    dan.is_titled("Not as approved").sees("Nothing was changed.").click("Preview again")
    dan.is_titled("Succeeded").sees("by somebody with a terminal")


def test_a_policy_finding_is_read_first_and_nothing_can_be_deployed(visit, portal):
    portal.world.scenario.set(
        "dev",
        violations=[{"policy": "bucket-encryption", "message": "the bucket has no key of its own", "resource": "data"}],
    )
    dan = visit("dan")
    dan.start_preview("dev", "")
    dan.is_titled("Blocked by policy").sees("A policy keeps this from being deployed")
    row = dan.page.get_by_role("row").filter(has_text="bucket-encryption")
    expect(row).to_contain_text(re.compile("blocks.*data.*no key of its own", re.DOTALL))
    dan.sees("A preview that did not succeed cannot be approved.")
    expect(dan.page.get_by_role("button", name="Deploy this")).to_have_count(0)


def test_what_a_lost_operation_left_is_repaired_step_by_step_after_a_look(visit, portal):
    preview = portal.world.preview("dev")
    portal.world.scenario.set("dev", crashes=["up-in-data"])
    dan = visit("dan", f"/operations/{preview.id}")
    dan.click("Deploy this")
    dan.is_titled("Lost").sees("creating data").sees("An admin of dev can repair this")
    expect(dan.page.get_by_role("button", name="Forget pending creations")).to_have_count(0)
    portal.world.scenario.set("dev", crashes=[])

    ada = visit("ada", f"/operations/{dan.operation()}")
    expect(ada.page.get_by_role("heading", name="Left behind")).to_be_visible()
    ada.unfold("Forget pending creations…")
    form = ada.page.locator("form").filter(has_text="I have looked, and it is so.").filter(visible=True)
    ada.click("Forget pending creations", form)
    assert not form.get_by_role("checkbox").evaluate("box => box.validity.valid"), "nobody repairs without a look"
    form.get_by_role("checkbox").check()
    ada.click("Forget pending creations", form)
    expect(ada.page.get_by_role("heading", name="Repair of dev")).to_be_visible()
    ada.is_titled("Succeeded").sees("The repair is done.")
    expect(ada.open("/stacks/dev").page.get_by_role("heading", name="Left behind")).to_have_count(0)


def test_a_destroy_is_previewed_and_confirmed_where_one_sees_what_goes(visit, portal):
    portal.world.deploy("dev")
    dan, ada = visit("dan"), visit("ada", "/stacks/dev")
    ada.unfold("Preview destroy…")
    ada.page.locator("#why-destroy").fill("the trial is over")
    ada.click("Preview the destroy")
    ada.is_titled("Succeeded")
    expect(ada.page.locator(".tree")).to_contain_text(re.compile("delete.*fraud-endpoint", re.DOTALL))
    dan.open(f"/operations/{ada.operation()}").sees("needs the role admin")
    ada.unfold("Destroy dev…")
    ada.page.locator("#why-deploy").fill("the trial is over")
    ada.page.get_by_label("I have read what is removed, and I want it removed.").check()
    ada.click("Destroy it")
    expect(ada.page.get_by_role("heading", name="Destroy of dev")).to_be_visible()
    ada.is_titled("Succeeded").sees("Everything that was approved is removed.")
    assert json.loads((portal.world.state / "scripted" / "dev.json").read_text())["resources"] == []


def test_drift_is_found_shown_and_taken_over(visit, portal):
    portal.world.deploy("dev")
    portal.world.scenario.set("dev", drift={"key": {"enableKeyRotation": False}})
    ana = visit("ana", "/drift")
    ana.click("Check now", ana.page.get_by_role("region", name="dev"))
    ana.is_titled("Drift found").sees("1 resource differs from the state.")
    dev = ana.open("/drift").page.get_by_role("region", name="dev")
    expect(dev).to_contain_text(re.compile("1 resource differs.*key.*enableKeyRotation.*true.*false", re.DOTALL))
    expect(ana.open("/").card("dev")).to_contain_text("Drifted")
    ana.open("/stacks/dev").unfold("Refresh…")
    ana.page.locator("#why-refresh").fill("it was on purpose")
    ana.click("Start the refresh")
    ana.is_titled("Succeeded").sees("The state says what is really there.")
    ana.open("/drift").click("Check now", ana.page.get_by_role("region", name="dev"))
    ana.is_titled("No drift")
