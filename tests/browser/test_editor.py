"""The settings editor: a mistake at its line, what changes, a draft, saving, and two people at once."""

import re

import pytest

from tests.browser.window import expect

pytestmark = pytest.mark.browser
OLD, NEW, WRONG = "accuracy: 0.80", "accuracy: 0.85", "accuracy: 1.80"


def editor(window):
    return window.page.get_by_label("Pulumi.dev.yaml")


def test_a_mistake_is_shown_at_its_line_mended_compared_and_saved(visit, portal):
    dan = visit("dan", "/stacks/dev/settings")
    area = editor(dan)
    right = area.input_value()
    area.fill(right.replace(OLD, WRONG))
    dan.click("Check")
    problem = dan.page.locator(".problem")
    expect(problem).to_contain_text("models.fraud-detector.gate.accuracy")
    expect(problem).to_contain_text(re.compile("value.*1.8.*rule.*fix", re.DOTALL))
    line = right.split("\n").index(next(each for each in right.split("\n") if OLD in each)) + 1
    problem.get_by_role("link", name=f"Line {line}").click()
    expect(area).to_be_focused()
    chosen = area.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert WRONG in chosen, "the line is marked, so that one writes over it"

    dan.page.keyboard.type(chosen.replace(WRONG, NEW))
    dan.click("Check")
    dan.sees("No mistakes. This is what would be saved:")
    row = dan.page.get_by_role("row").filter(has_text="gate.accuracy")
    expect(row).to_contain_text(re.compile(r"0\.8.*0\.85", re.DOTALL))
    dan.page.get_by_text("Difference, line by line").click()
    expect(dan.page.locator(".diff .added")).to_contain_text(NEW)
    dan.page.get_by_label("Why?").fill("the data is better now")
    dan.click("Save")
    dan.sees("The settings are saved.")
    assert (portal.world.project / "Pulumi.dev.yaml").read_text() == right.replace(OLD, NEW), "comments stay too"


def test_a_refused_text_is_not_lost_where_somebody_else_saved_in_between(visit, portal):
    dan, ana = (visit(who, "/stacks/dev/settings") for who in ("dan", "ana"))
    right = editor(dan).input_value()
    for window, text in ((ana, NEW), (dan, "accuracy: 0.90")):
        editor(window).fill(right.replace(OLD, text))
        window.page.get_by_label("Why?").fill(f"I want {text}")
    ana.click("Save")
    ana.sees("The settings are saved.")
    dan.may_be_refused(409)
    dan.click("Save")
    expect(dan.page.get_by_role("alert")).to_be_visible()
    expect(editor(dan)).to_have_value(right.replace(OLD, "accuracy: 0.90"))
    assert NEW in (portal.world.project / "Pulumi.dev.yaml").read_text(), "what Ana saved stays"


def test_a_draft_is_previewed_and_cannot_be_deployed(visit):
    dan = visit("dan", "/stacks/dev/settings")
    editor(dan).fill(editor(dan).input_value().replace(OLD, NEW))
    dan.click("Preview this draft")
    dan.is_titled("Succeeded").sees("draft of the settings").sees("Save them")
    expect(dan.page.get_by_role("button", name="Deploy this")).to_have_count(0)


def test_what_can_be_set_is_searched(visit):
    dan = visit("dan", "/stacks/dev/settings")
    dan.page.get_by_placeholder("Search").fill("cidr")
    expect(dan.page.locator(".reference dt", has_text="network.cidr")).to_be_visible()
    expect(dan.page.locator(".reference dt").filter(has_text=re.compile("^organisation"))).to_be_hidden()


def test_a_viewer_reads_the_settings_and_cannot_change_them(visit):
    vera = visit("vera", "/stacks/dev/settings")
    expect(editor(vera)).not_to_be_editable()
    vera.sees("Changing them needs the role developer on dev.")
    expect(vera.page.get_by_role("button", name="Save")).to_have_count(0)
