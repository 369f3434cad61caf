"""Who may take on the roles of people: the section `people` of a stack's settings."""

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import AfterValidator, Field

from contracts.people import check_attribute, check_permission_set, check_user
from contracts.rules import BrokenRuleError
from settings.fields import RoleArn, Section


def _once(names: list[str]) -> list[str]:
    if len(set(names)) == len(names):
        return names
    raise BrokenRuleError("each name is listed once", "remove the second")


PermissionSet = Annotated[str, AfterValidator(check_permission_set)]
User = Annotated[str, AfterValidator(check_user)]
Attribute = Annotated[str, AfterValidator(check_attribute)]


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonaTrust:
    """Who may assume one persona's role, with everything decided."""

    identity_center: bool
    """Whether Identity Center's people may, by `permission_sets`."""
    permission_sets: tuple[str, ...]
    """Permission sets by name; any whose own policy allows it where empty."""
    account: bool
    """Whether the account's IAM users may, by `users`."""
    users: tuple[str, ...]
    """IAM users by name; any whose own policy allows it where empty."""
    require_mfa: bool
    identity_attribute: str
    portal_role_arn: str | None = None
    """Role that may come for anybody, whose name it gives as source identity."""


class Trusted(Section):
    """Where the people come from that may take on a role. Both may be true; one at least is."""

    identity_center: bool = True
    """Whether people come by IAM Identity Center, which asks for the second factor itself."""
    account: bool = False
    """Whether IAM users of the stack's own account may come."""


class Assignees(Section):
    """Who of the trusted people may take on a role: those named; where nobody is, all whose own policy allows it."""

    permission_sets: Annotated[list[PermissionSet], AfterValidator(_once)] = Field(default_factory=list)
    """Permission sets of Identity Center by name, `ModelApprover`."""
    users: Annotated[list[User], AfterValidator(_once)] = Field(default_factory=list)
    """IAM users of the account by name."""


class People(Section):
    """Who may assume the approver's and the viewer's role. Data scientists and leads come through Studio."""

    trusted: Trusted = Field(default_factory=Trusted)
    """Where these people come from."""
    approvers: Assignees = Field(default_factory=Assignees)
    """Who may approve, reject and roll back."""
    viewers: Assignees = Field(default_factory=Assignees)
    """Who may look."""
    identity_attribute: Attribute = "username"
    """Attribute for access control by which Identity Center names the person; the approver's source identity equals
    it."""
    require_mfa: bool | None = None
    """Whether IAM users need a second factor; true in prod where absent. Identity Center has its own setting."""

    portal_role_arn: RoleArn | None = None
    """Role that the portal runs as, in any account. Where named, it takes on the approver's role for people's decisions
    on models, each in the person's name: who may be that role vouches for who decided, so nobody else can be it."""

    def approver(self, environment: str) -> PersonaTrust:
        """Return who may assume the approver's role."""
        return replace(self._trust(self.approvers, environment), portal_role_arn=self.portal_role_arn)

    def viewer(self, environment: str) -> PersonaTrust:
        """Return who may assume the viewer's role."""
        return self._trust(self.viewers, environment)

    def _trust(self, assignees: Assignees, environment: str) -> PersonaTrust:
        anybody = not assignees.permission_sets and not assignees.users
        return PersonaTrust(
            identity_center=self.trusted.identity_center and (anybody or bool(assignees.permission_sets)),
            permission_sets=tuple(assignees.permission_sets),
            account=self.trusted.account and (anybody or bool(assignees.users)),
            users=tuple(assignees.users),
            require_mfa=environment == "prod" if self.require_mfa is None else self.require_mfa,
            identity_attribute=self.identity_attribute,
        )
