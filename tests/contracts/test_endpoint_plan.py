"""Every request of a plan is one that AWS takes, and its names are digests of what it says."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import delivery_config as config
from contracts import endpoint_plan as requests
from contracts.endpoint_plan import PlanError, rollout
from contracts.limits import LIMITS
from tests.contracts.plans import ACME, ALARMS, BATCH, DELIVERIES, LONGEST, LONGEST_MODEL, check_request, plan

COORDINATES = {"ordinary": (ACME, "fraud-detector"), "longest": (LONGEST, LONGEST_MODEL)}
everywhere = pytest.mark.parametrize(("names", "model"), COORDINATES.values(), ids=COORDINATES)
every_delivery = pytest.mark.parametrize("delivery", DELIVERIES.values(), ids=DELIVERIES)


@everywhere
@every_delivery
def test_sagemaker_takes_every_request_of_a_plan(delivery, names, model):
    made = plan(delivery, names, model)

    check_request("sagemaker", "CreateModel", requests.create_model(made))
    check_request("sagemaker", "CreateEndpointConfig", requests.create_endpoint_config(made))
    check_request("sagemaker", "CreateEndpoint", requests.create_endpoint(made))
    check_request("sagemaker", "UpdateEndpoint", requests.update_endpoint(made))
    if delivery.shadow:
        check_request("sagemaker", "CreateModel", requests.create_model(made, shadow=True))


@everywhere
@every_delivery
def test_autoscaling_and_cloudwatch_take_theirs(delivery, names, model):
    scaling = requests.scaling_requests(names, model, delivery)
    alarms = requests.alarms(names, model, delivery, actions=[names.topic_arn("alerts")])

    for alarm in alarms:
        check_request("cloudwatch", "PutMetricAlarm", alarm)
    assert tuple(alarm["AlarmName"] for alarm in alarms) == requests.alarm_names(names, model, delivery)
    if scaling:
        check_request("application-autoscaling", "RegisterScalableTarget", scaling.register_scalable_target)
        check_request("application-autoscaling", "PutScalingPolicy", scaling.put_scaling_policy)
    assert (scaling is not None) == delivery.scales


@everywhere
def test_sagemaker_takes_a_transform_job(names, model):
    made = plan(BATCH, names, model)
    job = requests.create_transform_job(made, data_bucket=names.bucket("data"), run="2026-03-02T03:00:00Z")

    check_request("sagemaker", "CreateTransformJob", job)
    check_request("sagemaker", "CreateModel", requests.create_model(made))
    assert job["ModelName"] == requests.endpoint_model_name(made)
    again = requests.create_transform_job(made, data_bucket=names.bucket("data"), run="2026-03-02T03:00:00Z")
    other = requests.create_transform_job(made, data_bucket=names.bucket("data"), run="2026-03-03T03:00:00Z")
    assert again == job, "a repeated run meets the first job"
    assert other["TransformJobName"] != job["TransformJobName"], "each run is a job of its own"


@every_delivery
def test_the_config_runs_the_model_that_is_created(delivery):
    made = plan(delivery)
    endpoint_config = requests.create_endpoint_config(made)

    assert endpoint_config["ProductionVariants"][0]["ModelName"] == requests.create_model(made)["ModelName"]
    for variant in endpoint_config.get("ShadowProductionVariants", []):
        assert variant["ModelName"] == requests.create_model(made, shadow=True)["ModelName"]
        assert variant["ModelName"] != requests.create_model(made)["ModelName"]
    assert requests.create_endpoint(made)["EndpointConfigName"] == endpoint_config["EndpointConfigName"]


@every_delivery
def test_equal_plans_have_equal_requests_whatever_the_order_of_their_parts(delivery):
    left = plan(delivery, environment_variables={"A": "1", "B": "2"}, subnets=("subnet-1", "subnet-2"))
    right = plan(delivery, environment_variables={"B": "2", "A": "1"}, subnets=("subnet-2", "subnet-1"))

    assert requests.create_model(left) == requests.create_model(right)
    assert requests.create_endpoint_config(left) == requests.create_endpoint_config(right)


CHANGES = {
    "model": "churn",
    "role_arn": "arn:aws:iam::333333333333:role/other",
    "version_arn": "arn:aws:sagemaker:us-east-1:333333333333:model-package/g/9",
    "image": "111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk/fraud-detector@sha256:" + "0a" * 32,
    "model_data_url": "s3://bucket/other/model.tar.gz",
    "environment_variables": {"MODEL_VERSION": "8"},
    "subnets": ("subnet-0123456789abcdef2", "subnet-0123456789abcdef3"),
    "security_groups": ("sg-0123456789abcdef9",),
    "key_arn": "arn:aws:kms:us-east-1:333333333333:key/99999999-2222-3333-4444-555555555555",
    "capture_bucket": "another-bucket",
    "names": replace(ACME, unit="retail"),
    "shadow": requests.ShadowModel(version_arn="v", image="image@sha256:1", model_data_url="s3://b/k"),
}
KEEPS_THE_NAME = {"environment", "tags", "artifact_bucket", "delivery"}
"""`delivery` has a test of its own; results of asynchronous inference are the artifact bucket's only use here."""


def test_every_part_of_a_plan_is_known_to_change_the_configs_name_or_not():
    assert {field.name for field in fields(requests.DeliveryPlanInput)} == set(CHANGES) | KEEPS_THE_NAME


@pytest.mark.parametrize("part", CHANGES)
def test_a_change_of_what_runs_changes_the_configs_name(part):
    before = plan(DELIVERIES["everything"])
    other = replace(before, **{part: CHANGES[part]})

    assert requests.endpoint_config_name(other) != requests.endpoint_config_name(before), (
        "a name stands for its content, or an update would run something else than it says"
    )


def test_a_tag_deploys_nothing_anew():
    before = plan(DELIVERIES["everything"])

    assert requests.endpoint_config_name(replace(before, tags={})) == requests.endpoint_config_name(before)


instances = st.builds(
    lambda least, more: config.Instances(min=least, max=least + more), st.integers(1, 9), st.integers(0, 5)
)
deliveries = st.builds(
    config.Delivery,
    source=st.just(config.Source.TRAIN),
    kind=st.sampled_from([config.Kind.REALTIME, config.Kind.SERVERLESS, config.Kind.ASYNC]),
    instance_type=st.sampled_from(["ml.m5.large", "ml.m5.xlarge", "ml.g5.xlarge"]),
    instances=st.none() | instances,
    serverless=st.none() | st.builds(config.Serverless, memory_mb=st.sampled_from([1024, 2048])),
    asynchronous=st.none() | st.builds(config.Asynchronous, max_concurrent=st.integers(1, 1000)),
    capture=st.none() | st.builds(config.Capture, percent=st.integers(1, 100)),
    rollout=st.builds(
        config.Rollout,
        strategy=st.sampled_from(config.Strategy),
        step_percent=st.integers(10, 50),
        wait_seconds=st.integers(0, 3600),
        bake_seconds=st.integers(0, 3600),
    ),
    alarms=st.none() | st.just(ALARMS),
)
texts = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8)
plans = st.builds(
    lambda delivery, version, variables: plan(
        delivery, model_data_url=f"s3://bucket/{version}/model.tar.gz", environment_variables=variables
    ),
    deliveries,
    st.integers(1, 3),
    st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["1", "2"])),
)


def content(request):
    return {key: value for key, value in request.items() if key not in ("EndpointConfigName", "Tags")}


@given(left=plans, right=plans)
def test_configs_share_a_name_exactly_where_they_say_the_same(left, right):
    first, second = requests.create_endpoint_config(left), requests.create_endpoint_config(right)

    assert (first["EndpointConfigName"] == second["EndpointConfigName"]) == (content(first) == content(second))


@given(made=plans)
def test_names_stay_within_sagemakers_limits_and_requests_within_its_model(made):
    longest = replace(made, names=LONGEST, model=LONGEST_MODEL)

    for one in (made, longest):
        check_request("sagemaker", "CreateEndpointConfig", requests.create_endpoint_config(one))
        check_request("sagemaker", "UpdateEndpoint", requests.update_endpoint(one))
        assert len(requests.endpoint_config_name(one)) <= LIMITS["endpoint_config"].length
        assert len(requests.endpoint_model_name(one)) <= LIMITS["endpoint_model"].length


def test_capture_keeps_input_and_output_encrypted_and_as_json():
    captured = requests.create_endpoint_config(plan(DELIVERIES["everything"]))["DataCaptureConfig"]

    assert captured["CaptureOptions"] == [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    assert captured["KmsKeyId"].startswith("arn:aws:kms:"), "captured requests are personal data"
    assert captured["CaptureContentTypeHeader"] == {"JsonContentTypes": ["application/json"]}


def test_a_serverless_plan_has_nothing_that_serverless_excludes():
    made = plan(DELIVERIES["serverless"])
    model, endpoint_config = requests.create_model(made), requests.create_endpoint_config(made)

    assert not {"VpcConfig", "EnableNetworkIsolation"} & set(model)
    assert not {"KmsKeyId", "DataCaptureConfig", "ShadowProductionVariants"} & set(endpoint_config)
    assert set(requests.update_endpoint(made)) == {"EndpointName", "EndpointConfigName"}


def test_instances_run_isolated_in_the_vpc_with_an_encrypted_volume():
    made = plan(DELIVERIES["realtime"])

    assert requests.create_model(made)["EnableNetworkIsolation"] is True
    assert requests.create_model(made)["VpcConfig"]["SecurityGroupIds"] == ["sg-0123456789abcdef0"]
    assert requests.create_endpoint_config(made)["KmsKeyId"] == made.key_arn


def test_no_volume_key_where_the_disk_encrypts_itself():
    assert "KmsKeyId" not in requests.create_endpoint_config(plan(DELIVERIES["local disk"])), "SageMaker refuses it"


def test_an_update_keeps_the_number_of_instances_that_scaling_chose():
    scaled, fixed = (requests.update_endpoint(plan(DELIVERIES[name])) for name in ("everything", "realtime"))

    assert scaled["RetainAllVariantProperties"] is True, "or a busy endpoint falls back to its minimum"
    assert {kept["VariantPropertyType"] for kept in scaled["ExcludeRetainedVariantProperties"]} == {
        "DesiredWeight",
        "DataCaptureConfig",
    }, "weights and capture are the new config's"
    assert "RetainAllVariantProperties" not in fixed, "a changed fixed count must take effect"


def test_a_rollback_updates_to_the_earlier_config_with_the_same_care():
    made = plan(DELIVERIES["everything"])

    back = requests.update_endpoint(made, endpoint_config="earlier")

    assert back == {**requests.update_endpoint(made), "EndpointConfigName": "earlier"}


def test_a_rollout_says_how_traffic_moves_and_what_takes_it_back():
    def of(name):
        return requests.deployment_config(ACME, "fraud-detector", DELIVERIES[name])

    assert of("everything")["BlueGreenUpdatePolicy"] == {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 600,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
        },
        "TerminationWaitInSeconds": 900,
        "MaximumExecutionTimeoutInSeconds": 2 * 600 + 900 + rollout.PROVISION_SECONDS,
    }
    assert of("everything")["AutoRollbackConfiguration"] == {
        "Alarms": [
            {"AlarmName": "acme-risk-prod-us-east-1-fraud-detector.errors"},
            {"AlarmName": "acme-risk-prod-us-east-1-fraud-detector.latency"},
        ]
    }
    assert of("linear")["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["LinearStepSize"]["Value"] == 25
    assert of("rolling")["RollingUpdatePolicy"]["MaximumBatchSize"]["Value"] == 50
    assert "AutoRollbackConfiguration" not in of("realtime"), "there are no alarms to go back by"
    assert of("serverless") is None, "guardrails are for instances"


def test_a_rollouts_time_limit_stays_within_sagemakers():
    slow = replace(
        DELIVERIES["linear"],
        rollout=config.Rollout(strategy=config.Strategy.LINEAR, step_percent=10, wait_seconds=3600, bake_seconds=3600),
    )
    policy = requests.deployment_config(ACME, "fraud-detector", slow)["BlueGreenUpdatePolicy"]

    assert policy["MaximumExecutionTimeoutInSeconds"] == rollout.MOST_EXECUTION_SECONDS, "SageMaker refuses more"


def test_alarms_take_a_share_of_requests_and_microseconds():
    errors, latency = requests.alarms(ACME, "fraud-detector", DELIVERIES["everything"])

    assert errors["Metrics"][0]["Expression"] == "errors / requests"
    assert errors["Threshold"] == 0.01
    assert latency["Threshold"] == 500_000.0, "ModelLatency counts microseconds"
    assert {errors["TreatMissingData"], latency["TreatMissingData"]} == {"notBreaching"}, "no requests are no fault"


def test_a_shadow_gets_its_share():
    shadow = requests.create_endpoint_config(plan(DELIVERIES["everything"]))["ShadowProductionVariants"][0]

    assert (shadow["VariantName"], shadow["InitialVariantWeight"]) == ("shadow", 0.5)


def test_what_no_request_can_be_made_of_is_refused():
    with pytest.raises(PlanError, match="has no endpoint"):
        requests.create_endpoint_config(plan(BATCH))
    with pytest.raises(PlanError, match="only batch runs jobs"):
        requests.create_transform_job(plan(DELIVERIES["realtime"]), data_bucket="b", run="r")
    with pytest.raises(PlanError, match="no shadow model to create"):
        requests.create_model(plan(DELIVERIES["realtime"]), shadow=True)
    with pytest.raises(PlanError, match="has no shadow model; look the shadow's version up"):
        plan(DELIVERIES["everything"], shadow=None)
    with pytest.raises(PlanError, match="101 environment variables, and a container takes 100"):
        plan(DELIVERIES["realtime"], environment_variables={f"V{n}": "" for n in range(101)})
