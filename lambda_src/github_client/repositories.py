"""Repositories: create from a template, find, archive, and delete what nobody has worked in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.github import DESCRIPTION_LENGTH, check_repository_name
from lambda_src.github_client.errors import (
    ConflictError,
    ForbiddenError,
    IdentityError,
    MovedError,
    NameTakenError,
    NotFoundError,
    UnavailableError,
    ValidationError,
)
from lambda_src.github_client.rest import GitHub, path_of

LOOK_AGAIN_SECONDS = 2.0
"""Between two looks for what GitHub makes in the background."""
LOOKS = 10
"""How often to look for a repository that GitHub says is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository as GitHub knows it. The id stays for ever, the name may change."""

    owner: str
    owner_id: int
    name: str
    id: int
    node_id: str
    default_branch: str
    private: bool
    archived: bool
    is_template: bool
    description: str
    html_url: str
    created_at: str
    """UTC, as GitHub writes it."""
    template_id: int | None
    """Id of the repository that it was generated from, where GitHub says so."""

    @property
    def path(self) -> str:
        """Path of the repository in the API."""
        return path_of("repos", self.owner, self.name)


def repository_from(body: Mapping[str, Any]) -> Repository:
    """Read a repository from GitHub's answer."""
    template = body.get("template_repository") or {}
    return Repository(
        owner=body["owner"]["login"],
        owner_id=int(body["owner"]["id"]),
        name=body["name"],
        id=int(body["id"]),
        node_id=body["node_id"],
        default_branch=body["default_branch"],
        private=bool(body["private"]),
        archived=bool(body["archived"]),
        is_template=bool(body.get("is_template")),
        description=body.get("description") or "",
        html_url=body["html_url"],
        created_at=body["created_at"],
        template_id=int(template["id"]) if template else None,
    )


def by_name(github: GitHub, owner: str, name: str) -> Repository | None:
    """Return the repository that has this name now; None where there is none, or it was renamed."""
    try:
        body = github.find(path_of("repos", owner, name))
    except MovedError:
        return None
    return None if body is None else repository_from(body)


def by_id(github: GitHub, repository_id: int) -> Repository | None:
    """Return the repository with this id, whatever it is called now; None where it is gone."""
    # The address that GitHub itself redirects to after a rename.
    body = github.find(path_of("repositories", repository_id))
    return None if body is None else repository_from(body)


def verified(github: GitHub, owner: str, name: str, repository_id: int) -> Repository:
    """Return the repository of this name if it has this id. Raises NotFoundError, or IdentityError for another id."""
    found = by_name(github, owner, name)
    if found is None:
        raise NotFoundError(f"GET {path_of('repos', owner, name)}", 404, "Not Found")
    if found.id != repository_id:
        raise IdentityError(
            f"{owner}/{name} is repository {found.id} now, not {repository_id}: it is not ours to touch"
        )
    return found


def marked(description: str, marker: str) -> str:
    """Return a description that ends in `marker`, by which a lost answer is told from somebody else's repository."""
    ending = f" [{marker}]"
    return description[: DESCRIPTION_LENGTH - len(ending)].rstrip() + ending


def generate(
    github: GitHub, *, owner: str, template: str, name: str, description: str, marker: str
) -> tuple[Repository, bool]:
    """Create a private repository from a template, and say whether this call made it.

    `marker` belongs to one request and nobody else knows it before: a repository of that name whose description
    carries it was made by an earlier try of the same request, and is returned with False. Any other one raises
    NameTakenError and is not touched. `github` needs CREATE_REPOSITORY for all repositories.
    """
    check_repository_name(name)
    found = _ours(by_name(github, owner, name), marker)
    if found is not None:
        return found, False
    body = {
        "owner": owner,
        "name": name,
        "description": marked(description, marker),
        "include_all_branches": False,
        "private": True,
    }
    path = path_of("repos", owner, template, "generate")
    looks = 0
    while True:
        try:
            return repository_from(github.post(path, body)), True
        except UnavailableError as error:
            lost: Exception = error
        except ValidationError as error:
            if not error.says("already exists"):
                raise
            looks += 1
            lost = error
            if looks > LOOKS:
                raise NameTakenError(
                    f"{owner}/{name} exists, and the app does not see it: install the app for all repositories, or"
                    " choose another project name; nothing was touched"
                ) from None
        # It may have been made, and GitHub shows a new repository a little later.
        if not github.deadline.wait(LOOK_AGAIN_SECONDS):
            raise lost
        found = _ours(by_name(github, owner, name), marker)
        if found is not None:
            return found, True


def _ours(found: Repository | None, marker: str) -> Repository | None:
    if found is None or found.description.endswith(f"[{marker}]"):
        return found
    raise NameTakenError(
        f"{found.owner}/{found.name} exists (id {found.id}) and was not made by this request: rename or choose another"
        " project name; nothing was touched"
    )


def wait_for_head(github: GitHub, repository: Repository, branch: str = "") -> str:
    """Return the commit at the head of a branch, the default one where none is named, once it is there.

    GitHub fills a generated repository in the background. Raises NotFoundError or ConflictError (empty) at the
    deadline.
    """
    path = repository.path + path_of("git", "ref", "heads") + "/" + (branch or repository.default_branch)
    while True:
        try:
            return str(github.get(path)["object"]["sha"])
        except (NotFoundError, ConflictError) as error:
            if not github.deadline.wait(LOOK_AGAIN_SECONDS):
                raise error from None


def mark_as_template(github: GitHub, repository: Repository) -> Repository:
    """Make it a template repository."""
    return repository_from(github.patch(repository.path, {"is_template": True}))


def archive(github: GitHub, repository_id: int) -> Repository | None:
    """Archive by id, whatever its name is by now; None where it is gone. Twice is the same as once."""
    found = by_id(github, repository_id)
    if found is None or found.archived:
        return found
    try:
        return repository_from(github.patch(found.path, {"archived": True}))
    except ForbiddenError as error:
        if not error.says("was archived"):
            raise
        return by_id(github, repository_id)  # an earlier try got through, and its answer was lost


def unarchive(github: GitHub, repository_id: int) -> Repository | None:
    """Undo `archive`; None where it is gone."""
    found = by_id(github, repository_id)
    if found is None or not found.archived:
        return found
    return repository_from(github.patch(found.path, {"archived": False}))


def foreign_work(github: GitHub, repository: Repository, known_heads: Collection[str]) -> list[str]:
    """Return what others did in the repository, in words; empty where every branch is as this platform left it.

    `known_heads` are commits that the platform made. An empty repository has no foreign work.
    """
    try:
        branches = list(github.pages(f"{repository.path}/branches"))
    except ConflictError:
        branches = []
    found = [
        f"branch {branch['name']} is at {branch['commit']['sha'][:12]}"
        for branch in branches
        if branch["commit"]["sha"] not in known_heads
    ]
    found += [
        f"pull request {pull['number']} by {_author(pull)}"
        for pull in github.pages(f"{repository.path}/pulls", {"state": "all"})
        if not _author(pull).endswith("[bot]")
    ]
    return found


def _author(pull: Mapping[str, Any]) -> str:
    return str((pull["user"] or {"login": "ghost"})["login"])  # the account may be gone


def delete_if_untouched(github: GitHub, repository_id: int, known_heads: Collection[str]) -> str:
    """Delete a repository that a failed request made, or archive it once somebody has worked in it.

    Returns `gone`, `deleted` or `archived`. `github` needs ARCHIVE for this repository.
    """
    found = by_id(github, repository_id)
    if found is None:
        return "gone"
    if foreign_work(github, found, known_heads):
        archive(github, repository_id)
        return "archived"
    return "deleted" if github.delete(found.path) else "gone"
