"""Refuse a change that would replace the domain: SageMaker cannot move it, so everything in it would be lost.

A stash keeps in the state what the domain was created with. Each value reaches the domain through a comparison with
it, so a forbidden change fails the preview, before the engine has planned anything for the domain.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pulumi

T = TypeVar("T")

LOST = "its home file system, every space with its volume, every user profile and its access, and the domain's address"
WAY_OUT = (
    "Put the old value back. To give all of that up deliberately, see docs/runbooks/studio.md: set studio.home to"
    " delete, run `pulumi up`, take the section studio out, run `pulumi up`, put it back with the new value."
)


class DomainReplacedError(Exception):
    """A change would replace the domain. Its text says which, what would be lost, and the way out."""


def kept(field: str, before: Mapping[str, object] | None, now: str) -> str:
    """Return `now`, or raise DomainReplacedError where the domain was created with another value of `field`."""
    first = (before or {}).get(field)  # None while the domain is new
    if first is None or first == now:
        return now
    raise DomainReplacedError(
        f"{field} of the Studio domain was {first} and would become {now}. SageMaker cannot change it: the domain would"
        f" be replaced, and with it would be lost {LOST}. {WAY_OUT}"
    )


def kept_subnets(before: Mapping[str, object] | None, now: Sequence[str]) -> list[str]:
    """Return `now`, or raise DomainReplacedError where a subnet is missing that the domain was created in.

    A further subnet is no matter: the provider would replace the domain for it, so the domain keeps its first ones.
    """
    first = (before or {}).get("subnet_ids")
    gone = sorted(set(first) - set(now)) if isinstance(first, list) else []
    if not gone:
        return list(now)
    raise DomainReplacedError(
        f"The Studio domain was created in subnets that would go: {', '.join(gone)}. Its mount targets are in them: the"
        f" domain would have to be replaced, and with it would be lost {LOST}. {WAY_OUT}"
    )


class DomainIdentity(pulumi.ComponentResource):
    """Owns the record of what a domain was created with. Hands each value out once it is compared with that."""

    auth_mode: pulumi.Output[str]
    domain_name: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    subnet_ids: pulumi.Output[list[str]]
    kms_key_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        plain: Mapping[str, str],
        ids: Mapping[str, pulumi.Input[str]],
        subnet_ids: pulumi.Input[Sequence[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Keep `plain` (auth_mode, domain_name), `ids` (vpc_id, kms_key_id) and the subnets."""
        super().__init__("mlops:index:StudioDomainIdentity", name, None, opts)
        # Pulumi keeps the first input as the output for good; a later input changes nothing.
        self._stash = pulumi.Stash(
            f"{name}-created-with",
            input={**plain, **ids, "subnet_ids": subnet_ids},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.auth_mode = self._kept("auth_mode", plain["auth_mode"])
        self.domain_name = self._kept("domain_name", plain["domain_name"])
        self.vpc_id = self._kept("vpc_id", ids["vpc_id"])
        self.kms_key_id = self._kept("kms_key_id", ids["kms_key_id"])
        self.subnet_ids = pulumi.Output.all(self._stash.output, subnet_ids).apply(
            lambda both: self._told(lambda: kept_subnets(both[0], both[1]))
        )
        self.register_outputs({})

    def _kept(self, field: str, now: pulumi.Input[str]) -> pulumi.Output[str]:
        return pulumi.Output.all(self._stash.output, now).apply(
            lambda both: self._told(lambda: kept(field, both[0], both[1]))
        )

    def _told(self, check: Callable[[], T]) -> T:
        """Say a refusal as a line of its own: the engine wraps what an apply raises into a trace."""
        try:
            return check()
        except DomainReplacedError as error:
            pulumi.log.error(str(error), self._stash)
            raise
