"""Who may be here: login, logout, pages that are not for everybody, tokens, the audit log, a database that is away."""

from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest

from portal.outcomes import Outcome, State
from portal.requests import Kind
from portal.store.errors import StoreDownError
from tests.browser.portals import opened
from tests.browser.window import expect
from tests.portal.pages.seeded import Record

pytestmark = pytest.mark.browser


def test_after_the_login_one_is_where_one_wanted_to_be_and_after_the_logout_nowhere(visit):
    dan = visit("dan", "/history?stack=prod")
    expect(dan.page.get_by_label("Stack")).to_have_value("prod")
    dan.click("Sign out")
    dan.sees("You are signed out")
    dan.page.go_back()
    expect(dan.page.get_by_role("heading", name="Log in")).to_be_visible()
    dan.open("/stacks/prod")
    expect(dan.page.get_by_role("heading", name="Log in")).to_be_visible()


def test_somebody_in_no_group_is_told_so(portal, windows):
    nils = windows(portal.url, issuer=portal.provider.url)
    nils.may_be_refused(403)
    nils.open("/").click("Log in")
    nils.page.get_by_role("link", name="Nils Nobody").click()
    nils.sees("none of your groups has a role in this portal")
    expect(nils.page.get_by_role("navigation", name="Main")).to_have_count(0)


def test_a_login_that_was_cancelled_can_be_begun_again(portal, windows):
    window = windows(portal.url, issuer=portal.provider.url)
    window.may_be_refused(403)
    window.open("/").click("Log in")
    window.page.get_by_role("link", name="Cancel").click()
    expect(window.page.get_by_role("main")).to_contain_text("the login was cancelled there")
    window.log_in("dan")


def test_a_viewer_is_told_which_role_a_page_needs_and_is_offered_no_buttons(visit, portal, album):
    vera = visit("vera")
    vera.may_be_refused(403)
    expect(vera.page.get_by_role("link", name="Audit")).to_have_count(0)
    vera.open("/audit").sees("needs the role approver")
    album.take(vera, "forbidden")
    vera.page.get_by_role("link", name="Go back").click()
    for address in ("/", "/stacks/dev", "/drift"):
        offered = vera.open(address).page.get_by_role("main").get_by_role("button").all_inner_texts()
        assert offered == [], f"{address} offers {offered}"


def test_a_token_is_shown_once_used_and_revoked(visit, portal, album):
    dan = visit("dan", "/tokens")
    dan.unfold("Make a token…")
    dan.page.get_by_label("What is it for?").fill("nightly build")
    dan.click("Make the token")
    plain = dan.page.get_by_label("The new token").input_value()
    album.take(dan, "token-made")
    asked = {"headers": {"authorization": f"Bearer {plain}"}, "trust_env": False}
    assert httpx.get(f"{portal.url}/api/v1/stacks", **asked).status_code == 200
    dan.open("/tokens")
    assert plain not in dan.page.content(), "it is shown once"
    row = dan.page.get_by_role("row").filter(has_text="nightly build")
    expect(row).not_to_contain_text("never")
    dan.click("Revoke", row)
    expect(row).to_contain_text("Revoked")
    assert httpx.get(f"{portal.url}/api/v1/stacks", **asked).status_code == 401


def test_the_audit_log_says_who_did_what_and_that_its_chain_is_whole(visit, portal):
    visit("dan").start_preview("dev", "to be found")
    ada = visit("ada", "/audit")
    row = ada.page.get_by_role("row").filter(has_text="operation.preview").first
    expect(row).to_contain_text("Dan Developer")
    row.locator("summary").click()
    expect(row).to_contain_text("to be found")
    ada.page.get_by_role("link", name="Check the whole chain").click()
    ada.sees("Chain whole")
    ada.page.get_by_label("Action").fill("login")
    ada.click("Filter")
    expect(ada.page.get_by_role("row").filter(has_text="operation.preview")).to_have_count(0)
    with ada.page.expect_download() as exported:
        ada.page.get_by_role("link", name="Export as JSON lines").click()
    assert '"operation.preview"' in exported.value.path().read_text()


def test_a_database_that_is_away_is_said_and_nothing_is_lost(visit, portal, monkeypatch, album):
    dan = visit("dan")

    def away(*_):
        raise StoreDownError("host=db user=portal")

    dan.may_be_refused(503)
    with monkeypatch.context() as patch:
        for way in ("reading", "writing"):
            patch.setattr(portal.world.portal.store, way, away)
        dan.open("/history").sees("The database cannot be reached. What runs goes on and is recorded")
        album.take(dan, "database-away")
    dan.page.reload()
    expect(dan.page.get_by_role("heading", name="History")).to_be_visible()


def test_models_of_an_account_that_cannot_be_reached_are_said_to_be_so(visit, portal, album):
    dan = visit("dan", "/stacks/dev")
    dan.may_be_refused(503)
    dan.page.get_by_role("link", name="Models").click()
    dan.sees("The portal could not ask AWS about dev")
    expect(dan.page.get_by_role("navigation", name="Main")).to_be_visible()
    album.take(dan, "models-unavailable")


@pytest.fixture
def long_history(tmp_path, provider):
    """A portal in which sixty previews were made; nothing runs."""
    with opened(tmp_path, provider, start=False) as site:
        world = site.world
        # What `Record` sets on a clock is not needed here: the portal's own goes on.
        record = Record(world.portal.store, world.portal.queue, SimpleNamespace(now=world.clock()))
        done = Outcome(state=State.SUCCEEDED, counts={"same": 71}, seconds=20)
        for number in range(60):
            who = world.developer if number % 2 else world.approver
            record.put(who, Kind.PREVIEW, "dev" if number % 3 else "prod", f"no. {number}", outcome=done,
                       ago=timedelta(0), seconds=0)  # fmt: skip
        yield site


def test_history_is_filtered_and_paged(long_history, windows):
    dan = windows(long_history.url, issuer=long_history.provider.url).log_in("dan", "/history")
    rows = dan.page.locator("tbody tr")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("no. 59")
    dan.page.get_by_role("link", name="Older").click()
    expect(rows).to_have_count(10)
    expect(rows.last).to_contain_text("no. 0")
    dan.open("/history").page.get_by_label("Stack").select_option("prod")
    dan.click("Filter")
    expect(rows).to_have_count(20)
    expect(dan.page.get_by_label("Stack")).to_have_value("prod")
    dan.page.get_by_label("Result").select_option("Failed")
    dan.click("Filter")
    dan.sees("No operation fits this.")
    dan.page.get_by_role("link", name="All", exact=True).click()
    expect(rows).to_have_count(50)
    rows.first.get_by_role("link", name="Dan", exact=True).click()
    expect(rows).to_have_count(30)
