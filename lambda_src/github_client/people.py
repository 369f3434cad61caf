"""People and teams: verified by id before anything is given to them."""

from dataclasses import dataclass

from contracts.github import TEAM_PERMISSIONS
from lambda_src.github_client.errors import IdentityError, NotFoundError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub, path_of


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A GitHub account. A login can be given up and taken by somebody else; an id cannot."""

    login: str
    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A team of the organisation."""

    slug: str
    id: int


def user_by_login(github: GitHub, login: str) -> User | None:
    """Return the person who has this login now."""
    body = github.find(path_of("users", login))
    return None if body is None or body.get("type") != "User" else User(login=body["login"], id=int(body["id"]))


def verified_user(github: GitHub, login: str, user_id: int) -> User:
    """Return the person if login and id belong together. Raises IdentityError that says who has the login now."""
    found = user_by_login(github, login)
    if found is None:
        raise IdentityError(f"GitHub knows no person {login}; settings say id {user_id}")
    if found.id != user_id:
        raise IdentityError(
            f"{login} is account {found.id} now, not {user_id}: the login changed hands; correct settings"
        )
    return found


def is_member(github: GitHub, organization: str, login: str) -> bool:
    """Whether a person belongs to the organisation. Needs DIRECTORY: without it GitHub tells public members only."""
    try:
        github.call("GET", path_of("orgs", organization, "members", login))
    except NotFoundError:
        return False
    return True


def team_by_slug(github: GitHub, organization: str, slug: str) -> Team | None:
    """Return a team; None where there is none, or the token may not see it."""
    body = github.find(path_of("orgs", organization, "teams", slug))
    return None if body is None else Team(slug=body["slug"], id=int(body["id"]))


def grant_team(github: GitHub, organization: str, slug: str, repository: Repository, permission: str) -> None:
    """Give a team `pull`, `triage`, `push`, `maintain` or `admin` in a repository. Twice is the same as once.

    Raises NotFoundError that names the team where there is none.
    """
    if permission not in TEAM_PERMISSIONS:
        raise ValueError(f"permission {permission!r}; choose one of {', '.join(TEAM_PERMISSIONS)}")
    path = path_of("orgs", organization, "teams", slug, "repos", repository.owner, repository.name)
    try:
        github.put(path, {"permission": permission})
    except NotFoundError as error:
        raise NotFoundError(
            f"PUT {path}", error.status, f"no team {slug} in {organization}, or no such repository"
        ) from None


def grant_user(github: GitHub, login: str, repository: Repository, permission: str) -> None:
    """Invite or add a person to a repository. Verify the person before. Twice is the same as once."""
    if permission not in TEAM_PERMISSIONS:
        raise ValueError(f"permission {permission!r}; choose one of {', '.join(TEAM_PERMISSIONS)}")
    github.put(repository.path + path_of("collaborators", login), {"permission": permission})
