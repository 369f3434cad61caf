"""A role is taken on by whom it is for, in our accounts only."""

from collections.abc import Iterator

from policy.documents import Statement, allowing, binding_keys, principals, title
from policy.model import Checked, Rule, Stack

ACCOUNT_KEYS = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid"}


def _check(role: Checked, stack: Stack) -> Iterator[str]:
    for statement in allowing(role, "assumeRolePolicy"):
        for fault in _faults(statement, set(stack.surroundings.accounts.values())):
            yield f"{title(statement)} {fault}"


def _faults(statement: Statement, accounts: set[str]) -> Iterator[str]:
    keys = binding_keys(statement)
    services = principals(statement, "Service")
    if services and not keys & ACCOUNT_KEYS:
        yield f"trusts {', '.join(services)} without saying for which account (aws:SourceAccount)"
    if principals(statement, "Federated") and not any(key.endswith((":sub", ":aud")) for key in keys):
        yield "trusts an identity provider without saying which of its subjects"
    for principal in principals(statement, "AWS"):
        account = principal.split(":")[4] if principal.startswith("arn:") else principal
        if principal == "*" and not keys:
            yield "trusts everybody"
        elif principal != "*" and account not in accounts:
            yield f"trusts {principal}, which is of none of our accounts"
        elif principal.endswith(":root") and not keys:
            yield f"trusts everybody of account {account}, without a condition"


RULE = Rule(
    id="bound-trust",
    forbids="role that a service takes on for anybody, or that strangers take on",
    why="A service acts for all its customers: unless the role says for which, another one can point it here.",
    fix="render the policy with trust() of components/policy_document.py",
    types=("iam:Role",),
    check=_check,
)
