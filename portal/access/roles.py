"""Roles, actions, and the one table that says which role and which token scope an action needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

ALL_STACKS: Final = "*"
"""Key in `Actor.roles` of a role that holds on every stack, also on those that come later."""


class Role(StrEnum):
    """What a person is on a stack. Ordered: each role may do all that the ones before it may."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    APPROVER = "approver"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """0 for the least role."""
        return list(Role).index(self)

    # A str would compare by alphabet, and "admin" is its least word: all four are defined, and only between roles.
    def __lt__(self, other: object) -> bool:
        return self.rank < _role(other).rank

    def __le__(self, other: object) -> bool:
        return self.rank <= _role(other).rank

    def __gt__(self, other: object) -> bool:
        return self.rank > _role(other).rank

    def __ge__(self, other: object) -> bool:
        return self.rank >= _role(other).rank


def _role(other: object) -> Role:
    if not isinstance(other, Role):
        raise TypeError(f"a role was compared with {other!r}; make it a Role first: Role({other!r})")
    return other


class Action(StrEnum):
    """What somebody wants to do."""

    VIEW = "view"
    PREVIEW = "preview"
    EDIT_SETTINGS = "edit_settings"
    CHECK_DRIFT = "check_drift"
    DEPLOY = "deploy"
    APPROVE = "approve"
    DECIDE_MODELS = "decide_models"
    MANAGE_REVIEWS = "manage_reviews"
    CANCEL = "cancel"
    REFRESH = "refresh"
    REPAIR = "repair"
    DESTROY = "destroy"
    MANAGE_OWN_TOKENS = "manage_own_tokens"
    MANAGE_TOKENS = "manage_tokens"
    READ_AUDIT = "read_audit"


class Reach(StrEnum):
    """Where the role has to hold."""

    STACK = "stack"
    """On the stack that the action is about. Asked without a stack, it is about all of them."""
    ANY = "any"
    """On any stack: the action is about oneself."""
    ALL = "all"
    """On all stacks ("*"): the action is about the portal itself."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What an action needs."""

    role: Role
    """The least role that may."""
    scope: str | None
    """Scope that an API token needs besides its owner's role. None: no token may, only a person who is logged in."""
    does: str
    """The action in words, as a sentence goes on after "you may not …"."""
    reach: Reach = Reach.STACK


PERMISSIONS: Final[Mapping[Action, Permission]] = MappingProxyType(
    {
        Action.VIEW: Permission(Role.VIEWER, "read", "see stacks, operations and models"),
        Action.PREVIEW: Permission(Role.DEVELOPER, "preview", "preview a change"),
        Action.EDIT_SETTINGS: Permission(Role.DEVELOPER, "edit", "propose a change of the settings"),
        # Reads the cloud with the portal's credentials and can take minutes, so more than looking.
        Action.CHECK_DRIFT: Permission(Role.DEVELOPER, "preview", "check for drift"),
        Action.DEPLOY: Permission(Role.DEVELOPER, "deploy", "start the deployment of an approved preview"),
        Action.APPROVE: Permission(Role.APPROVER, "approve", "approve a preview"),
        Action.DECIDE_MODELS: Permission(Role.APPROVER, "models", "approve, reject or roll back a model version"),
        Action.MANAGE_REVIEWS: Permission(Role.DEVELOPER, "reviews", "create, extend or end review environments"),
        Action.CANCEL: Permission(Role.DEVELOPER, "deploy", "cancel an operation"),
        # Writes the state without a preview that somebody approved.
        Action.REFRESH: Permission(Role.APPROVER, "deploy", "refresh the state"),
        Action.REPAIR: Permission(Role.ADMIN, "repair", "repair a stack"),
        Action.DESTROY: Permission(Role.ADMIN, "destroy", "destroy a stack"),
        # A token that could make tokens would never expire.
        Action.MANAGE_OWN_TOKENS: Permission(Role.VIEWER, None, "manage own API tokens", Reach.ANY),
        Action.MANAGE_TOKENS: Permission(Role.ADMIN, None, "see and revoke everybody's API tokens", Reach.ALL),
        Action.READ_AUDIT: Permission(Role.APPROVER, "audit", "read the audit log", Reach.ALL),
    }
)
"""The table. `docs/portal-access.md` shows it, and a test holds the two together."""

SCOPES: Final = tuple(dict.fromkeys(each.scope for each in PERMISSIONS.values() if each.scope is not None))
"""Every scope that an API token may have."""


class ForbiddenError(Exception):
    """Somebody who is known may not do this. The text is a sentence for that person."""

    def __init__(self, action: Action, stack: str | None, text: str) -> None:
        super().__init__(text)
        self.action, self.stack, self.text = action, stack, text


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who acts: a person with a session, an API token, or the portal itself."""

    id: str
    """"oidc:<issuer without https://>#<subject>", "token:<token id>" or "system:<task>"; written into the audit log."""
    name: str
    email: str = ""
    """Verified by the issuer, or empty. For display and as a commit's author; no right follows from it."""
    roles: Mapping[str, Role] = field(default_factory=dict)
    """Role by stack name; `ALL_STACKS` for all of them."""
    scopes: frozenset[str] | None = None
    """What a token is limited to; None: all that the roles allow."""
    via: Literal["session", "token", "system"] = "session"
    owner: str = ""
    """Id of the person behind a token. Empty otherwise."""

    def __post_init__(self) -> None:
        if self.via == "token" and (self.scopes is None or not self.owner):
            raise ValueError(f"actor {self.id}: a token has scopes and an owner; without them it would be a person")
        unknown = sorted((self.scopes or frozenset()) - set(SCOPES))
        if unknown:
            raise ValueError(f"actor {self.id}: unknown scopes {', '.join(unknown)}; there are {', '.join(SCOPES)}")
        object.__setattr__(self, "roles", MappingProxyType(dict(self.roles)))

    @property
    def person(self) -> str:
        """Who answers for what this actor does. Compare this, not `id`, where two different people are required.

        A person who asks for a deployment and approves it with the own API token is still one person.
        """
        return self.owner or self.id

    def role_on(self, stack: str | None) -> Role | None:
        """Return the role on a stack, the greater of the one there and the one on all; None as `stack` means all."""
        found = [self.roles[key] for key in {stack, ALL_STACKS} if key is not None and key in self.roles]
        return max(found, default=None)

    def may(self, action: Action, stack: str | None = None) -> bool:
        """Return whether this actor may do `action` on `stack`; without a stack, on all of them."""
        return self._refusal(action, stack) is None

    def require(self, action: Action, stack: str | None = None) -> None:
        """Raise ForbiddenError, with a sentence on what is missing, unless `may`."""
        refusal = self._refusal(action, stack)
        if refusal is not None:
            raise ForbiddenError(action, stack, refusal)

    def visible(self, stacks: Iterable[str]) -> list[str]:
        """Return those of `stacks` that this actor may look at, in their order."""
        return [stack for stack in stacks if self.may(Action.VIEW, stack)]

    def _refusal(self, action: Action, stack: str | None) -> str | None:
        needs = PERMISSIONS[action]
        if needs.scope is None and self.via != "session":
            return f"Only a person who is logged in may {needs.does}."
        if self.scopes is not None and needs.scope not in self.scopes:
            return f"This token may not {needs.does}: it needs the scope {needs.scope}. Make a token that has it."
        has = self._role_within(needs.reach, stack)
        if has is not None and has >= needs.role:
            return None
        where = {Reach.ANY: "on any stack", Reach.ALL: "on all stacks"}.get(
            needs.reach, f"on {stack}" if stack else "on all stacks"
        )
        present = f"yours is {has}" if has is not None else "you have none there"
        return (
            f"You may not {needs.does}: this needs the role {needs.role} {where}, and {present}. "
            "Who manages your groups at the identity provider can change that."
        )

    def _role_within(self, reach: Reach, stack: str | None) -> Role | None:
        if reach is Reach.ANY:
            return max(self.roles.values(), default=None)
        return self.role_on(stack if reach is Reach.STACK else None)
