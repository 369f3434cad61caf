"""Real inference servers behind the embedded AWS: what a model.tar.gz holds decides whether an endpoint serves."""

import io
import json
import tarfile
import time

import joblib
import pytest
from botocore.exceptions import ClientError
from sklearn.linear_model import LogisticRegression

from local.aws import endpoint_machine
from local.aws.server import EmbeddedAws
from local.inference import InferenceServers
from local.runner.storage import Storage
from tests.local.conftest import ACCOUNT, REGION

ALARMS = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}


def dumped(rows, labels):
    buffer = io.BytesIO()
    joblib.dump(LogisticRegression().fit(rows, labels), buffer)
    return buffer.getvalue()


def files(classes):
    """The files of a model that says the second class for a large size."""
    feature = {"name": "size", "type": "number", "required": True}
    encoding = {
        "format": 1,
        "features": [{"columns": ["size"], "feature": feature, "fill": 0.0}],
        "identifier": [],
        "target": {"column": "large", "classes": classes, "positive": classes[-1]},
    }
    training = {"model_sha256": "0123456789abcdef"}
    return {
        "model.joblib": dumped([[0.0], [1.0], [9.0], [10.0]], [0, 0, 1, 1]),
        "features.json": json.dumps(encoding).encode(),
        "training.json": json.dumps(training).encode(),
    }


def packed(content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


GOOD = files(["small", "large"])
ARCHIVES = {
    "good": packed(GOOD),
    "other": packed(files(["no", "yes"])),
    "cut": packed({**GOOD, "model.joblib": GOOD["model.joblib"][:100]}),
    "empty": packed({}),
    "junk": b"not an archive",
    # Loads, and fails at each request: the encoding gives one column to a model of two.
    "sick": packed({**GOOD, "model.joblib": dumped([[0.0, 0.0], [1.0, 1.0]], [0, 1])}),
}


def create(aws):
    storage = Storage(aws.client("s3", ACCOUNT, REGION))
    storage.ensure_bucket("models")
    client = aws.client("sagemaker", ACCOUNT, REGION)
    for name, archive in {**ARCHIVES, "gone": None}.items():
        if archive is not None:
            storage.write("model", f"s3://models/{name}/model.tar.gz", archive)
        container = {"Image": "i", "ModelDataUrl": f"s3://models/{name}/model.tar.gz", "Environment": {"A": "b"}}
        client.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/r"
        )
        variant = {
            "VariantName": "main", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
        }  # fmt: skip
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return client


def settle():
    while endpoint_machine.advance():
        pass


def ask(aws, size=9.5):
    runtime = aws.client("sagemaker-runtime", ACCOUNT, REGION)
    body = json.dumps({"size": size})
    answer = runtime.invoke_endpoint(EndpointName="e", Body=body, ContentType="application/json")
    return json.loads(answer["Body"].read())["predictions"][0]["label"]


def serves(client):
    described = client.describe_endpoint(EndpointName="e")
    return described["EndpointStatus"], described["EndpointConfigName"]


@pytest.fixture
def servers(aws):
    with InferenceServers(aws) as running:
        yield running


@pytest.fixture
def sagemaker(aws, servers):
    return create(aws)


@pytest.mark.stories
def test_an_endpoint_answers_with_its_own_model_and_an_update_with_the_next_ones(aws, servers, sagemaker):
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="good")
    settle()
    assert (ask(aws), ask(aws, 0.5)) == ("large", "small")
    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="other")
    assert ask(aws) == "large", "the old fleet serves while the new one comes up"
    settle()
    assert ask(aws) == "yes"
    assert servers.running == 1, "the old fleet is gone"
    sagemaker.delete_endpoint(EndpointName="e")
    settle()
    assert servers.running == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cut", "did not load"),
        ("empty", "training.json"),
        ("junk", "not a tar.gz"),
        ("gone", "could not access model data"),
    ],
)
def test_a_model_that_cannot_be_loaded_does_not_pass_its_ping(servers, sagemaker, name, reason):
    started = time.monotonic()
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName=name)
    settle()
    described = sagemaker.describe_endpoint(EndpointName="e")
    assert described["EndpointStatus"] == "Failed"
    assert "ping health check" in described["FailureReason"]
    assert reason in described["FailureReason"], "the reason teaches"
    assert servers.running == 0
    assert time.monotonic() - started < 20


@pytest.mark.stories
def test_a_model_that_fails_under_traffic_is_rolled_back_where_alarms_watch(aws, servers, sagemaker):
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="good")
    settle()
    canary = {"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 60}
    policy = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": canary}, **ALARMS}
    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="sick", DeploymentConfig=policy)
    endpoint_machine.advance()
    assert servers.running == 2, "it passed its ping"
    with pytest.raises(ClientError, match="server error \\(500\\)"):
        ask(aws)
    settle()
    assert serves(sagemaker) == ("InService", "good")
    assert ask(aws) == "large"
    assert servers.running == 1


@pytest.mark.stories
def test_leaving_stops_every_server_and_the_next_command_starts_what_it_needs(tmp_path):
    with EmbeddedAws(tmp_path) as aws, InferenceServers(aws) as servers:
        client = create(aws)
        client.create_endpoint(EndpointName="e", EndpointConfigName="good")
        settle()
        processes = [server.process for server in servers._servers.values()]
    assert [process.poll() is not None for process in processes] == [True]
    assert not list(tmp_path.glob("serving/*/ml")), "no unpacked model stays"
    with EmbeddedAws(tmp_path) as aws, InferenceServers(aws) as servers:
        assert servers.running == 0
        assert ask(aws) == "large", "an endpoint that an earlier command left in service answers"
