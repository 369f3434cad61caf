"""What each function calls is what its role allows: nothing is missing, nothing is there in vain."""

import json

import pytest

from tests.graph_checks import strings
from tests.harness import stack_graph
from tests.lambda_src.recorded_calls import all_calls

FUNCTIONS = ("promote", "deploy", "verify")
ACTION_OF = {
    "s3:HeadObject": "s3:GetObject",
    "s3:CopyObject": "s3:PutObject",
    "s3:UploadPartCopy": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "dynamodb:TransactWriteItems": "dynamodb:PutItem",
    "sagemaker-runtime:InvokeEndpoint": "sagemaker:InvokeEndpoint",
}
"""Operations that IAM knows under another name (service authorization reference, "Actions defined by ...")."""
KEY_OF_STORES = {"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
"""Reading and writing under a customer-managed key (S3, DynamoDB and SNS guides, encryption at rest)."""
SERVING = {
    "iam:PassRole",  # CreateModel names a role
    "kms:CreateGrant",  # CreateEndpointConfig names a volume key
    "sagemaker:AddTags",  # Create* with tags
    # Asked of whoever registers a target (SageMaker guide, "Auto scaling policy prerequisites").
    "cloudwatch:DeleteAlarms",
    "iam:CreateServiceLinkedRole",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
}
IMPLIED = {
    # ListBucket makes an absent key a 404 instead of a 403; GetObjectVersion stands behind a copy of one version.
    "promote": KEY_OF_STORES | {"s3:GetObjectVersion", "s3:ListBucket"},
    "deploy": KEY_OF_STORES | SERVING,
    "verify": KEY_OF_STORES | SERVING,
}
BY_CONFIG = {"deploy": {"sagemaker:CreateTransformJob"}}
"""Allowed only in a stack that has a batch model, which prod's file has not."""


def allowed(function):
    found = set()
    for policy in stack_graph("prod").of_type("iam:RolePolicy"):
        if policy.inputs["role"].endswith(f"-{function}") and policy.inputs["name"] == "work":
            statements = json.loads(policy.inputs["policy"])["Statement"]
            found |= {a for s in statements if s["Effect"] == "Allow" for a in strings([s["Action"]])}
    assert found, f"{function} has no policy of that name"
    return found


def called(function):
    actions = set()
    for service, operation, resource in all_calls()[function]:
        name = "s3:GetObject" if resource.startswith("CopySource ") else f"{service}:{operation}"
        actions.add(ACTION_OF.get(name, name))
    return actions - BY_CONFIG.get(function, set())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_it_does(function):
    assert called(function) - allowed(function) == set(), "the call would be denied in AWS, where moto lets it pass"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_nothing_that_it_never_does(function):
    assert allowed(function) - called(function) - IMPLIED[function] == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_implied_action_is_really_in_the_role(function):
    assert IMPLIED[function] <= allowed(function), "a row of the table that explains nothing"
