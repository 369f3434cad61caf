"""Every action is a form that ends in a redirect, and does what its button says; none of this needs a script."""

from datetime import timedelta

from portal.outcomes import Outcome, State
from portal.records import Progress
from portal.requests import Kind
from tests.portal.pages import seeded
from tests.portal.pages.html import Page
from tests.portal.pages.past import PEOPLE
from tests.portal.pages.test_who_may_what import post


def location(answer):
    assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:800]}"
    return answer.headers["location"]


def newest(past, stack):
    return past.portal.operations.history(PEOPLE["adam"], stack=stack, limit=1).items[0]


def test_a_preview_is_queued_with_its_reason_and_the_browser_goes_to_it(past):
    where = location(post(past, "dan", "/stacks/prod/preview", why="  try \n it "))
    record = newest(past, "prod")
    assert where == f"/operations/{record.id}"
    assert (record.kind, record.why, record.progress) == (Kind.PREVIEW, "try it", Progress.QUEUED)
    assert "Waits to start" in past.browser("dan").get(where).text


def test_the_other_operations_on_a_stack_are_queued_too(past):
    for person, action, kind in (
        ("dan", "check_drift", Kind.DRIFT),
        ("ann", "refresh", Kind.REFRESH),
        ("dan", "preview_destroy", Kind.PREVIEW_DESTROY),
    ):
        location(post(past, person, f"/stacks/prod/{action}", why="needed"))
        assert newest(past, "prod").kind is kind, action
    location(post(past, "adam", "/stacks/preprod/repair", step="clear_pending", confirmed="yes"))
    assert newest(past, "preprod").kind is Kind.REPAIR
    assert post(past, "adam", "/stacks/preprod/repair", step="clear_pending").status_code == 409, "it was not confirmed"
    assert post(past, "adam", "/stacks/preprod/repair", step="rm -rf").status_code == 422, "there is no such repair"


def test_a_reason_that_is_needed_or_too_long_is_told(past):
    missing = post(past, "ann", "/stacks/prod/refresh", why=" ")
    assert missing.status_code == 422
    assert "why" in missing.text
    assert post(past, "dan", "/stacks/prod/preview", why="x" * 501).status_code == 422, "a reason is no novel"


def test_a_preview_is_approved_twice_then_deployed_once(past):
    page = f"/operations/{past.preview.id}"
    assert location(post(past, "ann", f"{page}/approve", comment="the gate is a test")) == f"{page}?said=approved"
    text = past.browser("ann").get(f"{page}?said=approved").text
    assert "Your approval is recorded." in text
    assert "the gate is a test" in text
    assert "Deploy this" not in text, "one of two approvals is there"
    assert post(past, "ann", f"{page}/approve").status_code == 409, "each person decides once"
    location(post(past, "adam", f"{page}/approve"))
    assert "Deploy this" in past.browser("dan").get(page).text
    where = location(post(past, "dan", f"{page}/deploy", why="go"))
    assert newest(past, "prod").preview == past.preview.id
    assert where in past.browser("dan").get(page).text, "the preview's page leads to what carries it out"
    assert post(past, "dan", f"{page}/deploy").status_code == 409, "an approval is used once"


def test_a_rejected_preview_cannot_be_deployed_and_says_who_said_no(past):
    page = f"/operations/{past.preview.id}"
    location(post(past, "ann", f"{page}/reject", comment="not the gate"))
    text = past.browser("adam").get(page).text
    assert "Ann Approver rejected it: not the gate" in text
    assert "Approve</button>" not in text


def test_a_destroy_is_confirmed_where_what_it_removes_is_shown_and_needs_an_admin(past):
    outcome = Outcome(state=State.SUCCEEDED, counts={"delete": 71}, state_version="5e" * 32, resources=71, seconds=9)
    shown = past.record.put(
        PEOPLE["dan"],
        Kind.PREVIEW_DESTROY,
        "dev",
        "gone",
        ago=timedelta(0),
        outcome=outcome,
        seconds=0,
        events=[seeded.planned("aws:s3/bucket:Bucket", "data", "delete")],
    )
    past.portal.operations.cancel(PEOPLE["dan"], past.running.id)
    with past.portal.store.writing() as unit:
        unit.operations.end(past.running.id, Outcome(state=State.CANCELLED, state_version="5e" * 32), past.clock.now)
    developer, admin = (past.browser(who).get(f"/operations/{shown.id}").text for who in ("dan", "adam"))
    assert "Destroy it" not in developer, "a developer is not offered it"
    assert "needs the role admin" in developer, "but told who is"
    assert "Destroy it" in admin
    location(post(past, "adam", f"/operations/{shown.id}/deploy", why="end of the trial"))
    assert newest(past, "dev").kind is Kind.DESTROY


def test_what_runs_is_cancelled_by_a_form(past):
    page = f"/operations/{past.running.id}"
    location(post(past, "dan", f"{page}/cancel"))
    text = past.browser("dan").get(page).text
    assert "Being cancelled" in text
    assert "Cancel this operation" not in text, "once is enough"


def test_settings_are_checked_saved_and_never_lost(past):
    page = "/stacks/dev/settings"
    file = past.portal.settings_files.read(PEOPLE["dan"], "dev")
    wrong = file.text.replace("accuracy: 0.80", "accuracy: 8.0")
    checked = post(past, "dan", f"{page}/check", text=wrong, base_hash=file.base_hash, why="w")
    assert checked.status_code == 200
    assert "models.fraud-detector.gate.accuracy" in checked.text
    line = wrong.splitlines().index(next(each for each in wrong.splitlines() if "accuracy: 8.0" in each)) + 1
    assert f'data-line="{line}"' in checked.text, "the mistake leads to its line"
    refused = post(past, "dan", page, text=wrong, base_hash=file.base_hash, why="raise it")
    assert refused.status_code == 422
    assert "accuracy: 8.0" in refused.text, "the text is still there"
    assert not Page(refused.text).faults
    right = file.text.replace("accuracy: 0.80", "accuracy: 0.85")
    before = post(past, "dan", f"{page}/check", text=right, base_hash=file.base_hash)
    assert "No mistakes" in before.text
    assert "0.85" in before.text
    assert (
        location(post(past, "dan", page, text=right, base_hash=file.base_hash, why="raise it")) == f"{page}?said=saved"
    )
    assert past.portal.settings_files.read(PEOPLE["dan"], "dev").text == right, "comments and order stay"
    late = post(past, "dan", page, text=wrong.replace("8.0", "0.86"), base_hash=file.base_hash, why="me too")
    assert late.status_code == 409, "somebody saved in between"
    assert "accuracy: 0.86" in late.text, "and the text is not lost"
    assert post(past, "dan", page, text=right, base_hash=file.base_hash, why="").status_code in {409, 422}


def test_a_text_is_not_lost_while_another_one_of_the_person_is_checked(past):
    text = past.portal.settings_files.read(PEOPLE["dan"], "dev").text.replace("unit: risk", "unit: my-own-words")
    with past.portal.settings_files._one_check(PEOPLE["dan"]):
        answer = post(past, "dan", "/stacks/dev/settings/check", text=text)
    assert answer.status_code == 409
    assert "being checked" in answer.text
    assert "my-own-words" in answer.text


def test_a_draft_is_previewed_without_being_saved(past):
    page, file = "/stacks/dev/settings", past.portal.settings_files.read(PEOPLE["dan"], "dev")
    draft = file.text.replace("accuracy: 0.80", "accuracy: 0.85")
    where = location(post(past, "dan", f"{page}/preview", text=draft, base_hash=file.base_hash, why="what if"))
    assert newest(past, "dev").draft
    assert "draft of the settings" in past.browser("dan").get(where).text
    assert past.portal.settings_files.read(PEOPLE["dan"], "dev").text == file.text
    wrong = post(past, "dan", f"{page}/preview", text="config: [", base_hash=file.base_hash)
    assert wrong.status_code == 422
    assert "config: [" in wrong.text


def test_a_token_is_shown_once_and_can_be_revoked(past):
    made = post(past, "vera", "/tokens", name="nightly report", days="7", scope_read="yes")
    assert made.status_code == 200, "no redirect: nothing but this answer holds it"
    plain = next(each["value"] for each in Page(made.text).all("input") if each.get("aria-label") == "The new token")
    assert past.app.state.edge.sessions.actor_of_token(plain).scopes == {"read"}
    again = past.browser("vera").get("/tokens").text
    assert plain not in again, "it is shown once"
    assert "nightly report" in again
    token = past.app.state.edge.sessions.tokens_of(PEOPLE["vera"])[0]
    location(post(past, "vera", f"/tokens/{token.id}/revoke"))
    assert past.app.state.edge.sessions.actor_of_token(plain) is None
    for fields in (
        {"name": "", "days": "7", "scope_read": "yes"},
        {"name": "x", "days": "4000", "scope_read": "yes"},
        {"name": "x", "days": "7"},
    ):
        assert post(past, "vera", "/tokens", **fields).status_code == 422, fields


def test_models_are_decided_about_with_a_reason(past):
    page = "/stacks/prod/models/fraud-detector/7"
    location(post(past, "ann", f"{page}/approve", why="better on the holdout"))
    assert past.portal.models.asked == [("approve", "prod", "fraud-detector", 7, "better on the holdout")]
    assert post(past, "ann", f"{page}/reject", why=" ").status_code == 422, "a decision has a reason"


def test_a_review_environment_lives_longer_or_is_refused_with_its_reason(past):
    location(post(past, "dan", "/reviews/feature-nat/extend", hours="24"))
    kept = past.portal.reviews.get(PEOPLE["dan"], "feature-nat")
    assert kept.expires == seeded.NOW + timedelta(hours=44)
    for fields in ({"branch": "", "hours": "4"}, {"branch": "x", "hours": "0"}, {"branch": "x", "hours": "four"}):
        refused = post(past, "dan", "/reviews", why="", **fields)
        assert refused.status_code == 422, fields
        assert not Page(refused.text).faults


def test_the_history_is_filtered_and_paged(past):
    browser = past.browser("adam")
    assert "Drift found" in browser.get("/history?kind=drift").text
    assert "Drift found" not in browser.get("/history?kind=preview").text
    odd = browser.get("/history?kind=nonsense&since=yesterday")
    assert odd.status_code == 200
    assert "yesterday is no day" in odd.text
    for _ in range(55):
        past.record.put(PEOPLE["dan"], Kind.PREVIEW, "prod", ago=timedelta(0), start=False)
    first = Page(browser.get("/history?stack=prod").text)
    older = next(each["href"] for each in first.all("a") if each.get("rel") == "next")
    assert "stack=prod" in older, "the filter stays"
    assert "first deployment" in browser.get(older).text


def test_the_audit_log_is_filtered_checked_and_exported(kept):
    browser = kept.browser("ann")
    assert "operation.up" not in browser.get("/audit?action=operation.preview").text
    assert "Chain whole" in browser.get("/audit?check=true").text
    lines = browser.get("/audit/export").text.strip().splitlines()
    assert len(lines) >= 9, "every entry is a line"
