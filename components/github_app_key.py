"""Who may use the KMS key that signs for the GitHub App: the key's own policy, and the statement of those who sign.

The key is no resource of the stack. It is imported once by a person, as the runbook says, outlives the stack, and is
named in the settings by its ARN: `mlops github-key` prints the policy that it is created with.
"""

from collections.abc import Sequence

from components.key_policies import administration
from components.policy_document import Statement, allow, deny, policy
from contracts.github import FUNCTIONS, SIGNING_ALGORITHM
from contracts.names import Names


def github_app_signers(names: Names, ci_role_arn: str | None = None) -> list[str]:
    """Return who may sign: the functions that talk to GitHub, and the role that runs `pulumi up` where one is named."""
    return [*(names.role_arn(function) for function in FUNCTIONS), *([] if ci_role_arn is None else [ci_role_arn])]


def github_app_key_policy(names: Names, signers: Sequence[str] | None = None) -> str:
    """Return the key's policy: the account administers it, and exactly the roles `signers` (ARNs) may sign.

    Signers are the roles of the functions that talk to GitHub where none are named. It names the account and compares
    `aws:PrincipalArn`, because KMS refuses a policy that names a role that is not there yet. Everybody else in the
    account is refused, also where their own policy allows kms:*. Raises ValueError for a signer that is no exact role.
    """
    signers = github_app_signers(names) if signers is None else signers
    _check(names, signers)
    signing: dict[str, dict[str, str | Sequence[str]]] = {
        "StringEquals": {"kms:CallerAccount": names.account, "kms:SigningAlgorithm": SIGNING_ALGORITHM},
        "ArnEquals": {"aws:PrincipalArn": sorted(signers)},
    }
    # The account's administration includes GetParametersForImport and DeleteImportedKeyMaterial.
    importing = allow("ImportedByAccount", ["kms:ImportKeyMaterial"], ["*"], principal={"AWS": names.account_root})
    signed = allow("SignedByFunctions", ["kms:Sign"], ["*"], signing, principal={"AWS": names.account_root})
    # The account's administration includes kms:Create*, and a grant would hand signing on past this policy.
    no_grants = deny("HandedOnByNobody", ["kms:CreateGrant"], ["*"], principal={"AWS": names.account_root})
    return policy([administration(names), importing, signed, no_grants])


def signing_statements(key_arn: str) -> list[Statement]:
    """Return what a role needs of its own to sign as the app: the key's policy alone lets nobody."""
    return [
        allow(
            "SignForTheApp",
            ["kms:Sign"],
            [key_arn],
            {"StringEquals": {"kms:SigningAlgorithm": SIGNING_ALGORITHM}},
        )
    ]


def _check(names: Names, signers: Sequence[str]) -> None:
    if not signers:
        raise ValueError("the GitHub App's key has no signer: name the roles of the functions that talk to GitHub.")
    for arn in signers:
        if f":{names.account}:role/" not in arn or any(sign in arn for sign in "*?$"):
            raise ValueError(f"signer {arn!r}: write the exact ARN of a role of account {names.account}.")
