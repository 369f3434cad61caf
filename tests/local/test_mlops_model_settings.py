"""From stack settings to pipeline settings, and the tags of everything."""

import subprocess
import sys

import pytest

from components.model_settings import pipeline_settings
from components.tags import model_tags, stack_tags
from local.console import CHECKOUT
from settings import read_stack_file


@pytest.fixture(params=["dev", "preprod", "prod"])
def settings(request):
    return read_stack_file(CHECKOUT / f"Pulumi.{request.param}.yaml")


def test_every_name_is_the_one_the_stack_creates(settings):
    made = pipeline_settings(settings, "fraud-detector")
    names = settings.names
    assert made.pipeline_name == names.pipeline("fraud-detector")
    assert made.model_package_group == names.model_package_group("fraud-detector")
    assert made.artifact_bucket == names.bucket("artifacts")
    assert made.input_data_uri == f"s3://{names.bucket('data')}/{settings.input_prefix('fraud-detector')}"
    assert made.role_arns == {p: names.role_arn(p) for p in ("pipeline", "processing", "training")}


def test_gate_approval_and_limits_come_from_the_stack_s_config(settings):
    made = pipeline_settings(settings, "fraud-detector")
    model = settings.models["fraud-detector"]
    assert made.gate == {k: v for k, v in model.gate.model_dump().items() if v is not None}
    assert made.approval_status == {"automatic": "Approved", "manual": "PendingManualApproval"}[model.approval.value]
    assert made.max_runtime_seconds == model.max_runtime_minutes * 60
    assert made.data_schema == "fraud_detector"


def test_the_platform_s_tags_cannot_be_overwritten(settings):
    mine = settings.model_copy(update={"tags": {"environment": "other", "team": "x"}})
    tags = stack_tags(mine)
    assert (tags["environment"], tags["team"]) == (settings.environment.value, "x")
    assert model_tags(mine, "m") == tags | {"model": "m"}
    assert list(tags) == sorted(tags), "one order, so that definitions are equal to the byte"


def test_an_unknown_model_lists_the_known_ones(settings):
    with pytest.raises(KeyError, match="it has: fraud-detector"):
        pipeline_settings(settings, "nothing")


def test_the_mapping_needs_neither_pulumi_nor_aws():
    code = "import sys, components.model_settings; sys.exit(bool({'pulumi', 'boto3', 'moto'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=False).returncode == 0
