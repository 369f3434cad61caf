"""What the tests of the local run share: somebody else's definition, and an embedded AWS in a folder of its own."""

import copy
import json
from pathlib import Path

import pytest

from local.aws.server import EmbeddedAws
from local.runner import definition as definitions
from local.runner import images
from local.runner.engine import Runner
from local.runner.storage import Storage

SAMPLES = Path(__file__).parent / "samples"
ACCOUNT, REGION = "444444444444", "us-east-1"


@pytest.fixture
def aws(tmp_path):
    with EmbeddedAws(tmp_path / ".mlops") as server:
        yield server


@pytest.fixture
def storage(aws):
    store = Storage(aws.client("s3", ACCOUNT, REGION))
    store.ensure_bucket("their-bucket")
    for script in (SAMPLES / "code").glob("*.py"):
        store.write("code", f"s3://their-bucket/code/{script.name}", script.read_bytes())
    store.write("raw", "s3://their-bucket/raw/a.csv", b"1,2\n3,4")
    return store


@pytest.fixture
def document():
    return copy.deepcopy(json.loads((SAMPLES / "definition.json").read_text()))


@pytest.fixture
def runner(aws, storage):
    return Runner(aws=aws, account=ACCOUNT, region=REGION, images=images.load(), parallel=2)


@pytest.fixture
def execute(runner):
    def run(document, **overrides):
        return runner.run(definitions.read(document), pipeline="theirs", overrides=overrides)

    return run


@pytest.fixture
def script_step(storage):
    """Make a Processing step of a script's text."""

    def make(name, text, *, limit=30, **more):
        storage.write("code", f"s3://their-bucket/steps/{name}/main.py", text.encode())
        return {
            "Name": name,
            "Type": "Processing",
            "Arguments": {
                "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/theirs",
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
                },
                "AppSpecification": {
                    "ImageUri": "any/image:1",
                    "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/main.py"],
                },
                "ProcessingInputs": [
                    {
                        "InputName": "code",
                        "S3Input": {
                            "S3Uri": f"s3://their-bucket/steps/{name}/",
                            "LocalPath": "/opt/ml/processing/input/code",
                            "S3DataType": "S3Prefix",
                        },
                    }
                ],
                "StoppingCondition": {"MaxRuntimeInSeconds": limit},
            },
            **more,
        }

    return make
