"""Who may sign for the GitHub App: the three functions that talk to GitHub and the role that runs Pulumi, by name."""

import json

import pytest

from components.github_app_key import github_app_key_policy, github_app_signers, signing_statements
from contracts.github import FUNCTIONS, SIGNING_ALGORITHM
from tests.iam.stacks import stack
from tests.policy_evaluator import is_allowed, resource_effects

DEV = stack("dev").names
OTHERS = stack("prod").names
KEY = f"arn:aws:kms:{DEV.region}:{DEV.account}:key/github-app"
CI = f"arn:aws:iam::{DEV.account}:role/ci/deploy"
SIGN = {"kms:CallerAccount": DEV.account, "kms:SigningAlgorithm": SIGNING_ALGORITHM}
THREE = {DEV.role_arn(function) for function in FUNCTIONS}


def principals():
    """Return every role of every stack, the signers, and who only looks like one of them."""
    roles = {
        f"arn:aws:iam::{names.account}:role{each.inputs.get('path', '/')}{each.inputs['name']}"
        for name, names in (("dev", DEV), ("prod", OTHERS))
        for each in stack(name).graph.of_type("iam:Role")
    }
    assert roles >= THREE - {DEV.role_arn("publish")}, "the stack has its functions' roles"
    near = {f"{CI}-2", CI.replace("/ci/", "/"), CI.replace(":role/", ":user/"), CI.upper(), CI.replace("deploy", "*"),
            CI.replace(DEV.account, OTHERS.account)}  # fmt: skip
    people = {f"arn:aws:iam::{DEV.account}:{each}" for each in ("root", "user/ada", "role/admin")}
    return sorted({*roles, *THREE, CI, *near, *people})


def signers(ci_role_arn, context=SIGN):
    document = json.loads(github_app_key_policy(DEV, github_app_signers(DEV, ci_role_arn)))
    return {
        each
        for each in principals()
        if resource_effects(document, each, "kms:Sign", KEY, {"aws:PrincipalArn": each, **context}) == {"Allow"}
    }


def test_exactly_the_functions_and_the_role_that_runs_pulumi_may_sign():
    assert len(principals()) > 30, "so few principals prove little"
    assert signers(CI) == {*THREE, CI}


def test_without_such_a_role_exactly_the_three_functions_may_sign():
    assert signers(None) == THREE


@pytest.mark.parametrize(
    "context",
    [{"kms:SigningAlgorithm": "RSASSA_PSS_SHA_256"}, {"kms:CallerAccount": OTHERS.account}],
)
def test_nobody_signs_in_another_way_or_from_another_account(context):
    assert signers(CI, {**SIGN, **context}) == set()


@pytest.mark.parametrize("action", ["CreateGrant", "Decrypt", "Encrypt", "GenerateMac", "ReEncryptFrom"])
def test_the_role_that_runs_pulumi_gets_nothing_but_signing(action):
    document = json.loads(github_app_key_policy(DEV, github_app_signers(DEV, CI)))
    effects = resource_effects(document, CI, f"kms:{action}", KEY, {"aws:PrincipalArn": CI, **SIGN})
    assert "Allow" not in effects or "Deny" in effects
    own = [{"Statement": signing_statements(KEY)}]
    assert not is_allowed(own, f"kms:{action}", KEY, SIGN)
