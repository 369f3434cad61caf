"""What a page is told while an operation runs, and what it shows when it is loaded anew in the middle."""

import asyncio

from portal.events import Heartbeat, Phase, to_json
from portal.pages.live import batches, messages
from portal.pages.progress import LONGEST_LOG, progress_of
from portal.records import OperationRecord, Progress
from portal.requests import Kind
from tests import coroutines
from tests.portal.pages import seeded
from tests.portal.pages.html import Page
from tests.portal.pages.seeded import HOSTILE


def numbered(events, first=1):
    return [{**to_json(event), "sequence": i, "time": 1.7e9 + i} for i, event in enumerate(events, first)]


ENDED = {"event": "ended", "sequence": 100, "time": 1.7e9 + 100}


async def given(events):
    for event in events:
        yield event


def told(events, *, seen=None, total=0, one_by_one=False, carries=None):
    record = OperationRecord(
        id="1", stack="prod", kind=Kind.UP, by="a", by_name="Ada", why="", created=seeded.NOW, progress=Progress.QUEUED,
        preview=carries,
    )  # fmt: skip

    async def slowly():
        for event in events:
            yield event
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def read():
        source = slowly() if one_by_one else given(events)
        return [m async for m in messages(source, total=total, seen=seen, record=record)]

    return coroutines.run(read())


def test_a_page_that_connects_gets_the_whole_log_then_only_what_is_new_and_at_last_the_end():
    events = [*numbered(seeded.up_events()), ENDED]
    found = told(events, total=4, one_by_one=True)
    assert found[0].event == "log", "the first piece replaces whatever the page had"
    assert [each.event for each in found].count("log") == 1
    assert found[-1].event == "ended"
    assert found[-1].id == "100"
    lines = "".join(each.data for each in found if each.event in {"log", "line"})
    assert lines.count("<li") == len(progress_of(events, 4).lines), "nothing is missing, nothing is there twice"
    assert "4 of 4 changes done" in [each for each in found if each.event == "status"][-1].data


def test_a_page_whose_connection_broke_gets_what_came_after_and_no_more():
    events = [*numbered(seeded.up_events()), ENDED]
    found = told(events, seen=5)
    assert "log" not in {each.event for each in found}, "its log is there already"
    text = "".join(each.data for each in found if each.event == "line")
    fresh = progress_of(events, 0).lines
    assert text.count("<li") == len(
        [e for e in events if e["sequence"] > 5 and e["event"] in {"phase", "resource_changed"}]
    )
    assert text.count("<li") < len(fresh)


def test_a_page_that_saw_everything_but_the_end_is_told_the_end():
    events = [*numbered(seeded.up_events()), ENDED]
    assert [each.event for each in told(events, seen=99)][-1] == "ended"
    assert [each.event for each in told(events, seen=100)] == [], "it knows the end"


def test_only_a_new_phase_is_read_aloud():
    events = [*numbered(seeded.up_events()), ENDED]
    said = [each.data for each in told(events, one_by_one=True, carries="p") if each.event == "said"]
    assert [each.split("\n")[0] for each in said] == ["Preparing", "Comparing with what was approved", "Deploying"]


def test_what_a_deployment_compares_first_is_counted_and_not_listed_again():
    events = [
        *numbered([Phase(phase="up"), *list(seeded.preview_events(3))[2:], Phase(phase="up", detail="as approved")]),
        ENDED,
    ]
    found = told(events, carries="the-preview", total=7, one_by_one=True)
    text = "".join(each.data for each in found)
    assert "would create" not in text, "the preview's page lists it"
    assert "Comparing with what was approved" in text
    assert "15 resources compared" in text


def test_the_word_for_where_it_stands_follows_too():
    found = told([*numbered(seeded.up_events()), ENDED])
    status = next(each.data for each in found if each.event == "status")
    assert 'id="state" hx-swap-oob="true"' in status
    assert "Running" in status, "the page was loaded while it waited to start"


def test_many_events_at_once_go_out_together():
    async def read():
        return [len(batch) async for batch in batches(given(numbered([Heartbeat()] * 250)))]

    sizes = coroutines.run(read())
    assert sum(sizes) == 250, "none is lost"
    assert max(sizes) == 100, "and no group grows without a limit"


def test_a_log_keeps_its_end_and_says_how_much_is_not_shown():
    many = [seeded.planned("aws:s3/bucket:Bucket", f"b{i}") for i in range(LONGEST_LOG + 30)]
    progress = progress_of(numbered(many), 0)
    assert len(progress.lines) == LONGEST_LOG
    assert progress.earlier == 30
    assert progress.planned_changes == LONGEST_LOG + 30, "the count counts all"


def test_messages_of_the_engine_are_text_in_fragments_too():
    assert HOSTILE not in "".join(each.data for each in told([*numbered(seeded.failed_events()), ENDED]))


def test_the_stream_says_what_the_page_says(kept):
    browser = kept.browser("vera")
    answer = browser.get(f"/operations/{kept.deployed.id}/live")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: log" in answer.text
    assert "network-nat-us-east-1b" in answer.text
    assert answer.text.rstrip().split("\r\n")[-3:-1] == ["event: ended", "data: ended"]
    resumed = browser.get(f"/operations/{kept.deployed.id}/live", headers={"last-event-id": "4"}).text
    assert "event: log" not in resumed, "it goes on from event 4"


def test_a_page_of_what_runs_shows_everything_so_far_and_looks_again_without_scripts(kept):
    text, _ = kept.read("dan", f"/operations/{kept.running.id}")
    page = Page(text)
    assert "network-nat-us-east-1b" in text, "what happened before is there"
    assert "fraud-detector-pipeline" in text, "and what is under way"
    assert {"http-equiv": "refresh", "content": "5"} in page.all("meta"), "without scripts it loads itself anew"
    assert f"/operations/{kept.running.id}/live" in [each.get("sse-connect") for each in page.all("div")]
    spoken = [each for each in page.all("p", "div", "ol") if "aria-live" in each]
    assert len(spoken) == 1, "the log itself is not read aloud"


def test_a_stream_whose_database_is_gone_ends_quietly_and_the_browser_comes_back(past, monkeypatch):
    from portal.service.errors import UnavailableError

    async def broken(operation, after=0):
        yield numbered(seeded.up_events())[0]
        raise UnavailableError("the database does not answer")

    monkeypatch.setattr(past.portal.feed, "events", broken)
    answer = past.browser("vera").get(f"/operations/{past.running.id}/live")
    assert "Preparing" in answer.text, "what came before the fault was told"
    assert "event: ended" not in answer.text, "the operation has not ended"
    assert "retry: 2000" in answer.text
