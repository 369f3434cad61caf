"""Who is in a domain and which spaces they get: the plan, without an engine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.names import fit
from contracts.studio import SPACE_NAME_LENGTH


@dataclass(frozen=True, kw_only=True, slots=True)
class StudioUser:
    """One person with a user profile."""

    persona: str
    """Which execution role the person's applications run under: a key of `execution_role_arns`."""
    sso_user: str | None = None
    """User name in Identity Center; only and always where that authenticates."""
    spaces: tuple[str, ...] = ()
    """Applications for which the person gets a private space, `jupyterlab` and `code_editor`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedSpace:
    """One private space."""

    user: str
    application: str
    space_name: str
    """Unique in the domain."""


def space_name(user: str, application: str) -> str:
    """Return the name of a person's space, cut with a hash where it is too long."""
    return fit(f"{user}-{application.replace('_', '-')}", SPACE_NAME_LENGTH)


def planned_spaces(users: Mapping[str, StudioUser]) -> Iterator[PlannedSpace]:
    """Yield every space, in the order of the users' names."""
    for user in sorted(users):
        for application in users[user].spaces:
            yield PlannedSpace(user=user, application=application, space_name=space_name(user, application))
