"""The key of the GitHub App signs for exactly the named functions."""

import json

import pytest

from components.github_app_key import github_app_key_policy, github_app_signers, signing_statements
from contracts.github import FUNCTIONS, SIGNING_ALGORITHM
from tests.components.test_job_guardrails import KEY, NAMES
from tests.policy_evaluator import is_allowed, resource_effects

SIGNERS = [NAMES.role_arn("provision"), NAMES.role_arn("trigger")]
SIGN = {"kms:CallerAccount": NAMES.account, "kms:SigningAlgorithm": SIGNING_ALGORITHM}


def effects(principal, action, context):
    document = json.loads(github_app_key_policy(NAMES, SIGNERS))
    return resource_effects(document, principal, action, KEY, {"aws:PrincipalArn": principal, **context})


@pytest.mark.parametrize("signer", SIGNERS)
def test_the_named_functions_may_sign(signer):
    assert effects(signer, "kms:Sign", SIGN) == {"Allow"}


@pytest.mark.parametrize(
    ("principal", "context"),
    [
        (NAMES.role_arn("deploy"), SIGN),
        (NAMES.role_arn("provision") + "-2", SIGN),
        (f"arn:aws:iam::{NAMES.account}:root", SIGN),
        (NAMES.role_arn("provision").replace(NAMES.account, "999999999999"), {**SIGN, "kms:CallerAccount": "9" * 12}),
        (SIGNERS[0], {**SIGN, "kms:SigningAlgorithm": "RSASSA_PSS_SHA_256"}),
    ],
)
def test_nobody_else_may_sign_and_nobody_in_another_way(principal, context):
    assert effects(principal, "kms:Sign", context) == set(), "whoever signs is the app"


@pytest.mark.parametrize(
    "action", ["kms:Decrypt", "kms:Encrypt", "kms:GetPublicKey", "kms:PutKeyPolicy", "kms:CreateGrant"]
)
def test_a_signer_may_do_nothing_but_sign(action):
    own = [{"Version": "2012-10-17", "Statement": signing_statements(KEY)}]
    assert not is_allowed(own, f"kms:{action}", KEY, SIGN)
    assert not is_allowed(own, "kms:Sign", KEY + "2", SIGN)
    assert is_allowed(own, "kms:Sign", KEY, SIGN)


def test_the_account_administers_and_imports():
    administrator = f"arn:aws:iam::{NAMES.account}:role/administrator"
    for action in (
        "ImportKeyMaterial",
        "GetParametersForImport",
        "DeleteImportedKeyMaterial",
        "DisableKey",
        "PutKeyPolicy",
    ):
        assert effects(administrator, f"kms:{action}", {"kms:CallerAccount": NAMES.account}) == {"Allow"}, action
    assert "Deny" in effects(administrator, "kms:CreateGrant", {}), "a grant would let another principal sign"


def test_the_policy_names_no_principal_that_may_not_exist_yet():
    document = json.loads(github_app_key_policy(NAMES, SIGNERS))
    assert {json.dumps(s["Principal"]) for s in document["Statement"]} == {json.dumps({"AWS": NAMES.account_root})}


def test_without_a_word_the_signers_are_the_functions_that_act_on_github():
    assert github_app_key_policy(NAMES) == github_app_key_policy(NAMES, [NAMES.role_arn(f) for f in FUNCTIONS])


def test_the_role_that_runs_pulumi_signs_as_the_functions_do_and_may_nothing_else():
    role = f"arn:aws:iam::{NAMES.account}:role/ci/deploy"
    before = json.loads(github_app_key_policy(NAMES))
    after = json.loads(github_app_key_policy(NAMES, github_app_signers(NAMES, role)))

    (signed,) = [s for s in before["Statement"] if s["Action"] == ["kms:Sign"] or s["Action"] == "kms:Sign"]
    assert role not in json.dumps(before)
    signed["Condition"]["ArnEquals"]["aws:PrincipalArn"].append(role)
    signed["Condition"]["ArnEquals"]["aws:PrincipalArn"].sort()
    assert after == before, "one more name in the list of signers is the only difference"


def test_without_such_a_role_the_policy_is_what_it_was():
    assert github_app_key_policy(NAMES, github_app_signers(NAMES)) == github_app_key_policy(NAMES)


@pytest.mark.parametrize(
    "signers",
    [
        [],
        ["*"],
        [NAMES.role_arn("provision") + "*"],
        ["arn:aws:iam::999999999999:role/x"],
        [f"arn:aws:iam::{NAMES.account}:root"],
    ],
)
def test_signers_that_are_no_exact_roles_of_this_account_are_refused(signers):
    with pytest.raises(ValueError, match=r"signer|name the roles"):
        github_app_key_policy(NAMES, signers)
