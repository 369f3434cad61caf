"""Resources land in the account that the stack file names."""

from collections.abc import Iterator
from typing import Any

from policy.documents import decoded, listed
from policy.model import DEFAULT_PROVIDER, PROVIDER, Checked, Rule, Stack


def _check(resource: Checked, stack: Stack) -> Iterator[str]:
    if resource.short_type == PROVIDER:
        yield from _provider(resource, stack.surroundings.account)
    elif not resource.provider or resource.provider.startswith(DEFAULT_PROVIDER):
        yield "it falls to a default provider, which takes whatever account the shell points at"


def _provider(provider: Checked, account: str) -> Iterator[str]:
    if provider.name.startswith(DEFAULT_PROVIDER):
        return  # said at each resource that uses it
    allowed = _list(provider.value("allowedAccountIds"))
    if allowed != [account]:
        yield f"allowedAccountIds is {allowed or 'not set'}, and the stack's account is {account}"
    for key in ("accessKey", "secretKey", "token"):
        if provider.has(key):
            yield f"{key} is set, so a credential lies in the state"


def _list(value: Any) -> list[Any]:
    return listed(decoded(value) if isinstance(value, str) else value)


RULE = Rule(
    id="pinned-provider",
    forbids="resource outside the account that the stack file names",
    why="Credentials of another account would build dev's network in prod; the provider must refuse them.",
    fix="pass the providers of wiring.py to the component",
    check=_check,
)
