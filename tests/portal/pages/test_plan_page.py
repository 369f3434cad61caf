"""The page of a preview: what is dangerous first, old beside new, and no list that nobody reads."""

from datetime import timedelta

from portal.requests import Kind
from tests.portal.pages import seeded
from tests.portal.pages.past import PEOPLE


def test_what_is_dangerous_comes_before_everything_else(kept):
    text, _ = kept.read("ann", f"/operations/{kept.preview.id}")
    places = [text.index(f'id="{each}"') for each in ("dangers", "findings", "pipelines", "resources", "cost")]
    assert places == sorted(places), "in the order in which a person should read it"
    assert "A model would have to pass less than before" in text
    assert "It is protected, so the engine will refuse." in text


def test_a_preview_shows_old_and_new_gate_steps_and_what_is_replaced(kept):
    text, _ = kept.read("ann", f"/operations/{kept.preview.id}")
    for found in (
        "ml.m5.large",
        "ml.m5.xlarge",
        "forces replacement",
        "≥ 0.9",
        "≥ 0.85",
        "weaker",
        "Bias",
        "new step",
        "+36.50 USD",
    ):
        assert found in text, found
    for part in (seeded.PRINT.commit, seeded.PRINT.config, seeded.PRINT.state):
        assert f">{part[:8]}<" in text, "what an approval binds, in short"


def test_resources_that_stay_are_a_number_however_many_there_are(past):
    sizes = {}
    for many in (10, 450):
        shown = past.record.put(
            PEOPLE["dan"],
            Kind.PREVIEW,
            "prod",
            f"{many}",
            ago=timedelta(0),
            seconds=0,
            outcome=seeded.PREVIEWED,
            events=seeded.preview_events(many),
        )
        text = past.browser("ann").get(f"/operations/{shown.id}").text
        assert "parameter-001" not in text, "what stays as it is has no row"
        assert f"{many} more stay as they are" in text
        sizes[many] = len(text)
    assert abs(sizes[450] - sizes[10]) < 100, "the page is no longer for it"


def test_a_draft_and_a_preview_that_failed_cannot_be_approved(past):
    draft = past.record.put(
        PEOPLE["dan"],
        Kind.PREVIEW,
        "preprod",
        ago=timedelta(0),
        seconds=0,
        outcome=seeded.PREVIEWED,
        draft=True,
        events=seeded.preview_events(1),
    )
    for operation, says in ((draft.id, "not saved"), (past.failed.id, "did not succeed")):
        text = past.browser("ann").get(f"/operations/{operation}").text
        assert says in text
        assert "Approve</button>" not in text


def test_a_lost_operation_says_what_it_left_behind_and_offers_the_repairs_in_their_order(kept):
    text, _ = kept.read("adam", f"/operations/{kept.lost.id}")
    places = [
        text.index(each)
        for each in ("Locked by portal@build-7", "creating <code>data", "Take the lock away", "Refresh the state")
    ]
    assert places == sorted(places)
    viewer, _ = kept.read("vera", f"/operations/{kept.lost.id}")
    assert "An admin of preprod can repair this" in viewer
