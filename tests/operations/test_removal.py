"""What no settings deliver any more: it is listed, and goes when an operator says its name."""

from dataclasses import replace

import pytest

from contracts.delivery_config import Kind, Owner
from contracts.desired_state import State
from local.aws import endpoint_machine
from operations import deployments, removal, table
from operations.errors import MisuseError, NotFoundError, OperationError
from settings import StackSettings
from tests.operations.world import MODEL

AT = "2026-03-01T10:00:00Z"


@pytest.fixture
def serving(world):
    """A version in service, with scaling and an alarm."""
    number = world.version(status="Approved")
    world.deployed(number, at=AT)
    world.endpoint(number)
    sagemaker, endpoint = world.client("sagemaker"), world.names.endpoint(MODEL)
    arn = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "model", "Value": MODEL}])
    place = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{endpoint}/variant/primary"}
    world.client("application-autoscaling").register_scalable_target(
        **place, ScalableDimension="sagemaker:variant:DesiredInstanceCount", MinCapacity=1, MaxCapacity=2
    )
    world.client("cloudwatch").put_metric_alarm(
        AlarmName=world.names.alarm("errors", MODEL), MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1,
        Statistic="Sum", Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    return world


@pytest.fixture
def orphaned(serving, monkeypatch):
    """The stack's settings deliver the model no longer."""
    monkeypatch.setattr(StackSettings, "delivery", lambda *_: None)
    return serving


def delivered(monkeypatch, **changes):
    real = StackSettings.delivery
    monkeypatch.setattr(StackSettings, "delivery", lambda self, model: replace(real(self, model), **changes))


def left(world):
    """Return the names of everything that still serves."""
    sagemaker = world.client("sagemaker")
    world.settle()
    return [
        *(e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]),
        *(c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]),
        *(m["ModelName"] for m in sagemaker.list_models()["Models"]),
        *(a["AlarmName"] for a in world.client("cloudwatch").describe_alarms()["MetricAlarms"]),
        *(
            t["ResourceId"]
            for t in world.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")[
                "ScalableTargets"
            ]
        ),
    ]


def removed(access):
    return removal.remove(access, MODEL, confirmed=MODEL, reason="retired")


def test_an_endpoint_that_no_settings_deliver_is_listed_as_an_orphan(orphaned, access):
    (found,) = deployments.listed(access)
    assert (found.model, found.delivery, found.endpoint.name) == (MODEL, None, orphaned.names.endpoint(MODEL))
    assert len(found.history) == 1
    assert deployments.listed(access, model=MODEL) == (found,)


def test_what_the_settings_deliver_is_no_orphan_and_neither_is_what_another_stack_owns(serving, access):
    sagemaker = serving.client("sagemaker")
    other = f"{serving.names.prefix}0-fraud-detector"
    config = sagemaker.list_endpoint_configs()["EndpointConfigs"][0]["EndpointConfigName"]
    sagemaker.create_endpoint(EndpointName=other, EndpointConfigName=config)
    assert removal.orphans(access) == {}
    assert [found.delivery is not None for found in deployments.listed(access)] == [True]


def test_removing_an_orphan_deletes_everything_that_served_and_records_it(orphaned, access):
    found = removed(access)
    assert found.endpoint == orphaned.names.endpoint(MODEL)
    assert (len(found.alarms), found.recorded) == (1, True)
    desired = table.read(access, MODEL)
    assert (desired.state, desired.endpoint_config) == (State.REMOVED, None)
    assert "retired" in desired.detail
    assert [d.state for d in table.history(access, MODEL)] == [State.REMOVED]
    assert deployments.listed(access)[0].endpoint.status == "Deleting", "SageMaker takes its time"
    orphaned.settle()
    assert deployments.listed(access) == ()


def test_nothing_of_it_is_left_and_again_is_no_error(orphaned, access, monkeypatch):
    monkeypatch.setattr(removal, "_configs", lambda access, *_: _every_config(access))
    removed(access)
    assert left(orphaned) == []
    again = removed(access)
    assert (again.endpoint, again.endpoint_configs, again.sagemaker_models, again.alarms) == (None, (), (), ())


def _every_config(access):
    found = access.client("sagemaker").list_endpoint_configs()["EndpointConfigs"]
    return sorted(config["EndpointConfigName"] for config in found)


@pytest.mark.parametrize("operation", ["DeleteEndpoint", "DeleteModel", "DeleteEndpointConfig"])
def test_a_removal_that_fails_half_way_is_finished_by_the_next(orphaned, access, monkeypatch, operation):
    monkeypatch.setattr(removal, "_configs", lambda access, *_: _every_config(access))
    orphaned.fails("sagemaker", operation, "ThrottlingException")
    with pytest.raises(OperationError):
        removed(access)
    assert table.read(access, MODEL).state is State.IN_SERVICE, "it is not recorded before it is true"
    orphaned.settle()
    removed(access)
    assert left(orphaned) == []
    assert table.read(access, MODEL).state is State.REMOVED


def test_the_configs_of_other_models_and_stacks_stay(orphaned, access):
    sagemaker = orphaned.client("sagemaker")
    prefix = orphaned.names.prefix
    kept = [f"{prefix}-{MODEL}-2-00000000", f"{prefix}0-{MODEL}-00000000", f"{prefix}-churn-00000000"]
    for name in (*kept, f"{prefix}-{MODEL}-0a1b2c3d"):
        variant = {"VariantName": "primary", "ModelName": "model-1", "InstanceType": "ml.m5.large",
                   "InitialInstanceCount": 1}  # fmt: skip
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    assert removed(access).endpoint_configs == (f"{prefix}-{MODEL}-0a1b2c3d",)
    assert set(kept) <= set(left(orphaned))


def test_a_model_that_the_settings_deliver_is_not_removed(serving, access, monkeypatch):
    before = left(serving)
    with pytest.raises(MisuseError, match="next approval would create the endpoint anew"):
        removed(access)
    delivered(monkeypatch, owner=Owner.REPOSITORY)
    with pytest.raises(MisuseError, match="repository's own stack"):
        removed(access)
    assert left(serving) == before


def test_an_endpoint_of_another_kind_than_the_settings_ask_for_may_be_removed(serving, access, monkeypatch):
    delivered(monkeypatch, kind=Kind.SERVERLESS)
    assert removed(access).endpoint == serving.names.endpoint(MODEL), "the way out of a refused change of kind"


def test_the_name_must_be_given_once_more(orphaned, access):
    with pytest.raises(MisuseError, match=f"--confirm {MODEL}"):
        removal.remove(access, MODEL, confirmed="fraud", reason="r")
    assert orphaned.names.endpoint(MODEL) in left(orphaned)


def test_what_was_never_deployed_is_not_found(world, access):
    with pytest.raises(NotFoundError, match="nothing of churn was ever deployed"):
        removal.remove(access, "churn", confirmed="churn", reason="r")


def test_an_endpoint_that_changes_is_left_alone(orphaned, access):
    for endpoint in endpoint_machine.all_endpoints():
        endpoint.endpoint_status = "Updating"
    with pytest.raises(MisuseError, match="is Updating"):
        removed(access)


def test_a_stack_without_a_table_can_still_be_cleaned(orphaned, access):
    orphaned.client("dynamodb").delete_table(TableName=orphaned.names.table(table.TABLE))
    assert deployments.listed(access)[0].history == ()
    assert removed(access).recorded is False
