"""`ModelEndpoint` creates what the functions would create for the same delivery, for any language."""

import pulumi
import pytest

from components.endpoint_arguments import arguments
from components.model_endpoint import ModelEndpoint, ModelEndpointArgs, delivery_of, names_of
from contracts import endpoint_plan
from contracts.endpoint_plan import DeliveryPlanInput
from tests.harness import deploy

VERSION = "arn:aws:sagemaker:us-east-1:111111111111:model-package/acme-risk-dev-us-east-1-fraud-detector/7"
IMAGE = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk/fraud-detector@sha256:{'0' * 64}"
BASE = {
    "organisation": "acme",
    "unit": "risk",
    "environment": "preprod",
    "region": "us-east-1",
    "account": "222222222222",
    "model": "fraud-detector",
    "version_arn": VERSION,
    "image": IMAGE,
    "model_data_url": "s3://artifacts/promoted/fraud-detector/1/model.tar.gz",
    "role_arn": "arn:aws:iam::222222222222:role/serving",
    "subnet_ids": ["subnet-2", "subnet-1"],
    "security_group_ids": ["sg-1"],
    "key_arn": "arn:aws:kms:us-east-1:222222222222:key/1",
    "capture_bucket": "data",
    "artifact_bucket": "artifacts",
}
CANARY = {
    "instances_min": 2,
    "instances_max": 6,
    "capture_percent": 50,
    "rollout_strategy": "canary",
    "rollout_step_percent": 25,
    "alarm_max_5xx_rate": 0.01,
    "alarm_max_latency_ms": 500,
    "alarm_topic_arn": "arn:aws:sns:us-east-1:222222222222:alerts",
}


def graph(preview=False, **changes):
    args = ModelEndpointArgs(**(BASE | changes))
    return deploy(lambda: ModelEndpoint("endpoint", args), preview=preview)


def plan(**changes):
    args = ModelEndpointArgs(**(BASE | changes))
    return DeliveryPlanInput(
        model=args.model,
        environment=args.environment,
        names=names_of(args),
        role_arn=args.role_arn,
        version_arn=args.version_arn,
        image=args.image,
        model_data_url=args.model_data_url,
        environment_variables=args.environment_variables or {},
        delivery=delivery_of(args),
        subnets=tuple(args.subnet_ids),
        security_groups=tuple(args.security_group_ids),
        key_arn=args.key_arn,
        capture_bucket=args.capture_bucket,
        artifact_bucket=args.artifact_bucket,
    )


def test_model_and_config_have_the_names_that_the_functions_would_give_them():
    found, expected = graph(**CANARY), plan(**CANARY)
    assert found.one("sagemaker:Model").inputs["name"] == endpoint_plan.endpoint_model_name(expected)
    config = found.one("sagemaker:EndpointConfiguration").inputs
    assert config["name"] == endpoint_plan.endpoint_config_name(expected)
    assert found.one("sagemaker:Endpoint").inputs["endpointConfigName"] == config["name"]
    assert config["productionVariants"][0]["modelName"] == endpoint_plan.endpoint_model_name(expected)


def test_another_version_makes_another_config_and_the_same_endpoint():
    before, after = graph(**CANARY), graph(**CANARY, version_arn=VERSION[:-1] + "8")
    assert (
        before.one("sagemaker:EndpointConfiguration").inputs["name"]
        != after.one("sagemaker:EndpointConfiguration").inputs["name"]
    ), "a config is never overwritten, so the old one is there to go back to"
    assert before.one("sagemaker:Endpoint").inputs["name"] == after.one("sagemaker:Endpoint").inputs["name"]


def test_a_realtime_endpoint_runs_isolated_in_the_network_and_on_the_key():
    found = graph(**CANARY, environment_variables={"MODEL_SERVER": "1"})
    model = found.one("sagemaker:Model").inputs
    assert model["vpcConfig"] == {"subnets": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}
    assert model["enableNetworkIsolation"] is True
    assert model["primaryContainer"]["environment"] == {"MODEL_SERVER": "1"}, "variables keep their own spelling"
    config = found.one("sagemaker:EndpointConfiguration").inputs
    assert config["kmsKeyArn"] == BASE["key_arn"]
    assert config["dataCaptureConfig"]["kmsKeyId"] == BASE["key_arn"]
    assert [option["captureMode"] for option in config["dataCaptureConfig"]["captureOptions"]] == ["Input", "Output"]


def test_an_update_shifts_traffic_in_steps_and_goes_back_by_alarms_that_exist_before():
    found = graph(**CANARY)
    endpoint = found.one("sagemaker:Endpoint")
    policy = endpoint.inputs["deploymentConfig"]
    assert policy["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]["canarySize"] == {
        "type": "CAPACITY_PERCENT",
        "value": 25,
    }
    alarms = found.of_type("cloudwatch:MetricAlarm")
    watched = {alarm["alarmName"] for alarm in policy["autoRollbackConfiguration"]["alarms"]}
    assert watched == {alarm.inputs["name"] for alarm in alarms}
    assert {alarm.urn for alarm in alarms} <= set(endpoint.dependencies), "SageMaker refuses alarms that do not exist"
    rate, latency = sorted(alarms, key=lambda alarm: alarm.name)
    assert [query["id"] for query in rate.inputs["metricQueries"]] == ["rate", "errors", "requests"]
    assert rate.inputs["metricQueries"][1]["metric"]["dimensions"]["VariantName"] == endpoint_plan.VARIANT
    assert latency.inputs["extendedStatistic"] == "p99"
    assert latency.inputs["alarmActions"] == [CANARY["alarm_topic_arn"]]


def test_the_endpoint_scales_between_its_bounds_once_it_exists():
    found = graph(**CANARY)
    target = found.one("appautoscaling:Target")
    assert (target.inputs["minCapacity"], target.inputs["maxCapacity"]) == (2, 6)
    assert found.one("sagemaker:Endpoint").urn in target.dependencies
    policy = found.one("appautoscaling:Policy").inputs
    tracked = policy["targetTrackingScalingPolicyConfiguration"]["predefinedMetricSpecification"]
    assert tracked == {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"}


def test_a_serverless_endpoint_has_neither_network_nor_key_nor_rollout():
    found = graph(kind="serverless", serverless_memory_mb=3072)
    assert "vpcConfig" not in found.one("sagemaker:Model").inputs
    config = found.one("sagemaker:EndpointConfiguration").inputs
    assert config["productionVariants"][0]["serverlessConfig"]["memorySizeInMb"] == 3072
    assert "deploymentConfig" not in found.one("sagemaker:Endpoint").inputs
    assert found.of_type("appautoscaling:Target") == []


def test_an_asynchronous_endpoint_keeps_its_answers_encrypted():
    config = graph(kind="async", async_max_concurrent=2).one("sagemaker:EndpointConfiguration").inputs
    assert config["asyncInferenceConfig"]["outputConfig"]["kmsKeyId"] == BASE["key_arn"]
    assert config["asyncInferenceConfig"]["clientConfig"] == {"maxConcurrentInvocationsPerInstance": 2}


def test_preview_and_update_register_the_same():
    assert {r.urn for r in graph(preview=True, **CANARY)} == {r.urn for r in graph(**CANARY)}


def test_values_that_are_known_only_later_are_taken():
    args = ModelEndpointArgs(**(BASE | {"key_arn": pulumi.Output.from_input(BASE["key_arn"])}))
    found = deploy(lambda: ModelEndpoint("endpoint", args))
    assert found.one("sagemaker:Model").inputs["name"] == endpoint_plan.endpoint_model_name(plan())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "serverless", "capture_percent": 10}, "a serverless endpoint takes no capture"),
        ({"environment": "prod"}, "at least 2 instances"),
        ({"kind": "batch"}, "batch has no endpoint; set kind to realtime, serverless or async"),
        ({"kind": "magic"}, "kind is 'magic'; set one of realtime, serverless, async, batch"),
        ({**CANARY, "rollout_step_percent": 80}, "a canary step is 1 to 50 percent"),
    ],
)
def test_what_sagemaker_refuses_is_refused_with_the_reason(changes, message):
    with pytest.raises(ValueError, match=message):
        ModelEndpointArgs(**(BASE | changes))


def test_words_of_aws_become_words_of_the_provider():
    request = {"S3OutputPath": "s", "MemorySizeInMB": 1, "Environment": {"MyKey": "v"}, "Tags": [{"Key": "k"}]}
    assert arguments(request) == {"s3_output_path": "s", "memory_size_in_mb": 1, "environment": {"MyKey": "v"}}
