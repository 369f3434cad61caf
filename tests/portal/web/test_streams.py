"""Streams of events: a few per person, and none outlives the right to see it."""

import threading
import time

import pytest

from portal.web.streams import MOST_STREAMS, Streams, TooManyStreamsError

DEADLINE = 20


@pytest.fixture
def queued(site, monkeypatch):
    """The events of an operation that nobody carries out: a stream of them has no end of its own."""
    monkeypatch.setattr(site.app.state.streams, "looked_again", 0.01)
    preview = site.world.portal.operations.preview(site.world.developer, "dev", "wait")
    yield f"/api/v1/operations/{preview.id}/events", f"/operations/{preview.id}/live"
    site.world.portal.operations.cancel(site.world.developer, preview.id)


def watched(site, reader, address, then):
    """The answer to a reader whose stream had begun when `then` happened."""
    answers, streams = [], site.app.state.streams
    thread = threading.Thread(target=lambda: answers.append(reader.get(address)))
    thread.start()
    until = time.monotonic() + DEADLINE
    while not streams._open and time.monotonic() < until and thread.is_alive():
        threading.Event().wait(0.005)
    then()
    thread.join(DEADLINE)
    assert not thread.is_alive(), "the stream went on"
    assert not streams._open, "what has ended is not counted any more"
    return answers[0]


def test_a_stream_ends_when_its_token_is_revoked(site, queued):
    token = site.sessions.make_token(site.world.viewer, name="ci", scopes=["read"], days=1)
    answer = watched(
        site,
        site.program(token=token.plain),
        queued[0],
        lambda: site.sessions.revoke_token(site.world.viewer, token.record.id),
    )
    assert (answer.status_code, answer.text.startswith(": events follow")) == (200, True)


def test_a_stream_ends_with_its_session_and_keeps_it_no_longer_alive(site, queued):
    browser = site.browser("dan")
    answer = watched(site, browser, queued[1], lambda: site.clock.forward(hours=2))
    assert answer.status_code == 200
    assert browser.get("/api/v1/me").status_code == 401


def test_who_watches_too_much_already_is_told_so(site, queued, monkeypatch):
    monkeypatch.setattr(site.app.state.streams, "most", 0)
    answer = site.program(site.world.viewer, "read").get(queued[0])
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert "watching" in answer.json()["detail"]
    assert answer.headers["retry-after"]


def test_streams_are_counted_by_person():
    streams = Streams()
    for _ in range(MOST_STREAMS):
        streams.take("ada")
    with pytest.raises(TooManyStreamsError):
        streams.take("ada")
    streams.take("bob")
    streams.leave("ada")
    streams.take("ada")
    assert streams.count("ada") == MOST_STREAMS
