"""From what the identity provider says about a person to roles: the rules of the configuration, and their use."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from portal.access.errors import LoginError, Reason
from portal.access.oidc import Claims
from portal.access.roles import ALL_STACKS, Actor, Role

CHOSEN_BY_PEOPLE: Final = frozenset(
    {"name", "given_name", "family_name", "nickname", "preferred_username", "profile", "picture", "website"}
)
"""Claims that people may change themselves at some issuers, or that are not unique; OpenID Connect Core 5.1, 5.7."""
_FROZEN = ConfigDict(frozen=True, extra="forbid")
_Text = Annotated[str, Field(min_length=1, max_length=256)]


class RoleRule(BaseModel):
    """One rule: who has `value` in `claim` has `role` on `stacks`."""

    model_config = _FROZEN

    claim: _Text
    """Name of the claim, or a path into nested claims: "groups", "cognito:groups", "realm_access.roles"."""
    value: _Text
    """Compared exactly, with the claim itself or with each element where it is a list."""
    role: Role
    stacks: tuple[_Text, ...] = Field(default=(ALL_STACKS,), min_length=1)
    """Names of stacks; "*" for all."""

    @field_validator("claim")
    @classmethod
    def _is_given_by_the_issuer(cls, claim: str) -> str:
        if claim in CHOSEN_BY_PEOPLE:
            raise ValueError(
                f"{claim}: people can change this claim themselves, so no role may follow from it; "
                "use groups or roles that the identity provider manages"
            )
        return claim

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the rule holds for a person with these claims.

        An address of e-mail counts only where the issuer says that it was verified: at some issuers people type it in.
        """
        if self.claim == "email" and claims.get("email_verified") is not True:
            return False
        return self.value in _values(claims, self.claim)


class RoleMapping(BaseModel):
    """All rules: a person's role on a stack is the greatest that any of them gives.

    [[roles.role]]
    claim = "groups"
    value = "ml-approvers"
    role = "approver"
    stacks = ["prod"]
    """

    model_config = _FROZEN

    role: tuple[RoleRule, ...] = Field(min_length=1)

    def roles(self, claims: Mapping[str, Any]) -> dict[str, Role]:
        """Return the role per stack; empty where no rule fits."""
        found: dict[str, Role] = {}
        for rule in self.role:
            if rule.fits(claims):
                for stack in rule.stacks:
                    found[stack] = max(rule.role, found.get(stack, rule.role))
        return found

    def actor(self, claims: Claims) -> Actor:
        """Return who has logged in. Raises LoginError with Reason.NO_ROLE where no rule gives a role."""
        roles = self.roles(claims.all)
        if not roles:
            raise LoginError(Reason.NO_ROLE, f"{claims.id}: {self._why_none(claims.all)}", text=self._refusal(claims))
        return Actor(id=claims.id, name=claims.name, email=claims.email, roles=roles)

    def _refusal(self, claims: Claims) -> str:
        if self._left_out(claims.all):
            return (
                f"You are logged in as {claims.name}, but you are in so many groups that the identity provider did not "
                "send them. Ask the people who run this portal to use app roles, or to send assigned groups only."
            )
        return (
            f"You are logged in as {claims.name}, but none of your groups has a role in this portal. Ask for one where "
            "your groups are managed, then log out and in again."
        )

    def _why_none(self, claims: Mapping[str, Any]) -> str:
        used = sorted({rule.claim for rule in self.role})
        missing = [claim for claim in used if not any(True for _ in _values(claims, claim))]
        left_out = self._left_out(claims)
        return (
            f"rules use {', '.join(used)}; without a value: {', '.join(missing) or 'none'}"
            + (f"; left out by the issuer as too many: {', '.join(left_out)}" if left_out else "")
        )  # fmt: skip

    def _left_out(self, claims: Mapping[str, Any]) -> list[str]:
        """Claims of the rules that the issuer left out (OpenID Connect Core 5.6.2), as Entra ID does with many."""
        elsewhere = claims.get("_claim_names")
        return sorted({rule.claim for rule in self.role} & set(elsewhere)) if isinstance(elsewhere, Mapping) else []


def _values(claims: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the strings at a claim: by its exact name first, since names may hold dots, then as a path."""
    found: Any = claims
    for part in (path,) if path in claims else path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        yield found
    elif isinstance(found, list):
        yield from (each for each in found if isinstance(each, str))
