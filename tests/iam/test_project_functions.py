"""Roles of the functions that make projects, by action and resource: nothing is missing, nothing there in vain."""

import json

import pytest

from components.project_function_policies import request_role_trust_policy
from tests.iam import checks
from tests.iam.project_functions import (
    BY_REQUEST_ROLE,
    PROJECT_ROWS,
    ROLES,
    ROWS,
    ProjectStack,
    invocations,
    recorded,
    requests,
)
from tests.policy_evaluator import is_allowed, resource_effects
from tests.projects.world import DEV, ENVIRONMENTS

each_role = pytest.mark.parametrize(("function", "environment"), ROLES)


def documents(function, environment):
    return list(ProjectStack(environment).policies(function).values())


def test_every_call_has_a_row():
    known = {name for row in ROWS for name in row.calls} | {BY_REQUEST_ROLE}
    assert sorted({call.name for _, call in recorded()} - known) == []


def test_every_row_is_met_by_a_call_and_knows_its_resource():
    asked = {r for function, environment in ROLES for r in requests(function, environment)[1]}
    assert {row.action for row in PROJECT_ROWS} <= {r.action for r in asked}, "a row without a call is a guess"
    assert [r for r in asked if not checks.knows(r.action, r.resource)] == []


@each_role
def test_everything_that_is_done_is_allowed(function, environment):
    stack, asked = requests(function, environment)
    assert asked, "a role without requests proves nothing"
    assert checks.missing(stack, function, documents(function, environment), asked) == []


@each_role
def test_everything_that_is_allowed_is_done(function, environment):
    stack, asked = requests(function, environment)
    assert checks.unused(stack, function, documents(function, environment), asked) == []


@each_role
def test_no_write_has_a_wildcard_beyond_the_stacks_own_names(function, environment):
    assert [w for w in checks.wildcards(ProjectStack(environment), function, documents(function, environment))
            if ENVIRONMENTS[environment].project_roles_arn not in w] == []  # fmt: skip


@each_role
def test_each_statement_that_is_taken_away_is_missed(function, environment):
    stack, asked = requests(function, environment)
    (document,) = documents(function, environment)
    for statement in document["Statement"]:
        less = {**document, "Statement": [s for s in document["Statement"] if s is not statement]}
        assert checks.missing(stack, function, [less], asked), f"{statement['Sid']} could go and nobody would notice"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_request_role_invokes_vend_of_its_account_and_nothing_else(environment):
    asked = [request for place, request in invocations() if place == environment]
    own = documents("project-request", environment)
    assert asked
    assert all(is_allowed(own, r.action, r.resource, {}) for r in asked)
    assert not is_allowed(own, "lambda:InvokeFunction", ENVIRONMENTS[environment].function_arn("deploy"), {})


@pytest.mark.parametrize(
    ("principal", "may"),
    [
        (DEV.role_arn("provision"), True),
        (DEV.role_arn("trigger"), False),
        (f"arn:aws:iam::{DEV.account}:role/admin", False),
        (ENVIRONMENTS["prod"].role_arn("provision"), False),
    ],
)
def test_only_devs_provisioning_function_may_ask_for_roles(principal, may):
    trust = json.loads(request_role_trust_policy(DEV))
    effects = resource_effects(trust, principal, "sts:AssumeRole", "*", {"aws:PrincipalArn": principal})
    assert (effects == {"Allow"}) is may


def test_provision_can_neither_tag_nor_delete_a_group_of_the_platforms_own_models():
    own, group = documents("provision", "dev"), DEV.model_package_group_arn("fraud-detector")
    context = {"aws:ResourceTag/approval": "manual"}
    for action in ("AddTags", "CreateModelPackageGroup", "DeleteModelPackageGroup", "PutModelPackageGroupPolicy"):
        assert not is_allowed(own, f"sagemaker:{action}", group, context), action


@pytest.mark.parametrize("action", ["CreateRole", "PutRolePolicy"])
def test_vend_makes_no_role_without_the_boundary_and_none_at_another_path(action):
    own, names = documents("vend", "prod"), ENVIRONMENTS["prod"]
    bounded = {"iam:PermissionsBoundary": names.boundary_arn("project")}
    role = names.project_role_arn("churn", "realtime-inference")
    assert is_allowed(own, f"iam:{action}", role, bounded)
    assert not is_allowed(own, f"iam:{action}", role, {})
    assert not is_allowed(own, f"iam:{action}", role, {"iam:PermissionsBoundary": names.boundary_arn("people")})
    assert not is_allowed(own, f"iam:{action}", names.role_arn("deploy"), bounded)
