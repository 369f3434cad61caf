"""Verification: believe DescribeEndpoint and the answers, not the event; say what happened; clean up last."""

import datetime as dt

import pytest

from contracts import delivery_config as dc
from contracts.desired_state import State
from tests.lambda_src.world import NAMES, NOW, TOPIC, config


def bad(world, answer):
    """Let the second version answer so, and bring its rollout to rest."""
    world.deployed(1)
    world.run("deploy", world.approval(world.own_version(2)))
    world.sagemaker.answers[world.desired["endpoint_config"]] = answer
    world.settle()
    world.run("verify", world.endpoint_event())


def test_a_verified_version_is_published_recorded_and_scaled(world):
    arn = world.deployed(1)
    assert world.desired["state"] == State.IN_SERVICE
    (message,) = world.messages
    assert (message["outcome"], message["version"], message["environment"]) == ("InService", arn, "prod")
    assert message["approved_by"].endswith("/alice")
    metadata = world.sagemaker.packages[arn]["CustomerMetadataProperties"]
    assert (metadata["delivery_state"], metadata["code_hash"]) == ("InService", "c0de"), "what was there stays"
    target = world.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in target["ScalableTargets"]] == [(2, 6)]


def test_a_silent_rollback_is_a_failure_told_recorded_and_counted(world, capsys):
    world.deployed(1)
    world.run("deploy", world.approval(world.own_version(2)))
    world.settle(rolled_back=True)  # the event says IN_SERVICE, as a success would
    world.run("verify", world.endpoint_event("IN_SERVICE"))
    assert world.desired["state"] == State.ROLLED_BACK
    assert world.outcomes[-1] == "RolledBack"
    assert '"Failures": 1' in capsys.readouterr().out, "the metric that the alarm watches"
    assert len(world.sagemaker.configs) == 2, "nothing is removed, least of all the live config"
    version = next(p for a, p in world.sagemaker.packages.items() if a.endswith("/2"))
    assert version["CustomerMetadataProperties"]["delivery_state"] == "RolledBack"


@pytest.mark.parametrize("answer", [500, {"predictions": [{"label": 0}]}, b"not json"])
def test_a_version_that_fails_its_smoke_requests_is_failed_and_the_last_good_one_returns(world, answer):
    bad(world, answer)
    assert world.desired["state"] == State.FAILED
    good = world.items("deployment#")[0]["endpoint_config"]
    assert world.endpoint["pending"] == good
    world.pump()
    assert (world.endpoint["config"], world.desired["state"]) == (good, State.FAILED), "it stays told as failed"
    assert world.outcomes == ["InService", "Failed"]


def test_going_back_is_asked_for_once(world):
    bad(world, 500)
    world.settle(rolled_back=True)  # going back did not work either
    world.calls.clear()
    world.run("verify", world.endpoint_event())
    assert world.written(service="sagemaker") == [], "two bad configs must not take turns for ever"


def test_a_first_version_that_fails_has_nothing_to_go_back_to(world):
    world.run("deploy", world.approval(world.own_version(1)))
    world.sagemaker.answers[world.desired["endpoint_config"]] = 500
    world.settle()
    world.run("verify", world.endpoint_event())
    assert (world.desired["state"], world.endpoint["status"]) == (State.FAILED, "InService")


def test_an_answer_that_takes_too_long_fails(world_of):
    world = world_of(config(smoke=(dc.Smoke(payload={}, max_latency_ms=0),)))
    world.deployed(1)
    assert world.desired["state"] == State.FAILED
    assert "ms" in world.desired["detail"]


def test_neither_request_nor_answer_is_logged_or_recorded(world_of, capsys):
    world = world_of(config(smoke=(dc.Smoke(payload={"card": "secret-4711"}, expect_label="secret-label"),)))
    world.deployed(1)
    out = capsys.readouterr().out
    assert world.desired["state"] == State.FAILED
    assert "secret-" not in out + str(world.messages) + str(world.items("deployment#"))


def test_an_event_older_than_the_rollout_judges_nothing(world):
    world.deployed(1)
    world.run("deploy", world.approval(world.own_version(2)))
    world.endpoint.update(status="InService", pending=None)  # as a read that lags behind the update shows it
    world.run("verify", world.endpoint_event(moment=NOW - dt.timedelta(minutes=10)))
    assert world.desired["state"] == State.DEPLOYING, "the event was about the version before"


def test_an_event_that_comes_twice_verifies_once(world):
    world.deployed(1)
    event = world.endpoint_event(event_id="same")
    world.run("verify", event)
    world.calls.clear()
    world.run("verify", event)
    assert [c.name for c in world.calls] == ["dynamodb:PutItem"]


@pytest.mark.parametrize("status", ["FAILED", "OUT_OF_SERVICE", "UPDATE_ROLLBACK_FAILED"])
def test_an_endpoint_that_did_not_come_into_service_is_a_failure(world, status):
    api = {"FAILED": "Failed", "OUT_OF_SERVICE": "OutOfService", "UPDATE_ROLLBACK_FAILED": "UpdateRollbackFailed"}
    world.run("deploy", world.approval(world.own_version(1)))
    world.settle(api[status], reason="no capacity")
    world.run("verify", world.endpoint_event(status))
    assert world.desired["state"] == State.FAILED
    assert "no capacity" in world.desired["detail"]


def test_old_configs_go_only_after_the_new_one_is_verified_and_some_are_kept(world):
    for number in (1, 2, 3):
        world.deployed(number)
    kept = [i["endpoint_config"] for i in world.items("deployment#")][1:]
    assert sorted(world.sagemaker.configs) == sorted(kept), "keep: 1 leaves one beside the one in service"
    assert len(world.sagemaker.models) == 2
    world.run("deploy", world.approval(world.own_version(4)))
    world.settle(rolled_back=True)
    world.run("verify", world.endpoint_event())
    assert set(kept) <= set(world.sagemaker.configs), "an unverified rollout removes nothing"


def test_a_young_config_of_nobody_is_spared(world):
    world.deployed(1)
    model = next(iter(world.sagemaker.models))
    name = f"{NAMES.prefix}-fraud-detector-00000000"
    variants = [{"VariantName": "primary", "ModelName": model}]
    world.sagemaker.CreateEndpointConfig(EndpointConfigName=name, ProductionVariants=variants)
    world.run("verify", world.endpoint_event())
    assert name in world.sagemaker.configs, "another event may be about to use it"
    world.sagemaker.configs[name]["CreationTime"] -= dt.timedelta(hours=2)
    world.run("verify", world.endpoint_event())
    assert name not in world.sagemaker.configs
    assert model in world.sagemaker.models, "a model that a kept config runs stays"


def test_scaling_that_somebody_removed_is_put_back(world):
    world.deployed(1)
    scaling = world.client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    place = {k: target[k] for k in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    scaling.deregister_scalable_target(**place)
    world.deployed(2)
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


def test_a_variant_without_an_instance_is_not_in_service(world):
    world.run("deploy", world.approval(world.own_version(1)))
    world.settle()
    world.endpoint["counts"] = {"primary": 0}
    world.run("verify", world.endpoint_event())
    assert world.desired["state"] == State.FAILED


def test_an_endpoint_in_transition_asks_for_nothing(world):
    assert world.run("verify", world.endpoint_event("UPDATING"))["outcome"] == "ignored"


SMOKE = (dc.Smoke(payload={"amount": 1}, expect_label=1), dc.Smoke(payload={"card": "secret-4711"}))


@pytest.fixture
def asynchronous(world_of):
    """An asynchronous endpoint at rest with its first version, whose queue nobody has worked off yet."""
    world = world_of(config(kind=dc.Kind.ASYNC, alarms=None, asynchronous=dc.Asynchronous(), smoke=SMOKE))
    world.run("deploy", world.approval(world.own_version(1)))
    world.settle()
    return world


def test_an_asynchronous_endpoint_is_in_service_once_it_has_answered_the_recorded_requests(asynchronous):
    world = asynchronous
    world.meanwhile = world.answer_queued
    assert world.run("verify", world.endpoint_event()), "Lambda's own retry is the second look"
    assert (world.desired["state"], world.outcomes) == (State.IN_SERVICE, ["InService"])
    assert len(world.sagemaker.queued) == len(SMOKE), "sent once, however often it is looked for"
    puts = [c.parameters for c in world.calls if c.name == "s3:PutObject"]
    assert {p["SSEKMSKeyId"] for p in puts} == {world.delivered.key_arn}


def test_an_endpoint_that_has_not_answered_is_neither_good_nor_bad_and_is_not_forgotten(asynchronous):
    world = asynchronous
    event = world.endpoint_event()
    assert world.run("verify", event) is None
    assert (world.desired["state"], world.outcomes) == (State.DEPLOYING, []), "clients' requests may stand before ours"
    assert world.dead_letters, "the alarm rings, and the replay finds the answers"
    world.answer_queued()
    world.run("verify", event)
    assert world.desired["state"] == State.IN_SERVICE
    assert len(world.sagemaker.queued) == len(SMOKE)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (500, "smoke[0]: the container answered an error"),
        (b"not json", "smoke[0]: the answer is no JSON"),
        ({"predictions": [{"label": 0}]}, "smoke[0]: the label is not the one expected"),
    ],
)
def test_a_wrong_answer_of_an_asynchronous_endpoint_fails_and_the_last_good_one_returns(asynchronous, answer, why):
    world = asynchronous
    world.meanwhile = world.answer_queued
    world.run("verify", world.endpoint_event())
    good = world.desired["endpoint_config"]
    world.run("deploy", world.approval(world.own_version(2)))
    world.sagemaker.answers[world.desired["endpoint_config"]] = answer
    world.settle()
    world.run("verify", world.endpoint_event())
    assert (world.desired["state"], world.outcomes[-1]) == (State.FAILED, "Failed")
    assert why in world.desired["detail"]
    assert world.endpoint["pending"] == good


def test_answers_of_an_earlier_rollout_do_not_count(asynchronous):
    world = asynchronous
    world.meanwhile = world.answer_queued
    world.run("verify", world.endpoint_event())
    world.meanwhile = lambda: None
    world.run("deploy", world.approval(world.own_version(2)))
    world.settle()
    assert world.run("verify", world.endpoint_event()) is None
    assert world.desired["state"] == State.DEPLOYING


def test_an_asynchronous_endpoint_without_recorded_requests_is_in_service_at_once(world_of):
    world = world_of(config(kind=dc.Kind.ASYNC, alarms=None, asynchronous=dc.Asynchronous(), smoke=()))
    world.deployed(1)
    assert (world.desired["state"], world.sagemaker.queued) == (State.IN_SERVICE, [])


def test_what_an_asynchronous_endpoint_was_asked_and_answered_is_not_logged(asynchronous, capsys):
    world = asynchronous
    world.sagemaker.answers[world.desired["endpoint_config"]] = {"predictions": [{"label": "secret-label"}]}
    world.meanwhile = world.answer_queued
    world.run("verify", world.endpoint_event())
    assert world.desired["state"] == State.FAILED
    assert "secret-" not in capsys.readouterr().out + str(world.messages) + str(world.items(""))


def test_results_go_to_the_topic_of_the_environment(world):
    world.deployed(1)
    (publish,) = [c.parameters for c in world.calls if c.operation == "Publish"]
    assert publish["TopicArn"].rsplit(":", 1)[-1] == TOPIC.rsplit(":", 1)[-1]
    assert publish["MessageAttributes"]["outcome"]["StringValue"] == "InService"
