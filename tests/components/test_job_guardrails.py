"""A job runs in our VPC and on our key, or not at all."""

import json

import pytest

from components.job_guardrails import NETWORKED, WITH_OUTPUT, WITH_VOLUME, guardrail_statements
from components.job_policies import JobScope, pipeline_statements
from contracts.local_storage import LOCAL_NVME_FAMILIES
from contracts.names import Names
from tests.harness import stack_graph
from tests.policy_evaluator import denied_by, is_allowed

NAMES = Names(
    organisation="acme",
    unit="risk",
    environment="prod",
    region="us-east-1",
    account="333333333333",
    image_account="111111111111",
)
KEY = "arn:aws:kms:us-east-1:333333333333:key/1"
JOB = "arn:aws:sagemaker:us-east-1:333333333333:training-job/pipelines-abc-Train-1"
GOOD = {
    "sagemaker:VpcSubnets": ["subnet-1", "subnet-2"],
    "sagemaker:VpcSecurityGroupIds": ["sg-1"],
    "sagemaker:VolumeKmsKey": KEY,
    "sagemaker:OutputKmsKey": KEY,
    "sagemaker:InstanceTypes": ["ml.m5.xlarge"],
    "sagemaker:InterContainerTrafficEncryption": "true",
}


def policies():
    scope = JobScope(
        names=NAMES,
        subnet_ids=["subnet-1", "subnet-2"],
        security_group_id="sg-1",
        data_key_arn=KEY,
    )
    return [{"Statement": pipeline_statements(scope)}, {"Statement": guardrail_statements(scope)}]


def without(*keys):
    return {key: value for key, value in GOOD.items() if key not in keys}


def test_a_job_in_the_vpc_with_the_key_is_allowed():
    assert is_allowed(policies(), "sagemaker:CreateTrainingJob", JOB, GOOD)


def test_a_job_in_one_of_the_two_subnets_is_allowed():
    assert is_allowed(policies(), "sagemaker:CreateTrainingJob", JOB, {**GOOD, "sagemaker:VpcSubnets": ["subnet-2"]})


@pytest.mark.parametrize(
    ("context", "sid"),
    [
        (without("sagemaker:VpcSubnets"), "DenyWithoutSubnets"),
        ({**GOOD, "sagemaker:VpcSubnets": ["subnet-1", "subnet-foreign"]}, "DenyForeignSubnets"),
        (without("sagemaker:VpcSecurityGroupIds"), "DenyWithoutSecurityGroups"),
        ({**GOOD, "sagemaker:VpcSecurityGroupIds": ["sg-1", "sg-open"]}, "DenyForeignSecurityGroups"),
        (without("sagemaker:VolumeKmsKey"), "DenyVolumesWithoutKey"),
        ({**GOOD, "sagemaker:VolumeKmsKey": f"{KEY}2"}, "DenyForeignVolumeKey"),
        (without("sagemaker:OutputKmsKey"), "DenyOutputsWithoutKey"),
        ({**GOOD, "sagemaker:OutputKmsKey": f"{KEY}2"}, "DenyForeignOutputKey"),
        ({**GOOD, "sagemaker:InterContainerTrafficEncryption": "false"}, "DenyClearTrafficBetweenContainers"),
        (without("sagemaker:InterContainerTrafficEncryption"), "DenyClearTrafficBetweenContainers"),
    ],
)
def test_a_job_that_leaves_the_vpc_or_the_key_is_denied(context, sid):
    assert denied_by(policies(), "sagemaker:CreateTrainingJob", JOB, context) == [sid]


@pytest.mark.parametrize("family", LOCAL_NVME_FAMILIES)
def test_types_that_refuse_a_volume_key_run_without_one(family):
    context = {**without("sagemaker:VolumeKmsKey"), "sagemaker:InstanceTypes": [f"ml.{family}.xlarge"]}
    assert is_allowed(policies(), "sagemaker:CreateTrainingJob", JOB, context), "the blanket denial would end GPU jobs"


def test_a_mixed_cluster_needs_the_key_for_the_type_that_takes_one():
    context = {**without("sagemaker:VolumeKmsKey"), "sagemaker:InstanceTypes": ["ml.g5.xlarge", "ml.m5.xlarge"]}
    assert denied_by(policies(), "sagemaker:CreateTrainingJob", JOB, context) == ["DenyVolumesWithoutKey"]


def test_automl_which_names_no_instance_types_needs_the_key():
    context = without("sagemaker:VolumeKmsKey", "sagemaker:InstanceTypes")
    assert denied_by(policies(), "sagemaker:CreateAutoMLJobV2", JOB, context) == ["DenyAutoMlWithoutKey"]


def test_the_kinds_of_job_that_others_forgot_are_covered():
    forgotten = {"CreateHyperParameterTuningJob", "CreateAutoMLJob", "CreateAutoMLJobV2", "CreateNotebookInstance"}
    assert {f"sagemaker:{name}" for name in forgotten} <= set(NETWORKED)
    assert {"sagemaker:CreateTransformJob", "sagemaker:CreateEndpointConfig"} <= set(WITH_VOLUME)
    assert "sagemaker:CreateTransformJob" in WITH_OUTPUT
    assert "sagemaker:CreateModel" in NETWORKED, "a transform job's network is its model's"


GROUP = "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/acme-risk-prod-us-east-1-fraud-detector"
APPROVED = {"sagemaker:ModelApprovalStatus": "Approved"}


def test_a_pipeline_approves_what_the_group_leaves_to_it_and_nothing_else():
    create = (policies(), "sagemaker:CreateModelPackage", GROUP)
    assert is_allowed(*create, {**APPROVED, "aws:ResourceTag/approval": "automatic"})
    assert not is_allowed(*create, {**APPROVED, "aws:ResourceTag/approval": "manual"})
    assert not is_allowed(*create, APPROVED), "a group without the tag is a manual one"
    assert is_allowed(*create, {"sagemaker:ModelApprovalStatus": "PendingManualApproval"})


def test_a_pipeline_cannot_approve_afterwards_nor_change_who_approves():
    version = GROUP.replace("model-package-group", "model-package") + "/1"
    assert denied_by(policies(), "sagemaker:UpdateModelPackage", version, APPROVED) == ["DenyApprovalAfterwards"]
    assert not is_allowed(policies(), "sagemaker:AddTags", GROUP, {}), "it would make a manual group automatic"


@pytest.mark.parametrize(("stack", "approval"), [("dev", "automatic"), ("preprod", "manual"), ("prod", "manual")])
def test_the_group_says_who_approves_its_versions(stack, approval):
    assert stack_graph(stack).one("sagemaker:ModelPackageGroup").inputs["tags"]["approval"] == approval


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_rendered_guardrails_hold_the_stacks_own_ids(stack):
    graph = stack_graph(stack)
    policy = graph.one("iam:RolePolicy", "platform-roles-pipeline-policy-guardrails").inputs["policy"]
    pipeline = json.loads(graph.one("sagemaker:Pipeline").inputs["pipelineDefinition"])
    train = next(step for step in pipeline["Steps"] if step["Name"] == "Train")["Arguments"]
    context = {
        "sagemaker:VpcSubnets": train["VpcConfig"]["Subnets"],
        "sagemaker:VpcSecurityGroupIds": train["VpcConfig"]["SecurityGroupIds"],
        "sagemaker:VolumeKmsKey": train["ResourceConfig"]["VolumeKmsKeyId"],
        "sagemaker:OutputKmsKey": train["OutputDataConfig"]["KmsKeyId"],
        "sagemaker:InstanceTypes": [train["ResourceConfig"]["InstanceType"]],
        "sagemaker:InterContainerTrafficEncryption": str(train["EnableInterContainerTrafficEncryption"]).lower(),
    }
    assert denied_by([json.loads(policy)], "sagemaker:CreateTrainingJob", JOB, context) == [], (
        "the pipeline's own job must pass its own guardrails"
    )
