"""Publishing, against an AWS in memory: files, pipeline, run, and nothing twice."""

import json

import boto3
import pytest
from moto import mock_aws

from mlops_project.variables import VariableError
from training.publish import publish
from training.settings import Settings

ROOT = "/acme/ml/dev/us-east-1"
VARIABLES = {
    "PROJECT": "churn",
    "ENVIRONMENT": "dev",
    "MODEL_PACKAGE_GROUP_ARN": "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/acme-churn",
    "AWS_REGION": "us-east-1",
    "AWS_ACCOUNT": "123456789012",
    "ARTIFACT_BUCKET": "acme-artifacts",
    "DATA_BUCKET": "acme-data",
    "PARAMETER_ROOT": ROOT,
    "PIPELINE_NAME": "acme-churn",
    "PIPELINE_ROLE_ARN": "arn:aws:iam::123456789012:role/pipeline",
    "PROCESSING_ROLE_ARN": "arn:aws:iam::123456789012:role/processing",
    "TRAINING_ROLE_ARN": "arn:aws:iam::123456789012:role/training",
    "GITHUB_SHA": "f" * 40,
    "GITHUB_RUN_ID": "7",
    "GITHUB_RUN_ATTEMPT": "1",
}
PARAMETERS = {
    "network/private-subnet-ids": "subnet-11111111,subnet-22222222",
    "network/job-security-group-id": "sg-11111111",
    "encryption/data-key-arn": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555",
    "storage/data-bucket": "acme-data",
}


@pytest.fixture
def aws():
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="acme-artifacts")
        for name, value in PARAMETERS.items():
            session.client("ssm").put_parameter(Name=f"{ROOT}/{name}", Value=value, Type="String")
        yield session


def settings(aws):
    return Settings.from_environment(aws.client("ssm"), VARIABLES)


def test_the_first_publishing_creates_pipeline_and_files_and_starts_a_run(aws):
    said = publish(aws, settings(aws), VARIABLES)
    assert "`acme-churn` created" in said
    sagemaker, s3 = aws.client("sagemaker"), aws.client("s3")
    there = sagemaker.describe_pipeline(PipelineName="acme-churn")
    assert there["RoleArn"] == VARIABLES["PIPELINE_ROLE_ARN"]
    assert "subnet-22222222" in there["PipelineDefinition"], "what SSM holds goes into the definition"
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="acme-artifacts")["Contents"]]
    assert all(key.startswith("projects/churn/") for key in keys), "the rest of the bucket is not this project's"
    assert any(key.endswith("/train.py") for key in keys)
    head = s3.head_object(Bucket="acme-artifacts", Key=keys[0])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", PARAMETERS["encryption/data-key-arn"])
    assert len(sagemaker.list_pipeline_executions(PipelineName="acme-churn")["PipelineExecutionSummaries"]) == 1


@pytest.fixture
def quick(monkeypatch):
    """A definition that is composed in no time; what composing gives has its own tests."""
    monkeypatch.setattr("training.publish.definition", lambda settings: json.dumps({"commit": settings.commit}))


def test_publishing_the_same_again_changes_nothing(aws, quick):
    publish(aws, settings(aws), VARIABLES)
    assert "`acme-churn` unchanged" in publish(aws, settings(aws), {**VARIABLES, "GITHUB_RUN_ID": "8"})


def test_another_commit_is_another_definition(aws, quick):
    publish(aws, settings(aws), VARIABLES)
    changed = Settings.from_environment(aws.client("ssm"), {**VARIABLES, "GITHUB_SHA": "e" * 40})
    assert "`acme-churn` updated" in publish(aws, changed, VARIABLES)


def test_a_variable_that_is_missing_is_named(aws):
    for name in sorted(set(VARIABLES) - {"GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"}):
        with pytest.raises(VariableError, match=f"{name} is not set"):
            Settings.from_environment(aws.client("ssm"), {**VARIABLES, name: ""})
