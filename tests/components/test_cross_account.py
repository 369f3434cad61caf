"""What one environment lets the next one do: exactly what promotion needs, whichever stack comes up first."""

import json

import pytest

from components.delivery_policies import data_key_statements, event_bus_policy, package_group_policy
from settings import Environment
from tests.harness import STACKS, deploy_stack, raw_settings, stack_graph, stack_settings
from tests.policy_evaluator import is_allowed

PAIRS = (("dev", "preprod"), ("preprod", "prod"))
every_pair = pytest.mark.parametrize(("source", "target"), PAIRS)
MODEL = "fraud-detector"


def statements(document):
    return {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}


def resource_policy(stack, kind, name, key="policy"):
    return statements(stack_graph(stack).one(kind, name).inputs[key])


def role_policy(stack, purpose):
    name = stack_settings(stack).names.role(purpose)
    return [
        json.loads(p.inputs["policy"]) for p in stack_graph(stack).of_type("iam:RolePolicy") if p.inputs["role"] == name
    ]


def promoter(target):
    names = stack_settings(target).names
    return {"AWS": names.account_root}, {"aws:PrincipalArn": names.role_arn("promote")}


@every_pair
def test_promotion_alone_reads_versions_files_and_key(source, target):
    principal, condition = promoter(target)
    granted = [
        *resource_policy(
            source, "sagemaker:ModelPackageGroupPolicy", f"platform-{MODEL}-versions-policy", "resourcePolicy"
        ).values(),
        resource_policy(source, "s3:BucketPolicy", "platform-artifacts-policy")["ReadByNextEnvironment"],
        resource_policy(source, "s3:BucketPolicy", "platform-artifacts-policy")["ListByNextEnvironment"],
        resource_policy(source, "kms:Key", "platform-keys-data")["DecryptedByNextEnvironment"],
    ]
    for statement in granted:
        assert statement["Principal"] == principal, "AWS refuses a role that may not exist yet"
        assert statement["Condition"]["ArnEquals"] == condition, "any other role of that account could read too"


@every_pair
def test_the_role_that_the_policies_name_is_the_one_that_promotes(source, target):
    (function,) = [
        f
        for f in stack_graph(target).of_type("lambda:Function")
        if f.inputs["name"] == stack_settings(target).names.function("promote")
    ]
    _, condition = promoter(target)
    assert function.inputs["role"].split("role/")[1] == condition["aws:PrincipalArn"].split("role/")[1]


@every_pair
def test_both_ends_allow_the_same_reads(source, target):
    names, policies = stack_settings(source).names, role_policy(target, "promote")
    version = f"{names.model_package_group_arn(MODEL).replace('-group/', '/')}/7"
    here = {**promoter(target)[1], "kms:ViaService": "s3.us-east-1.amazonaws.com"}
    here["kms:EncryptionContext:aws:s3:arn"] = names.bucket_arn("artifacts")
    group = resource_policy(
        source, "sagemaker:ModelPackageGroupPolicy", f"platform-{MODEL}-versions-policy", "resourcePolicy"
    )
    bucket = resource_policy(source, "s3:BucketPolicy", "platform-artifacts-policy")
    for action, resource, offered in (
        ("sagemaker:DescribeModelPackage", version, group),
        ("s3:GetObjectVersion", f"{names.bucket_arn('artifacts')}/pipelines/p/1/train/model.tar.gz", bucket),
        ("s3:GetObject", f"{names.bucket_arn('artifacts')}/promoted/{MODEL}/1/model.tar.gz", bucket),
        ("s3:ListBucket", names.bucket_arn("artifacts"), bucket),
    ):
        secure = {"aws:SecureTransport": "true"}
        allowing = {"Statement": [s for s in offered.values() if s["Effect"] == "Allow"]}
        assert is_allowed(policies, action, resource, here), f"{action}: the role may not"
        assert is_allowed([allowing], action, resource, here | secure), f"{action}: the owner does not let it"
    assert is_allowed(policies, "kms:Decrypt", f"arn:aws:kms:us-east-1:{names.account}:key/1", here)


@every_pair
def test_nothing_of_the_source_can_be_written_or_read_beyond_versions(source, target):
    names = stack_settings(source).names
    policies, here = role_policy(target, "promote"), promoter(target)[1]
    version = f"{names.model_package_group_arn(MODEL).replace('-group/', '/')}/7"
    for action, resource in (
        ("sagemaker:UpdateModelPackage", version),
        ("s3:PutObject", f"{names.bucket_arn('artifacts')}/promoted/x"),
        ("s3:GetObject", f"{names.bucket_arn('artifacts')}/code/1/train.py"),
        ("s3:GetObject", f"{names.bucket_arn('data')}/latest/data.csv"),
        ("kms:GenerateDataKey", f"arn:aws:kms:us-east-1:{names.account}:key/1"),
    ):
        assert not is_allowed(policies, action, resource, here | {"kms:ViaService": "s3.us-east-1.amazonaws.com"})


def test_the_key_opens_files_of_the_artifact_bucket_only():
    dev, preprod = stack_settings("dev").names, stack_settings("preprod").names
    (statement,) = data_key_statements(dev, preprod)
    assert statement["Action"] == ["kms:Decrypt"]
    context = statement["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
    assert context == [dev.bucket_arn("artifacts"), f"{dev.bucket_arn('artifacts')}/*"]


@every_pair
def test_the_bus_takes_approvals_of_the_previous_environments_forwarding_only(source, target):
    policy = statements(stack_graph(target).one("cloudwatch:EventBusPolicy").inputs["policy"])
    (statement,) = policy.values()
    names = stack_settings(source).names
    assert statement["Principal"] == {"AWS": names.account_root}
    assert statement["Condition"]["ArnEquals"] == {"aws:PrincipalArn": names.role_arn("forward")}
    assert statement["Condition"]["StringEquals"] == {
        "events:detail-type": "SageMaker Model Package State Change",
        "events:source": "aws.sagemaker",
    }
    assert is_allowed(role_policy(source, "forward"), "events:PutEvents", statement["Resource"], {})


def test_the_first_environment_has_no_bus_and_the_last_lets_nobody_in():
    assert stack_graph("dev").of_type("cloudwatch:EventBus") == []
    prod = stack_graph("prod")
    assert prod.of_type("sagemaker:ModelPackageGroupPolicy") == []
    assert "ReadByNextEnvironment" not in resource_policy("prod", "s3:BucketPolicy", "platform-artifacts-policy")
    assert "DecryptedByNextEnvironment" not in resource_policy("prod", "kms:Key", "platform-keys-data")


def test_policies_are_the_same_whatever_of_the_other_stacks_exists():
    """Nothing in them is looked up: they follow from settings, so three stacks come up in any order."""
    settings = stack_settings("dev")
    dev, preprod = settings.names, settings.names_of(Environment.PREPROD)
    graph = stack_graph("dev")
    deployed = graph.one("sagemaker:ModelPackageGroupPolicy").inputs["resourcePolicy"]
    assert deployed == package_group_policy(dev, preprod, MODEL)
    assert preprod == stack_settings("preprod").names, "both stacks must compute the same names of each other"
    bus = stack_graph("preprod").one("cloudwatch:EventBusPolicy").inputs["policy"]
    assert bus == event_bus_policy(preprod, dev)


def test_three_environments_in_one_account_still_name_one_role_each():
    raw = raw_settings("preprod")
    raw["accounts"] = dict.fromkeys(STACKS, "111111111111")
    raw["single_account"] = True
    graph = deploy_stack(raw)
    (statement,) = statements(graph.one("cloudwatch:EventBusPolicy").inputs["policy"]).values()
    assert statement["Condition"]["ArnEquals"]["aws:PrincipalArn"].endswith("role/acme-risk-dev-us-east-1-forward")


def test_environments_in_several_regions_name_each_others_region():
    raw = raw_settings("preprod") | {"regions": {"dev": "us-east-1", "preprod": "us-east-1", "prod": "us-west-2"}}
    graph = deploy_stack(raw)
    (rule,) = [r for r in graph.of_type("cloudwatch:EventRule") if r.name.endswith("-models-promote")]
    assert json.loads(rule.inputs["eventPattern"])["region"] == ["us-east-1"]
    (target,) = [r for r in graph.of_type("cloudwatch:EventTarget") if r.name.endswith("next-environment")]
    assert target.inputs["arn"].startswith("arn:aws:events:us-west-2:333333333333:event-bus/")
