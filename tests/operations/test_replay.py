"""Giving events of the dead-letter queues to their functions again."""

import json

import pytest
from botocore.exceptions import ReadTimeoutError

from operations import dead_letters, replay
from operations.errors import MisuseError, NotFoundError, RefusedError


def test_a_replayed_event_reaches_its_function_unchanged_and_leaves_the_queue(world, access):
    world.failed_event(event_id="e-1")
    (found,) = replay.replay(access, "deploy")
    ((name, event),) = world.functions.events
    assert (name, event["id"], event["detail"]) == (world.names.function("deploy"), "e-1", {"secret": "payload"})
    (message,) = found.messages
    assert (message.outcome, message.event_id, message.error) == ("replayed", "e-1", "ClientError: throttled")
    assert world.waiting() == []


def test_every_message_is_replayed_however_many_calls_it_takes(world, access):
    for number in range(23):
        world.failed_event(event_id=f"e-{number}")
    (found,) = replay.replay(access, "deploy")
    assert len(found.messages) == 23
    assert sorted(event["id"] for _, event in world.functions.events) == sorted(f"e-{n}" for n in range(23))
    assert world.waiting() == []


def test_looking_invokes_nothing_and_leaves_every_message_visible(world, access):
    for number in range(12):
        world.failed_event(event_id=f"e-{number}")
    (found,) = replay.replay(access, "deploy", dry_run=True)
    assert [m.outcome for m in found.messages] == ["waiting"] * 12
    assert (world.functions.events, len(world.waiting())) == ([], 10), "ten is the most of one call"


def test_what_an_event_holds_is_not_in_what_a_replay_returns(world, access):
    world.failed_event()
    assert "payload" not in repr(replay.replay(access, "deploy", dry_run=True))


def test_an_empty_queue_is_nothing_to_do(access):
    assert [(q.function, q.messages, q.hidden) for q in replay.replay(access, "deploy")] == [("deploy", (), 0)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("TooManyRequestsException", "AWS is busy"),
        ("ServiceException", "ServiceException"),
        (500, "Lambda answered 500, not 202"),
        (ReadTimeoutError(endpoint_url="https://lambda"), "Whether it happened is unknown"),
    ],
)
def test_a_message_whose_invoke_was_not_accepted_stays_and_the_others_go_on(world, access, answer, why):
    for number in range(2):
        world.failed_event(event_id=f"e-{number}")
    world.functions.answers = [answer]
    (found,) = replay.replay(access, "deploy")
    assert sorted(m.outcome for m in found.messages) == ["kept", "replayed"]
    (kept,) = [m for m in found.messages if m.outcome == "kept"]
    assert why in kept.why
    assert len(world.waiting()) == 1, "at once, not after the time for which it was hidden"


def test_a_refusal_ends_the_replay_with_every_message_back_in_the_queue(world, access):
    for number in range(3):
        world.failed_event(event_id=f"e-{number}")
    world.functions.answers = ["AccessDeniedException"]
    with pytest.raises(RefusedError, match=r"as the test wants[\s\S]*Operators may: lambda:InvokeFunction"):
        replay.replay(access, "deploy")
    assert len(world.waiting()) == 3


def test_a_function_that_is_gone_ends_the_replay_with_every_message_back(world, access):
    world.failed_event()
    world.functions.answers = ["ResourceNotFoundException"]
    with pytest.raises(NotFoundError, match="invoke"):
        replay.replay(access, "deploy")
    assert len(world.waiting()) == 1


def test_a_message_that_is_no_event_stays_and_is_not_sent_to_the_function(world, access):
    world.failed_event(body="not json")
    (found,) = replay.replay(access, "deploy")
    assert (found.messages[0].outcome, found.messages[0].what) == ("kept", "unreadable")
    assert (world.functions.events, world.waiting()) == ([], ["not json"])


def test_a_message_that_could_not_be_deleted_comes_back_and_says_that_this_does_no_harm(world, access):
    world.failed_event()
    world.fails("sqs", "DeleteMessage", "InternalError")
    with pytest.raises(Exception, match="handled twice, which does no harm"):
        replay.replay(access, "deploy")
    assert len(world.functions.events) == 1
    assert len(world.waiting()) == 1


def test_an_event_that_fails_again_is_a_new_message_and_is_left_for_the_next_replay(world, access, monkeypatch):
    world.failed_event(event_id="e-1")
    real = world.functions.invoke

    def fails_again(**request):
        answer = real(**request)
        if len(world.functions.events) < 5:  # a loop would end here, and be seen
            world.failed_event(event_id="e-1", error="again")
        return answer

    monkeypatch.setattr(world.functions, "invoke", fails_again)
    (found,) = replay.replay(access, "deploy")
    assert len(world.functions.events) == 1
    assert len(world.waiting()) == 1
    assert [m.outcome for m in found.messages] == ["replayed", "kept"]


def test_what_arrives_after_a_replay_began_is_left_alone(world, access, monkeypatch):
    world.failed_event(event_id="new")
    monkeypatch.setattr(dead_letters, "_server_time", lambda _: 1.0)  # the replay began long before the message came
    (found,) = replay.replay(access, "deploy")
    assert (found.messages, world.functions.events, len(world.waiting())) == ((), [], 1)


def test_messages_that_cannot_be_handed_back_are_counted(world, access):
    world.failed_event()
    world.fails("sqs", "ChangeMessageVisibility", "InternalError")
    (found,) = replay.replay(access, "deploy", dry_run=True)
    assert found.hidden == 1


def test_all_functions_of_a_stack_are_replayed_and_those_it_does_not_have_are_left_out(world, access):
    world.failed_event("verify")
    found = replay.replay(access)
    assert [(q.function, len(q.messages)) for q in found] == [("deploy", 0), ("verify", 1)], "dev promotes nothing"
    with pytest.raises(NotFoundError):
        replay.replay(access, "promote")
    with pytest.raises(MisuseError, match="promote, deploy, verify"):
        replay.replay(access, "train")


@pytest.mark.parametrize("time", ["nonsense", 1583283677000, None])
def test_an_event_with_an_odd_time_is_replayed_as_it_is(world, access, time):
    world.failed_event(body=json.dumps({"id": "odd", "time": time}))
    (found,) = replay.replay(access, "deploy")
    assert (found.messages[0].outcome, found.messages[0].time, found.messages[0].what) == ("replayed", None, "unknown")
    assert world.functions.events[0][1]["time"] == time
