"""The contracts import in a bare interpreter, so that lambdas, templates and other repositories can carry them."""

import subprocess
import sys

import pytest

from contracts import events, images, variables
from tests.contracts.aws_tables import CONTRACTS

MODULES = sorted(
    ".".join(path.relative_to(CONTRACTS).with_suffix("").parts)
    for path in CONTRACTS.rglob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("module", MODULES)
def test_a_contract_imports_without_site_packages(module):
    code = f"import sys; sys.path.append({str(CONTRACTS.parent)!r}); import contracts.{module}"

    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"contracts.{module} needs more than the standard library: {done.stderr}"


def test_new_data_is_one_marker_object_in_one_bucket():
    assert events.new_data_pattern("acme-data", "fraud/latest/") == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["acme-data"]}, "object": {"key": ["fraud/latest/_SUCCESS"]}},
    }, "one marker starts one run, however many objects came before it"


def test_the_variables_of_a_project_repository_are_these():
    levels = {level: {v.name for v in variables.VARIABLES if v.level is level} for level in variables.Level}

    assert levels[variables.Level.REPOSITORY] == {"PROJECT", "MODEL_PACKAGE_GROUP_ARN"}
    assert levels[variables.Level.ENVIRONMENT] == {
        "ARTIFACT_BUCKET",
        "AWS_ACCOUNT",
        "AWS_DEPLOY_ROLE_ARN",
        "AWS_REGION",
        "DATA_BUCKET",
        "ENDPOINT_NAME",
        "NAMES",
        "PARAMETER_ROOT",
        "PIPELINE_NAME",
        "PIPELINE_ROLE_ARN",
        "PROCESSING_ROLE_ARN",
        "SERVING_ROLE_ARN",
        "STATE_BUCKET",
        "TRAINING_ROLE_ARN",
    }, "workflows in other repositories read them by these names"


@pytest.mark.parametrize("reference", ["v1.2.3", "v0.0.1", "v1.2.3-rc.1", "sha256:" + "0a" * 32])
def test_a_version_or_a_digest_cannot_move(reference):
    assert images.is_immutable(reference)


@pytest.mark.parametrize(
    "reference", ["dev", "v1", "v1.2", "1.2.3", "v01.2.3", "v1.2.3+build", "sha256:ab", "v1.2.3\n"]
)
def test_any_other_tag_can_move(reference):
    assert not images.is_immutable(reference)
