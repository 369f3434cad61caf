"""What somebody may not do is not offered, and a form that is sent all the same is refused."""

from datetime import timedelta

import pytest

from portal.access.csrf import FIELD, csrf_token
from portal.requests import Kind
from portal.web.sessions import Sessions
from tests.portal.pages import seeded
from tests.portal.pages.html import Page
from tests.portal.pages.past import PEOPLE

KEY = b"k" * 32


def post(past, person, address, **fields):
    """Send a form as its page would."""
    token = csrf_token(Sessions.name_of(past.session(person)), KEY)
    return past.browser(person).post(address, data={FIELD: token, **fields})


def targets(past, person, address):
    page = Page(past.read(person, address)[0])
    found = [form["action"] for form in page.all("form") if form.get("method") == "post"]
    found += [each["formaction"] for each in page.all("button") if "formaction" in each]
    return set(found) - {"/logout"}


def test_a_viewer_is_offered_nothing_but_looking(kept):
    for address in (
        "/",
        "/stacks/prod",
        "/stacks/preprod",
        "/drift",
        "/reviews",
        f"/operations/{kept.preview.id}",
        f"/operations/{kept.running.id}",
        "/stacks/prod/models/fraud-detector/7",
        "/stacks/prod/settings",
    ):
        assert targets(kept, "vera", address) <= {"/stacks/prod/settings"}, f"{address} offers a viewer something"
    page = Page(kept.read("vera", "/stacks/prod/settings")[0])
    assert "readonly" in page.all("textarea")[0], "a text that cannot be saved cannot be edited"
    assert "Save" not in page.text.split("<form method")[-1], "and there is no button for it"


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("vera", "/stacks/dev/preview"),
        ("vera", "/stacks/dev/check_drift"),
        ("vera", "/stacks/dev/settings"),
        ("vera", "/reviews"),
        ("dan", "/stacks/dev/refresh"),
        ("dan", "/operations/{preview}/approve"),
        ("dan", "/stacks/prod/models/fraud-detector/7/approve"),
        ("ann", "/stacks/preprod/repair"),
        ("devi", "/stacks/prod/preview"),
        ("devi", "/operations/{preview}/cancel"),
    ],
)
def test_a_form_of_somebody_who_may_not_is_refused_and_says_which_role_is_needed(kept, person, address):
    address = address.format(preview=kept.preview.id)
    answer = post(kept, person, address, why="because", step="refresh", branch="x", hours="4", text="", base_hash="")
    assert answer.status_code == 403, f"{person} at {address}: {answer.text[:500]}"
    assert "role" in answer.text, "it says what is missing"


def test_the_developer_of_one_stack_sees_that_one_only(kept):
    for address in ("/", "/history", "/drift"):
        text, _ = kept.read("devi", address)
        assert "/stacks/dev" in text, address
        assert "/stacks/prod" not in text, f"{address} shows another stack"
    assert kept.read("devi", f"/operations/{kept.preview.id}")[1] == 403, "nor an operation on it"
    assert kept.read("devi", f"/operations/{kept.preview.id}/live")[1] == 403, "nor its events"


def test_who_asked_for_a_preview_is_not_offered_to_approve_it_where_others_have_to(past):
    own = past.browser("ann")
    assert "Approve</button>" in own.get(f"/operations/{past.preview.id}").text, "somebody else asked for this one"
    mine = past.record.put(
        PEOPLE["ann"],
        Kind.PREVIEW,
        "prod",
        ago=timedelta(0),
        outcome=seeded.PREVIEWED,
        events=seeded.preview_events(1),
        seconds=0,
    )
    text = own.get(f"/operations/{mine.id}").text
    assert "Approve</button>" not in text, "one's own preview is for others to approve"
    assert "Reject</button>" in text, "and still can be withdrawn"
    assert "others approve" in text, "the page says why"


@pytest.mark.parametrize("wrong", ["no token", "another's token", "another site"])
def test_a_form_that_does_not_come_from_our_page_changes_nothing(kept, wrong):
    browser = kept.browser("adam")
    token = csrf_token(Sessions.name_of(kept.session("dan" if wrong == "another's token" else "adam")), KEY)
    if wrong == "another site":
        browser.headers["origin"] = "https://elsewhere.example"
    before = len(kept.portal.audit.page(PEOPLE["adam"]).items)
    answer = browser.post("/stacks/dev/preview", data={} if wrong == "no token" else {FIELD: token})
    assert answer.status_code == 403, wrong
    assert len(kept.portal.audit.page(PEOPLE["adam"]).items) == before, "nothing happened"
