"""What the project adds to moto's model registry and pipeline executions."""

import datetime as dt

import pytest
from botocore.exceptions import ClientError

from local.aws import pipeline_executions
from tests.local.conftest import ACCOUNT, REGION

REQUEST = {
    "ModelPackageGroupName": "models",
    "ModelPackageDescription": "a model",
    "InferenceSpecification": {
        "Containers": [{"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz", "Environment": {"A": "b"}}],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
        "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.xlarge"],
        "SupportedTransformInstanceTypes": ["ml.m5.xlarge"],
    },
    "ModelMetrics": {
        "ModelQuality": {
            "Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/s.json"},
            "Constraints": {"ContentType": "application/json", "S3Uri": "s3://b/c.json"},
        }
    },
    "DriftCheckBaselines": {
        "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/s.json"}}
    },
    "ModelApprovalStatus": "Approved",
    "CustomerMetadataProperties": {"code": "1", "environment": "dev"},
    "MetadataProperties": {"GeneratedBy": "arn:run", "CommitId": "c"},
    "Domain": "MACHINE_LEARNING",
    "Task": "CLASSIFICATION",
    "SamplePayloadUrl": "s3://b/sample.tar.gz",
    "SkipModelValidation": "All",
    "SourceUri": "s3://b/source",
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "In-Progress"},
}


@pytest.fixture
def sagemaker(aws):
    client = aws.client("sagemaker", ACCOUNT, REGION)
    client.create_model_package_group(ModelPackageGroupName="models", ModelPackageGroupDescription="ours")
    return client


def test_every_member_of_a_version_round_trips(sagemaker):
    arn = sagemaker.create_model_package(**REQUEST)["ModelPackageArn"]
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    lost = {name: value for name, value in REQUEST.items() if described.get(name) != value}
    assert lost == {}, "a member that does not come back cannot be promoted or audited"
    assert (described["ModelPackageVersion"], described["ModelPackageStatus"]) == (1, "Completed")


def test_a_version_without_a_status_waits_for_approval(sagemaker):
    request = {k: v for k, v in REQUEST.items() if k != "ModelApprovalStatus"}
    arn = sagemaker.create_model_package(**request)["ModelPackageArn"]
    status = sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"]
    assert status == "PendingManualApproval", "the API's documented default"


def test_an_update_changes_what_it_names_and_nothing_else(sagemaker):
    arn = sagemaker.create_model_package(**REQUEST)["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="no")
    sagemaker.update_model_package(
        ModelPackageArn=arn, CustomerMetadataProperties={"new": "2"}, CustomerMetadataPropertiesToRemove=["code"]
    )
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Rejected", "no")
    assert described["CustomerMetadataProperties"] == {"environment": "dev", "new": "2"}
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_the_number_of_a_deleted_version_is_not_used_again(sagemaker):
    arns = [sagemaker.create_model_package(**REQUEST)["ModelPackageArn"] for _ in range(2)]
    sagemaker.delete_model_package(ModelPackageName=arns[1])
    third = sagemaker.create_model_package(**REQUEST)["ModelPackageArn"]
    assert third.endswith("/3")
    listed = sagemaker.list_model_packages(ModelPackageGroupName="models")["ModelPackageSummaryList"]
    assert sorted(p["ModelPackageVersion"] for p in listed) == [1, 3]
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName=arns[1])


def test_a_group_with_versions_cannot_be_deleted_and_an_empty_one_can(sagemaker):
    arn = sagemaker.create_model_package(**REQUEST)["ModelPackageArn"]
    with pytest.raises(ClientError, match="ConflictException"):
        sagemaker.delete_model_package_group(ModelPackageGroupName="models")
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName="models")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName="models")


def test_a_group_name_in_use_is_an_error(sagemaker):
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName="models")


def test_a_group_policy_is_put_read_and_deleted(sagemaker):
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName="models")
    sagemaker.put_model_package_group_policy(ModelPackageGroupName="models", ResourcePolicy='{"Statement": []}')
    answer = sagemaker.get_model_package_group_policy(ModelPackageGroupName="models")
    assert answer["ResourcePolicy"] == '{"Statement": []}'
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName="models")
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName="models")


def test_an_execution_tells_its_steps_newest_first_and_why_it_failed(sagemaker):
    sagemaker.create_pipeline(
        PipelineName="p", PipelineDefinition="{}", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", ClientRequestToken="t" * 32
    )
    arn = sagemaker.start_pipeline_execution(PipelineName="p")["PipelineExecutionArn"]
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    steps = [
        {"StepName": name, "StepStatus": "Succeeded", "StartTime": start + dt.timedelta(seconds=number)}
        for number, name in enumerate("abc")
    ]
    pipeline_executions.record(ACCOUNT, REGION, arn, status="Failed", reason="because", steps=steps)
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert (described["PipelineExecutionStatus"], described["FailureReason"]) == ("Failed", "because")
    first = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=2)
    assert [s["StepName"] for s in first["PipelineExecutionSteps"]] == ["c", "b"]
    rest = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=2, NextToken=first["NextToken"])
    assert [s["StepName"] for s in rest["PipelineExecutionSteps"]] == ["a"]
    assert "NextToken" not in rest
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn + "x")
