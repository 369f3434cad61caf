"""The feed: resumable anywhere, one buffer however many watch, and nobody is held up by a slow watcher."""

import asyncio
import threading

import pytest

from portal.fingerprints import Fingerprint
from portal.outcomes import Outcome, State
from portal.records import OperationRecord, Progress
from portal.requests import Kind
from portal.service.errors import NotThereError, UnavailableError
from portal.service.feed import BATCH, Feed
from portal.service.timing import Timing
from portal.store import Store, StoreDownError
from tests import coroutines
from tests.portal.world import QUICK, SetClock

FINGERPRINT = Fingerprint(commit="c", program="p", config="c", state="s", plan="p")


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path / 'portal.db'}")
    clock = SetClock()
    with made.writing() as unit:
        for name in ("one", "two"):
            record = OperationRecord(
                id=name, stack="dev", kind=Kind.PREVIEW, by="ada", by_name="Ada", why="", created=clock(),
                progress=Progress.QUEUED,
            )  # fmt: skip
            unit.operations.add(record, {})
            assert unit.operations.claim(name, clock())
    yield made
    made.close()


@pytest.fixture
def feed(store):
    return Feed(store, QUICK, kept=100)


def events(start, end, last=False):
    found = [{"event": "diagnostic", "sequence": number} for number in range(start, end)]
    return [*found, {"event": "ended", "sequence": end}] if last else found


def keep(store, operation, documents, *, ended=False):
    with store.writing() as unit:
        unit.events.append(operation, documents)
        if ended:
            outcome = Outcome(state=State.SUCCEEDED, fingerprint=FINGERPRINT)
            unit.operations.end(operation, outcome, SetClock()())


async def sequences(feed, after=0, operation="one"):
    return [event["sequence"] async for event in feed.events(operation, after)]


def watched(feed, *, watchers=1, after=0, then=lambda: None):
    """What watchers saw who were there before `then` happened, in a thread of its own."""

    async def run():
        tasks = [asyncio.create_task(sequences(feed, after)) for _ in range(watchers)]
        await asyncio.sleep(0)
        thread = threading.Thread(target=then)
        thread.start()
        found = await asyncio.wait_for(asyncio.gather(*tasks), 20)
        thread.join()
        return found

    return coroutines.run(run())


def test_fifty_watchers_see_every_event_and_share_one_buffer(feed):
    def happen():
        for start in range(1, 501, 5):
            feed.publish("one", events(start, start + 5))
        assert feed.held == 1
        feed.publish("one", [{"event": "ended", "sequence": 501}])

    found = watched(feed, watchers=50, then=happen)
    assert all(each == list(range(1, 502)) for each in found)


def test_a_watcher_resumes_after_what_it_has_seen(feed):
    feed.publish("one", events(1, 20, last=True))
    assert watched(feed, after=17) == [[18, 19, 20]]
    assert watched(feed) == [list(range(1, 21))]


def test_who_comes_after_the_end_reads_what_was_recorded(store, feed):
    keep(store, "one", events(1, 2 * BATCH + 10, last=True), ended=True)
    assert watched(feed, after=3) == [list(range(4, 2 * BATCH + 11))]
    assert watched(feed, after=2 * BATCH + 10) == [[]], "it has seen the end already"
    assert feed.held == 0


def test_memory_forgets_what_the_database_has_and_nobody_misses_it(store, feed):
    feed.publish("one", events(1, 301))
    keep(store, "one", events(1, 301))
    feed.recorded("one", 250)
    buffer = feed._buffers["one"]
    assert len(buffer._events) == 100
    feed.publish("one", [{"event": "ended", "sequence": 301}])
    assert watched(feed) == [list(range(1, 302))]


def test_memory_keeps_what_the_database_does_not_have(feed):
    feed.publish("one", events(1, 301))
    feed.recorded("one", 0)
    assert len(feed._buffers["one"]._events) == 300
    feed.recorded("one", 50)
    assert feed._buffers["one"].after(50)[0]["sequence"] == 51


def test_the_same_events_again_are_passed_over(feed):
    feed.publish("one", events(1, 10))
    feed.publish("one", events(1, 12, last=True))
    assert watched(feed) == [list(range(1, 13))]


def test_a_slow_watcher_holds_nobody_up(feed):
    async def run():
        slow = feed.events("one")
        feed.publish("one", events(1, 3))
        assert (await anext(slow))["sequence"] == 1
        feed.publish("one", events(3, 5000))
        feed.publish("one", [{"event": "ended", "sequence": 5000}])
        quick = await asyncio.wait_for(sequences(feed), 20)
        await slow.aclose()
        return quick

    assert coroutines.run(run())[-1] == 5000


def test_an_operation_of_another_service_is_read_from_the_database(store, feed):
    def happen():
        keep(store, "one", events(1, 4))
        keep(store, "one", [{"event": "ended", "sequence": 4}], ended=True)

    assert watched(feed, watchers=3, then=happen) == [[1, 2, 3, 4]] * 3
    assert feed.held == 0, "who only looks leaves nothing behind"


def test_one_watcher_asks_the_database_for_all_that_wait_for_a_queued_operation(store, monkeypatch):
    feed, asked, began = Feed(store, Timing(poll=0.02)), [], []
    stored = feed._stored
    monkeypatch.setattr(feed, "_stored", lambda *place: asked.append(place) or stored(*place))

    async def run():
        began.append(asyncio.get_running_loop().time())
        tasks = [asyncio.create_task(sequences(feed)) for _ in range(20)]
        while len(asked) < 20 + 5:  # each once, then some turns
            await asyncio.sleep(0)
        took = asyncio.get_running_loop().time() - began[0]
        assert len(asked) <= 20 + took / 0.02 + 1, "one question for all, as often as one watcher alone would ask"
        keep(store, "one", events(1, 4, last=True), ended=True)
        return await asyncio.wait_for(asyncio.gather(*tasks), 20)

    assert coroutines.run(run()) == [[1, 2, 3, 4]] * 20


def test_the_end_comes_also_where_old_events_were_forgotten(store, feed):
    keep(store, "one", events(1, 8, last=True), ended=True)
    clock = SetClock()
    clock.forward(days=1)
    with store.writing() as unit:
        unit.events.prune(clock())

    async def run():
        return [event async for event in feed.events("one", 2)]

    (ended,) = coroutines.run(run())
    assert (ended["event"], ended["sequence"]) == ("ended", 8)
    assert ended["outcome"]["state"] == "succeeded"


def test_a_watcher_goes_on_when_the_buffer_was_closed_in_between(store, feed):
    def happen():
        feed.publish("one", events(1, 4, last=True))
        keep(store, "one", events(1, 4, last=True), ended=True)
        feed.close("one")

    assert watched(feed, then=happen) == [[1, 2, 3, 4]]
    assert feed.held == 0


def test_an_unknown_operation_and_a_database_that_is_away_are_told(store, monkeypatch):
    feed = Feed(store, Timing(poll=0.01))
    with pytest.raises(NotThereError):
        coroutines.run(sequences(feed, operation="nothing"))
    monkeypatch.setattr(store, "reading", lambda: (_ for _ in ()).throw(StoreDownError("away")))
    with pytest.raises(UnavailableError):
        coroutines.run(sequences(feed))
    assert feed.held == 0
