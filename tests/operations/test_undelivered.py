"""Sending on what EventBridge could hand to no target: each event to where it was going, none lost."""

import json
from dataclasses import replace

import pytest

from operations import replay
from operations.errors import MisuseError
from operations.session import Access
from settings import Environment, read_stack_file
from tests.harness import ROOT
from tests.operations.world import FakeLambda

EVENT = "SageMaker Model Package State Change"


@pytest.fixture
def queue(world):
    """Puts a message into the queue as EventBridge does."""
    sqs = world.client("sqs")
    url = sqs.create_queue(QueueName=world.names.queue("undelivered"))["QueueUrl"]

    def put(target, *, event_id="e-1", body=None, source="RULE_ARN", code="NO_PERMISSIONS"):
        event = {"id": event_id, "detail-type": EVENT, "time": "2026-03-01T10:00:00Z", "resources": [world.arn(1)],
                 "detail": {"secret": "payload"}}  # fmt: skip
        said = {source: f"arn:aws:events:us-east-1:{world.settings.account}:rule/approved", "ERROR_CODE": code,
                "ERROR_MESSAGE": "no policy admits it", "TARGET_ARN": target}  # fmt: skip
        sqs.send_message(
            QueueUrl=url,
            MessageBody=json.dumps(event) if body is None else body,
            MessageAttributes={k: {"DataType": "String", "StringValue": v} for k, v in said.items() if v},
        )

    def waiting():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return [message["Body"] for message in found]

    put.waiting = waiting
    return put


@pytest.fixture
def next_functions():
    return FakeLambda()


@pytest.fixture
def following(next_functions):
    settings = read_stack_file(ROOT / "Pulumi.preprod.yaml")
    clients = {"lambda": next_functions}
    return Access(settings=settings, client=clients.__getitem__, caller="arn:aws:iam::222222222222:user/ada")


def next_bus(world):
    return world.settings.names_of(Environment.PREPROD).event_bus_arn


def test_looking_says_what_was_on_its_way_where_and_why_it_did_not_arrive(world, access, queue):
    queue(world.names.function_arn("deploy"))
    (found,) = replay.replay(access, "undelivered", dry_run=True)
    (message,) = found.messages
    assert (message.outcome, message.what, message.about) == ("waiting", EVENT, world.arn(1))
    assert message.target == world.names.function_arn("deploy")
    assert message.rule.endswith(":rule/approved")
    assert message.error == "NO_PERMISSIONS: no policy admits it"
    assert "payload" not in repr(found)
    assert (len(queue.waiting()), world.functions.events) == (1, [])


@pytest.mark.parametrize("function", ["promote", "deploy", "verify"])
def test_what_was_for_a_function_reaches_it_unchanged_once(world, access, queue, function):
    queue(world.names.function_arn(function))
    (found,) = replay.replay(access, "undelivered")
    ((name, event),) = world.functions.events
    assert (name, event["detail"]) == (world.names.function(function), {"secret": "payload"})
    assert [m.outcome for m in found.messages] == ["replayed"]
    assert queue.waiting() == []


def test_what_was_for_the_next_environments_bus_reaches_the_function_that_listens_there(
    world, access, queue, following, next_functions
):
    queue(next_bus(world))
    (found,) = replay.replay(access, "undelivered", following=following)
    ((name, event),) = next_functions.events
    assert (name, event["id"]) == (following.names.function("promote"), "e-1")
    assert (world.functions.events, queue.waiting()) == ([], [])
    assert found.messages[0].outcome == "replayed"


def test_without_the_next_environments_credentials_it_stays_and_says_which_are_needed(world, access, queue):
    queue(next_bus(world))
    queue(world.names.function_arn("deploy"), event_id="e-2")
    (found,) = replay.replay(access, "undelivered")
    assert sorted(m.outcome for m in found.messages) == ["kept", "replayed"], "one target does not block another"
    (kept,) = [m for m in found.messages if m.outcome == "kept"]
    assert "--next-profile with a profile of 222222222222" in kept.why
    assert len(queue.waiting()) == 1


@pytest.mark.parametrize(
    ("target", "source", "why"),
    [
        ("arn:aws:sagemaker:us-east-1:111111111111:pipeline/fraud", "SCHEDULE_ARN", "start one run per pipeline"),
        ("arn:aws:sagemaker:us-east-1:111111111111:pipeline/fraud", "RULE_ARN", "start one run per pipeline"),
        ("arn:aws:lambda:us-east-1:111111111111:function:somebodys", "RULE_ARN", "no function or bus that these"),
        ("arn:aws:events:us-east-1:999999999999:event-bus/any", "RULE_ARN", "no function or bus that these settings"),
        ("", "RULE_ARN", "does not say for what it was"),
    ],
)
def test_what_cannot_be_sent_on_stays_with_the_reason(world, access, queue, following, target, source, why):
    queue(target, source=source)
    (found,) = replay.replay(access, "undelivered", following=following)
    assert [m.outcome for m in found.messages] == ["kept"]
    assert why in found.messages[0].why
    assert (world.functions.events, len(queue.waiting())) == ([], 1)


def test_a_body_that_is_no_event_stays(world, access, queue):
    queue(world.names.function_arn("deploy"), body="{}")
    (found,) = replay.replay(access, "undelivered")
    assert "no event" in found.messages[0].why
    assert (world.functions.events, queue.waiting()) == ([], ["{}"])


@pytest.mark.parametrize("answer", ["TooManyRequestsException", "AccessDeniedException", 500])
def test_a_message_that_was_not_accepted_stays_and_the_others_go_on(world, access, queue, answer):
    for number in range(2):
        queue(world.names.function_arn("deploy"), event_id=f"e-{number}")
    world.functions.answers = [answer]
    (found,) = replay.replay(access, "undelivered")
    assert sorted(m.outcome for m in found.messages) == ["kept", "replayed"]
    assert len(queue.waiting()) == 1, "at once, not after the time for which it was hidden"


def test_a_replay_that_fails_half_way_loses_nothing(world, access, queue):
    for number in range(3):
        queue(world.names.function_arn("deploy"), event_id=f"e-{number}")
    world.fails("sqs", "DeleteMessage", "InternalError")
    with pytest.raises(Exception, match="handled twice, which does no harm"):
        replay.replay(access, "undelivered")
    assert len(queue.waiting()) == 3, "what was accepted and not deleted comes again; nothing is gone"
    (found,) = replay.replay(access, "undelivered")
    assert [m.outcome for m in found.messages] == ["replayed"] * 3
    assert queue.waiting() == []


def test_one_event_in_two_messages_is_sent_once_to_each_target(world, access, queue, following, next_functions):
    for target in (world.names.function_arn("deploy"), world.names.function_arn("deploy"), next_bus(world)):
        queue(target)
    (found,) = replay.replay(access, "undelivered", following=following)
    assert sorted(m.outcome for m in found.messages) == ["kept", "replayed", "replayed"]
    assert (len(world.functions.events), len(next_functions.events)) == (1, 1)


def test_the_queue_belongs_to_a_replay_of_everything(world, access, queue):
    queue(world.names.function_arn("verify"))
    world.failed_event("deploy")
    found = replay.replay(access)
    assert [(q.function, len(q.messages)) for q in found] == [("deploy", 1), ("verify", 0), ("undelivered", 1)]
    with pytest.raises(MisuseError, match="promote, deploy, verify, undelivered"):
        replay.replay(access, "train")


def test_the_last_environment_has_no_next_one(world, access, queue, following):
    prod = read_stack_file(ROOT / "Pulumi.prod.yaml")
    last = replace(access, settings=prod)
    sqs = world.client("sqs")
    url = sqs.create_queue(QueueName=prod.names.queue("undelivered"))["QueueUrl"]
    target = {"TARGET_ARN": {"DataType": "String", "StringValue": next_bus(world)}}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"id": "e"}), MessageAttributes=target)
    (found,) = replay.replay(last, "undelivered", following=following)
    assert "no function or bus that these settings know" in found.messages[0].why
