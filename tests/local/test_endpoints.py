"""What the project adds to moto's endpoints: a state machine, rollbacks, and the events on the way."""

import pytest
from botocore.exceptions import ClientError

from local.aws import endpoint_machine, hosting
from local.aws.hosting import Answer
from local.aws.notices import DEPLOYMENT, ENDPOINT, OUTBOX
from local.aws.server import EmbeddedAws
from tests.local.conftest import ACCOUNT, REGION

ROLE = f"arn:aws:iam::{ACCOUNT}:role/serving"
ALARMS = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}
BLUE_GREEN = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 600,
    },
    **ALARMS,
}
CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 300,
        },
        "TerminationWaitInSeconds": 600,
    },
    **ALARMS,
}  # fmt: skip

LINEAR = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 30}, "WaitIntervalInSeconds": 60,
        },
    },
}  # fmt: skip
ROLLING = {
    "RollingUpdatePolicy": {
        "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 60,
    },
}  # fmt: skip


class Judge:
    """Hosting whose containers do what a test says."""

    def __init__(self):
        self.broken, self.sick, self.running = set(), set(), set()

    def start(self, fleet, containers):
        self.running.add(fleet.config)
        return "no model" if fleet.config in self.broken else None

    def trouble(self, fleet):
        return "5xx" if fleet.config in self.sick else None

    def stop(self, fleet):
        self.running.discard(fleet.config)

    def invoke(self, fleet, containers, variant, content_type, body):
        status = {b"bad": 400, b"boom": 500}.get(body, 200)
        return Answer(status=status, content_type=content_type, body=fleet.config.encode())


@pytest.fixture
def judge(aws):
    judge = Judge()
    hosting.use(judge)
    return judge


@pytest.fixture
def sagemaker(aws, judge):
    client = aws.client("sagemaker", ACCOUNT, REGION)
    for name in ("one", "two"):
        client.create_model(ModelName=name, PrimaryContainer={"Image": f"image:{name}"}, ExecutionRoleArn=ROLE)
        config(client, name)
    return client


def config(client, name, model=None, **more):
    variant = {
        "VariantName": "main", "ModelName": model or name, "InstanceType": "ml.m7i.large", "InitialInstanceCount": 2,
        "InitialVariantWeight": 1.0,
    }  # fmt: skip
    client.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, **more.pop("variant", {})}], **more
    )


def settle():
    while endpoint_machine.advance():
        pass


@pytest.fixture
def serving(sagemaker):
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="one", Tags=[{"Key": "model", "Value": "m"}])
    settle()
    OUTBOX.clear()
    return sagemaker


def describe(client):
    answer = client.describe_endpoint(EndpointName="e")
    answer.pop("ResponseMetadata")
    return answer


def refused(call, words, **arguments):
    with pytest.raises(ClientError, match=words) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == "ValidationException", "as the service answers"


def statuses(kind=ENDPOINT):
    return [e["detail"]["EndpointStatus"] for e in OUTBOX.take() if e["detail-type"] == kind]


def test_a_created_endpoint_comes_into_service_when_time_passes_and_not_before(sagemaker):
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="one")
    creating = describe(sagemaker)
    assert creating["EndpointStatus"] == "Creating"
    assert creating["PendingDeploymentSummary"]["EndpointConfigName"] == "one"
    assert "ProductionVariants" not in creating, "no instance serves yet"
    settle()
    ready = describe(sagemaker)
    assert ready["EndpointStatus"] == "InService"
    assert "PendingDeploymentSummary" not in ready
    variant = ready["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 2)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == "image:one"
    assert statuses() == ["CREATING", "IN_SERVICE"]


def test_an_endpoint_whose_container_does_not_start_fails_and_can_only_be_deleted(sagemaker, judge):
    judge.broken.add("one")
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="one")
    settle()
    failed = describe(sagemaker)
    assert failed["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in failed["FailureReason"]
    assert statuses() == ["CREATING", "FAILED"]
    refused(sagemaker.update_endpoint, "status is Failed", EndpointName="e", EndpointConfigName="two")
    sagemaker.delete_endpoint(EndpointName="e")
    assert describe(sagemaker)["EndpointStatus"] == "Deleting"
    settle()
    refused(sagemaker.describe_endpoint, "Could not find endpoint", EndpointName="e")
    assert statuses() == ["DELETING"]


def test_an_update_serves_the_old_config_until_it_is_done(serving, judge):
    serving.update_endpoint(EndpointName="e", EndpointConfigName="two", DeploymentConfig=BLUE_GREEN)
    seen = []
    while (now := describe(serving))["EndpointStatus"] == "Updating":
        assert now["EndpointConfigName"] == "one", "the old config serves"
        pending = now["PendingDeploymentSummary"]
        assert pending["EndpointConfigName"] == "two"
        seen.append(pending["ProductionVariants"][0]["VariantStatus"][0]["Status"])
        endpoint_machine.advance()
    assert seen == ["Creating", "ActivatingTraffic", "Baking"]
    assert (now["EndpointStatus"], now["EndpointConfigName"]) == ("InService", "two")
    assert now["LastDeploymentConfig"] == BLUE_GREEN
    assert judge.running == {"two"}, "the old instances are gone"
    events = OUTBOX.take()
    assert [e["detail"]["EndpointStatus"] for e in events if e["detail-type"] == ENDPOINT] == ["UPDATING", "IN_SERVICE"]
    summaries = [e["detail"].get("PendingDeploymentSummary") for e in events if e["detail-type"] == DEPLOYMENT]
    assert [s and s["EndpointConfigName"] for s in summaries] == ["two", "two", "two", None]
    times = [e["time"] for e in events]
    assert times == sorted(times), "time does not run backwards"
    last = events[-1]
    assert last["resources"] == [now["EndpointArn"]]
    assert (last["source"], last["version"], last["account"], last["region"]) == ("aws.sagemaker", "0", ACCOUNT, REGION)
    assert last["detail"]["EndpointConfigName"] == "two"
    assert last["detail"]["Tags"] == {"model": "m"}


@pytest.mark.parametrize("flaw", ["broken", "sick"])
def test_a_bad_update_is_rolled_back_without_a_word(serving, judge, flaw):
    getattr(judge, flaw).add("two")
    serving.update_endpoint(EndpointName="e", EndpointConfigName="two", DeploymentConfig=CANARY)
    settle()
    after = describe(serving)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "one")
    assert "FailureReason" not in after, "this is what makes the rollback a silent one"
    assert statuses() == ["UPDATING", "IN_SERVICE"], "the event says IN_SERVICE as after a success"
    assert judge.running == {"one"}


def test_an_alarm_that_rings_during_the_bake_rolls_back(aws, serving):
    alarms = aws.client("cloudwatch", ACCOUNT, REGION)
    alarms.put_metric_alarm(
        AlarmName="errors", Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    serving.update_endpoint(EndpointName="e", EndpointConfigName="two", DeploymentConfig=CANARY)
    endpoint_machine.advance()
    alarms.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    settle()
    assert describe(serving)["EndpointConfigName"] == "one"


def test_without_alarms_nobody_watches_and_a_sick_version_goes_live(serving, judge):
    judge.sick.add("two")
    serving.update_endpoint(EndpointName="e", EndpointConfigName="two")
    settle()
    assert describe(serving)["EndpointConfigName"] == "two"


def test_an_endpoint_in_transition_refuses_changes_as_the_service_does(serving):
    serving.update_endpoint(EndpointName="e", EndpointConfigName="two")
    again = {"EndpointName": "e", "EndpointConfigName": "two"}
    refused(serving.update_endpoint, "Cannot update in-progress endpoint", **again)
    refused(serving.delete_endpoint, "Cannot update in-progress endpoint", EndpointName="e")
    scale = [{"VariantName": "main", "DesiredInstanceCount": 3}]
    refused(
        serving.update_endpoint_weights_and_capacities,
        "in-progress",
        EndpointName="e",
        DesiredWeightsAndCapacities=scale,
    )


def test_what_does_not_exist_or_exists_already_is_told_as_the_service_does(serving):
    refused(serving.create_endpoint, "already existing endpoint", EndpointName="e", EndpointConfigName="one")
    refused(serving.update_endpoint, "Could not find endpoint ", EndpointName="x", EndpointConfigName="one")
    refused(serving.update_endpoint, "Could not find endpoint config", EndpointName="e", EndpointConfigName="x")
    refused(lambda **_: config(serving, "one"), "already existing endpoint configuration")
    refused(
        serving.create_model, "already existing model", ModelName="one", ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": "i"},
    )  # fmt: skip
    refused(serving.describe_model, "Could not find model", ModelName="x")
    refused(lambda **_: config(serving, "new", "one", variant={"InstanceType": "ml.none.large"}), "enum value set")


def test_instances_that_autoscaling_added_are_reset_by_an_update_unless_it_retains_them(serving):
    serving.update_endpoint_weights_and_capacities(
        EndpointName="e", DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": 5}]
    )
    assert describe(serving)["EndpointStatus"] == "Updating"
    settle()
    assert describe(serving)["ProductionVariants"][0]["CurrentInstanceCount"] == 5
    serving.update_endpoint(EndpointName="e", EndpointConfigName="two", RetainAllVariantProperties=True)
    settle()
    assert describe(serving)["ProductionVariants"][0]["CurrentInstanceCount"] == 5, "retained"
    serving.update_endpoint(
        EndpointName="e", EndpointConfigName="one", RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredInstanceCount"}],
    )  # fmt: skip
    settle()
    assert describe(serving)["ProductionVariants"][0]["CurrentInstanceCount"] == 2, "the config's own count"


def test_data_capture_is_retained_too_unless_excluded(serving):
    capture = {
        "EnableCapture": True, "InitialSamplingPercentage": 20, "DestinationS3Uri": "s3://b/c",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }  # fmt: skip
    config(serving, "captured", "one", DataCaptureConfig=capture)
    exclude = [{"VariantPropertyType": "DataCaptureConfig"}]
    update = {"EndpointName": "e", "EndpointConfigName": "captured", "RetainAllVariantProperties": True}
    serving.update_endpoint(**update)
    settle()
    assert "DataCaptureConfig" not in describe(serving), "what the endpoint had, which was none"
    serving.update_endpoint(**update, ExcludeRetainedVariantProperties=exclude)
    settle()
    assert describe(serving)["DataCaptureConfig"] == {
        "EnableCapture": True, "CaptureStatus": "Started", "CurrentSamplingPercentage": 20, "DestinationS3Uri": "s3://b/c",
    }  # fmt: skip


def test_a_config_in_use_can_be_deleted_and_the_endpoint_serves_on(serving):
    serving.delete_endpoint_config(EndpointConfigName="one")
    assert describe(serving)["EndpointStatus"] == "InService"
    serving.update_endpoint(EndpointName="e", EndpointConfigName="two", DeploymentConfig=BLUE_GREEN)
    settle()
    assert describe(serving)["EndpointConfigName"] == "two"


def test_members_of_a_config_that_moto_drops_come_back(serving):
    more = {
        "ShadowProductionVariants": [
            {"VariantName": "shadow", "ModelName": "two", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "EnableNetworkIsolation": True,
        "ExecutionRoleArn": ROLE,
    }
    config(serving, "full", "one", **more)
    described = serving.describe_endpoint_config(EndpointConfigName="full")
    assert {name: described.get(name) for name in more} == more
    serving.update_endpoint(EndpointName="e", EndpointConfigName="full")
    settle()
    assert describe(serving)["ShadowProductionVariants"][0]["VariantName"] == "shadow"


@pytest.mark.parametrize(
    ("deployment", "baking"),
    [
        (None, []),
        (CANARY, [0.5, 1.0]),
        (LINEAR, [0.3, 0.6, 0.9, 1.0]),
        (ROLLING, [0.5, 1.0]),
    ],
)
def test_each_strategy_moves_traffic_in_its_own_steps(deployment, baking):
    from local.aws import deployment_phases

    phases = deployment_phases.of(deployment, 2)
    assert phases[0].status == "Creating"
    assert [round(p.traffic, 6) for p in phases if p.status == "Baking"] == baking
    assert phases[-1].traffic == 1.0


def test_a_request_reaches_the_container_and_its_errors_carry_the_original_status(aws, serving):
    runtime = aws.client("sagemaker-runtime", ACCOUNT, REGION)
    answer = runtime.invoke_endpoint(EndpointName="e", Body=b"{}", ContentType="application/json")
    assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"one", "main")
    for body, status in ((b"bad", 400), (b"boom", 500)):
        with pytest.raises(runtime.exceptions.ModelError) as error:
            runtime.invoke_endpoint(EndpointName="e", Body=body, ContentType="application/json")
        assert error.value.response["OriginalStatusCode"] == status
        assert error.value.response["OriginalMessage"] == "one"
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    with pytest.raises(runtime.exceptions.ValidationError, match="not found"):
        runtime.invoke_endpoint(EndpointName="x", Body=b"{}")


ASYNC = {
    "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://out/results", "S3FailurePath": "s3://out/bad"}}
}


@pytest.mark.parametrize(("body", "place"), [(b"{}", "OutputLocation"), (b"boom", "FailureLocation")])
def test_an_asynchronous_request_is_taken_from_s3_and_answered_there(aws, sagemaker, body, place):
    config(sagemaker, "later", "one", **ASYNC)
    sagemaker.create_endpoint(EndpointName="a", EndpointConfigName="later")
    settle()
    s3, runtime = aws.client("s3", ACCOUNT, REGION), aws.client("sagemaker-runtime", ACCOUNT, REGION)
    s3.create_bucket(Bucket="out")
    s3.put_object(Bucket="out", Key="in.json", Body=body)
    answer = runtime.invoke_endpoint_async(EndpointName="a", InputLocation="s3://out/in.json")
    keys = {o["Key"] for o in s3.list_objects_v2(Bucket="out")["Contents"]} - {"in.json"}
    assert keys == {answer[place].removeprefix("s3://out/")}, "an answer or a failure, never both"
    for name, words in (("e", "no asynchronous endpoint"), ("a", "no object")):
        with pytest.raises(runtime.exceptions.ClientError, match=words):
            runtime.invoke_endpoint_async(EndpointName=name, InputLocation="s3://out/absent.json")


def test_an_endpoint_of_one_kind_does_not_become_another_where_the_service_refuses(serving):
    serverless = {"variant": {"VariantName": "main", "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}}
    config(serving, "later", "one", **ASYNC)
    variant = {**serverless["variant"], "ModelName": "one"}
    serving.create_endpoint_config(EndpointConfigName="small", ProductionVariants=[variant])
    refused(serving.update_endpoint, "cannot be added to", EndpointName="e", EndpointConfigName="later")
    refused(serving.update_endpoint, "cannot become serverless", EndpointName="e", EndpointConfigName="small")
    serving.create_endpoint(EndpointName="a", EndpointConfigName="later")
    serving.create_endpoint(EndpointName="s", EndpointConfigName="small")
    settle()
    refused(serving.update_endpoint, "cannot be removed from", EndpointName="a", EndpointConfigName="one")
    serving.update_endpoint(EndpointName="s", EndpointConfigName="one")  # once, and never back
    settle()
    refused(serving.update_endpoint, "cannot become serverless", EndpointName="s", EndpointConfigName="small")


def test_a_canary_gets_its_share_of_requests_and_no_more(aws, serving):
    runtime = aws.client("sagemaker-runtime", ACCOUNT, REGION)

    def ten():
        return [runtime.invoke_endpoint(EndpointName="e", Body=b"{}")["Body"].read() for _ in range(10)].count(b"two")

    serving.update_endpoint(EndpointName="e", EndpointConfigName="two", DeploymentConfig=CANARY)
    counts = []
    while describe(serving)["EndpointStatus"] == "Updating":
        counts.append(ten())
        endpoint_machine.advance()
    assert counts == [0, 5, 5, 10, 10]


def test_a_change_under_way_survives_the_end_of_the_command(tmp_path):
    with EmbeddedAws(tmp_path) as first:
        client = first.client("sagemaker", ACCOUNT, REGION)
        for name in ("one", "two"):
            client.create_model(ModelName=name, PrimaryContainer={"Image": "i"}, ExecutionRoleArn=ROLE)
            config(client, name)
        client.create_endpoint(EndpointName="e", EndpointConfigName="one")
        settle()
        client.update_endpoint(EndpointName="e", EndpointConfigName="two", DeploymentConfig=BLUE_GREEN)
    with EmbeddedAws(tmp_path) as second:
        client = second.client("sagemaker", ACCOUNT, REGION)
        assert describe(client)["EndpointStatus"] == "Updating"
        assert OUTBOX.take() == [], "the events of an earlier command went with it"
        settle()
        assert describe(client)["EndpointConfigName"] == "two"
