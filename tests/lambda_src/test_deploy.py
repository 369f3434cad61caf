"""Deployment: the approved version, once, whatever order and number of events; and an endpoint that keeps its size."""

import pytest

from contracts import delivery_config as dc
from contracts.desired_state import State
from lambda_src.shared import registry
from tests.lambda_src.fake_sagemaker import ApiError
from tests.lambda_src.world import MODEL, NAMES, TABLE, config


def runs(world):
    """Return the number of the version that the endpoint runs or is about to run."""
    name = world.endpoint["pending"] or world.endpoint["config"]
    model = world.sagemaker.configs[name]["ProductionVariants"][0]["ModelName"]
    return int(world.sagemaker.models[model]["PrimaryContainer"]["ModelDataUrl"].split("/")[-2])


def targets(world):
    scaling = world.client("application-autoscaling")
    return scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


def test_a_first_approval_creates_the_endpoint_and_records_who_approved(world):
    arn = world.own_version(1)
    world.run("deploy", world.approval(arn))
    assert (world.endpoint["status"], runs(world)) == ("Creating", 1)
    assert world.desired["state"] == State.DEPLOYING
    assert world.desired["requested_by"].endswith("/alice")
    assert world.desired["endpoint_config"] == world.endpoint["config"]


def test_the_approver_is_recorded_before_any_other_write(world):
    world.run("deploy", world.approval(world.own_version(1)))
    assert world.written()[:2] == ["dynamodb:PutItem", "dynamodb:TransactWriteItems"], (
        "the event's lock, then the state"
    )
    assert world.written(service="sagemaker")[0] == "sagemaker:CreateModel", "and only then anything in SageMaker"


def test_exactly_the_approved_version_is_deployed_and_not_the_latest(world):
    old = world.own_version(1)
    world.own_version(2)
    world.run("deploy", world.approval(old))
    assert runs(world) == 1


def test_our_own_record_on_the_version_never_replaces_its_approver(world):
    arn = world.deployed(1)
    assert "/prod" not in world.sagemaker.packages[arn]["CustomerMetadataProperties"]["approved_by"]
    writer = world.sagemaker.packages[arn]["LastModifiedBy"]["IamIdentity"]["Arn"]
    assert writer.endswith(NAMES.function("verify")), "the last writer is our function now"
    world.run("deploy", world.approval(arn, minute=59))  # the same approval, told once more
    assert world.desired["requested_by"].endswith("/alice")


def test_a_version_created_as_approved_names_its_creator(world):
    world.run("deploy", world.approval(world.own_version(1), fields=None))
    assert world.desired["requested_by"].endswith("/alice")


@pytest.mark.parametrize("minute", [1, 2])
def test_an_equal_desired_state_writes_nothing_in_sagemaker(world, minute):
    arn = world.deployed(1)
    world.calls.clear()
    world.run("deploy", world.approval(arn, minute=minute))
    assert world.written(service="sagemaker") == [], "it runs already"
    assert world.desired["state"] == State.IN_SERVICE


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (3, 3, 1, 2, 2)])
def test_in_whatever_order_approvals_arrive_the_newest_one_is_served(world, order):
    events = {number: world.approval(world.own_version(number)) for number in (1, 2, 3)}
    for number in order:
        world.run("deploy", events[number])
    world.pump()
    assert (runs(world), world.desired["state"]) == (3, State.IN_SERVICE)
    assert not world.dead_letters


def test_an_older_version_is_served_when_its_approval_is_the_newest(world):
    old = world.deployed(1)
    world.deployed(2)
    world.run("deploy", world.approval(old, minute=30))
    world.pump()
    assert runs(world) == 1, "the newest request wins, not the highest number"


def test_while_the_endpoint_changes_a_newer_approval_is_only_recorded(world):
    world.deployed(1)
    world.run("deploy", world.approval(world.own_version(2)))
    world.calls.clear()
    world.run("deploy", world.approval(world.own_version(3)))
    assert world.written(service="sagemaker") == []
    assert (world.desired["state"], runs(world)) == (State.REQUESTED, 2)
    states = [i["state"] for i in world.items("deployment#")]
    assert states == [State.IN_SERVICE, State.SUPERSEDED, State.REQUESTED]
    world.pump()
    assert (world.desired["state"], runs(world)) == (State.IN_SERVICE, 3), "nobody had to ask again"


def test_an_update_keeps_the_number_of_instances_that_autoscaling_chose(world):
    world.deployed(1)
    world.endpoint["counts"] = {"primary": 5}
    world.run("deploy", world.approval(world.own_version(2)))
    world.settle()
    assert world.endpoint["counts"] == {"primary": 5}, "a busy endpoint must not fall back to its minimum"


def test_an_update_shifts_traffic_under_the_alarms_that_roll_it_back(world):
    world.deployed(1)
    world.run("deploy", world.approval(world.own_version(2)))
    rollback = world.endpoint["deployment"]["AutoRollbackConfiguration"]["Alarms"]
    there = {a["AlarmName"] for a in world.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert {alarm["AlarmName"] for alarm in rollback} <= there, "an alarm that does not exist rolls nothing back"


@pytest.mark.parametrize("call", ["CreateModel", "CreateEndpointConfig", "CreateEndpoint"])
def test_what_another_event_created_in_between_is_no_failure(world, call):
    arn = world.own_version(1)
    first, second = world.approval(arn), world.approval(arn)
    world.fault(f"sagemaker:{call}", "do", action=lambda: world.run("deploy", second))
    assert world.run("deploy", first, tries=1) is not None, "the client's own retry of a call that took effect looks so"
    assert world.endpoint["status"] == "Creating"


def test_an_update_refused_because_another_one_just_began_waits_for_its_end(world):
    world.deployed(1)
    newer = world.approval(world.own_version(3))
    world.fault("sagemaker:UpdateEndpoint", "do", action=lambda: world.run("deploy", newer))
    world.run("deploy", world.approval(world.own_version(2)))
    world.pump()
    assert runs(world) == 3


def test_a_failed_first_creation_is_deleted_and_created_anew_by_the_next_version(world):
    world.run("deploy", world.approval(world.own_version(1)))
    world.settle("Failed", reason="no ping")
    world.run("verify", world.endpoint_event("FAILED"))
    assert world.desired["state"] == State.FAILED
    assert world.endpoint["status"] == "Failed", "nothing is deleted before somebody wants another version"
    world.meanwhile = lambda: world.settle() if world.endpoint else None
    world.run("deploy", world.approval(world.own_version(2)))
    assert (world.endpoint["status"], runs(world)) == ("Creating", 2)


def test_another_event_of_an_approval_that_failed_tries_nothing_again_and_a_newer_approval_does(world):
    arn = world.own_version(1)
    package = world.sagemaker.packages.pop(arn)
    world.run("deploy", world.approval(arn, approved=1))
    assert world.desired["state"] == State.FAILED
    world.sagemaker.packages[arn] = package
    world.run("deploy", world.approval(arn, minute=90, approved=1))
    assert (world.desired["state"], world.endpoint) == (State.FAILED, None), "one approval, told with another time"
    world.run("deploy", world.approval(arn, minute=91, approved=91))
    assert (world.endpoint["status"], runs(world)) == ("Creating", 1)


SERVERLESS = {"scaling": None, "alarms": None, "rollout": dc.Rollout(), "serverless": dc.Serverless()}
ASYNC = {"alarms": None, "asynchronous": dc.Asynchronous(), "smoke": ()}
BATCH = {"scaling": None, "alarms": None, "batch": dc.Batch(schedule="rate(1 day)"), "smoke": ()}
OF_KIND = {"realtime": {}, "serverless": SERVERLESS, "async": ASYNC, "batch": BATCH}
CHANGES = [(a, b) for a in ("realtime", "serverless", "async") for b in OF_KIND if a != b]


@pytest.mark.parametrize(("present", "wanted"), CHANGES)
def test_a_live_endpoint_of_another_kind_is_left_alone_and_told_with_the_way_out(world_of, present, wanted):
    world = world_of(config(kind=dc.Kind(present), **OF_KIND[present]))
    world.deployed(1)
    before = dict(world.endpoint)
    world.publish_config(config(kind=dc.Kind(wanted), **OF_KIND[wanted]))
    world.calls.clear()
    world.run("deploy", world.approval(world.own_version(2)))
    assert not world.dead_letters, "no try of any number can help"
    assert (world.desired["state"], world.outcomes[-1]) == (State.FAILED, "Failed")
    assert world.endpoint == before
    assert world.written(service="sagemaker") == ["sagemaker:UpdateModelPackage"], "the record on the version alone"
    assert f"the endpoint is {present}, and delivery.kind is {wanted} now" in world.desired["detail"]
    assert f"mlops deployments remove prod {MODEL}" in world.desired["detail"], "the fix"


def test_a_failed_endpoint_of_another_kind_is_replaced_as_any_failed_one(world_of):
    world = world_of(config())
    world.run("deploy", world.approval(world.own_version(1)))
    world.settle("Failed", reason="no ping")
    world.run("verify", world.endpoint_event("FAILED"))
    world.publish_config(config(kind=dc.Kind.SERVERLESS, **SERVERLESS))
    world.meanwhile = lambda: world.settle() if world.endpoint else None
    world.run("deploy", world.approval(world.own_version(2)))
    assert (world.endpoint["status"], runs(world)) == ("Creating", 2)


def test_scaling_that_stands_in_an_updates_way_ends_first_and_verifying_brings_it_back(world, monkeypatch):
    world.deployed(1)
    update = world.sagemaker.UpdateEndpoint

    def refuses_while_it_scales(**given):
        if targets(world):
            raise ApiError(
                "ValidationException",
                'The variant(s) "[AllTraffic]" must be deregistered as scalable targets with AWS Auto Scaling before'
                " they can be removed or have their instance type updated.",
            )
        return update(**given)

    monkeypatch.setattr(world.sagemaker, "UpdateEndpoint", refuses_while_it_scales)
    assert targets(world), "it scales before the update"
    world.run("deploy", world.approval(world.own_version(2)))
    assert world.endpoint["status"] == "Updating"
    world.settle()
    world.run("verify", world.endpoint_event())
    assert (runs(world), len(targets(world))) == (2, 1)


def test_a_first_version_after_a_removal_does_not_go_back_to_what_was_removed(world):
    world.deployed(1)
    for item in (world.desired, *world.items("deployment#")):  # as `mlops deployments remove` records it
        world.client("dynamodb").update_item(
            TableName=TABLE,
            Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
            UpdateExpression="SET #state = :removed",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":removed": {"S": "Removed"}},
        )
    world.sagemaker.endpoints.clear()
    world.sagemaker.configs.clear()
    world.run("deploy", world.approval(world.own_version(2), minute=90))
    world.sagemaker.answers[world.desired["endpoint_config"]] = 500
    world.settle()
    world.run("verify", world.endpoint_event())
    assert (world.desired["state"], world.endpoint["status"]) == (State.FAILED, "InService")
    assert not world.dead_letters


def test_a_version_is_read_in_the_region_of_its_arn(world):
    registry.read(world.own_version(1))
    assert registry._registry_of(world.own_version(1)).meta.region_name == "us-east-1"
    foreign = world.own_version(1).replace("us-east-1", "eu-west-1")
    assert registry._registry_of(foreign).meta.region_name == "eu-west-1"


def test_a_model_that_its_repository_deploys_is_recorded_and_left_alone(world_of):
    world = world_of(config(owner=dc.Owner.REPOSITORY))
    world.run("deploy", world.approval(world.own_version(1)))
    assert world.desired["state"] == State.REQUESTED
    assert world.desired["requested_by"].endswith("/alice")
    assert world.written(service="sagemaker") == []


def test_a_version_that_is_gone_is_a_recorded_permanent_failure(world):
    arn = world.own_version(1)
    event = world.approval(arn)
    del world.sagemaker.packages[arn]
    world.run("deploy", event)
    assert (world.desired["state"], world.outcomes) == (State.FAILED, ["Failed"])
    assert not world.dead_letters


def test_a_version_rejected_before_its_event_came_is_not_deployed(world):
    arn = world.own_version(1)
    world.sagemaker.packages[arn]["ModelApprovalStatus"] = "Rejected"
    assert world.run("deploy", world.approval(arn))["outcome"] == "ignored"
    assert world.endpoint is None


def test_a_version_rejected_while_it_waited_is_failed_and_not_deployed(world):
    world.deployed(1)
    world.run("deploy", world.approval(world.own_version(2)))
    waiting = world.own_version(3)
    world.run("deploy", world.approval(waiting))
    world.sagemaker.packages[waiting]["ModelApprovalStatus"] = "Rejected"
    world.pump()
    assert world.desired["state"] == State.FAILED
    assert runs(world) == 2


def test_an_approval_of_another_account_is_not_deployed(world):
    foreign = world.own_version(1).replace("333333333333", "999999999999")
    assert world.run("deploy", world.approval(foreign))["outcome"] == "ignored"


def test_an_event_of_a_group_that_nobody_delivers_goes_to_the_dead_letters(world):
    event = world.approval(world.own_version(1).replace(MODEL, "unheard-of"))
    assert world.run("deploy", event) is None
    assert world.dead_letters, "nothing could be recorded, so it must not vanish"


def test_a_serverless_endpoint_has_neither_guardrails_nor_retained_counts(world_of):
    world = world_of(
        config(kind=dc.Kind.SERVERLESS, serverless=dc.Serverless(), scaling=None, alarms=None, rollout=dc.Rollout())
    )
    world.deployed(1)
    world.calls.clear()
    world.run("deploy", world.approval(world.own_version(2)))
    (update,) = [c.parameters for c in world.calls if c.operation == "UpdateEndpoint"]
    assert set(update) == {"EndpointName", "EndpointConfigName"}


def test_the_same_scheduled_time_starts_one_batch_job(world_of):
    delivered = config(
        kind=dc.Kind.BATCH, batch=dc.Batch(schedule="rate(1 day)"), instances=dc.Instances(), scaling=None, alarms=None
    )
    world = world_of(delivered)
    event = {
        "source": "mlops.schedule", "detail-type": "Scheduled Batch Transform", "id": "1",
        "time": "2026-01-01T03:00:00Z", "detail": {"model": MODEL},
    }  # fmt: skip
    assert world.run("deploy", event)["outcome"] == "ignored", "no version was approved yet"
    world.run("deploy", world.approval(world.own_version(1)))
    assert world.desired["state"] == State.IN_SERVICE, "a batch model serves once its SageMaker model exists"
    for name in ("2", "3"):
        world.run("deploy", {**event, "id": name})
    assert len(world.sagemaker.transform_jobs) == 1
