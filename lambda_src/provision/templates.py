"""The template repositories: where one stands, what it holds, and whether a repository is still a copy of it."""

from dataclasses import dataclass
from typing import Any

from contracts.github import INSPECT
from contracts.projects import template_repository_name
from lambda_src.github_client import files, repositories
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.errors import ConflictError
from lambda_src.github_client.files import Entry
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub, path_of
from lambda_src.projects.github import client_of, minter
from lambda_src.provision.errors import RefusedError
from lambda_src.provision.settings import config

METADATA = {"metadata": "read"}
"""To find a repository by its name: only its id can narrow a token, and only a look by name tells it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A template repository, and a client that may read it and nothing else."""

    github: GitHub
    repository: Repository
    head: str
    """Commit that projects are made from now."""

    def commit_of(self, version: str) -> str | None:
        """Return the commit of a published version; None where no version, or an unknown one, is named."""
        if not version:
            return None
        found = self.github.find(f"{self.repository.path}/git/ref/tags{path_of(f'template-{version}')}")
        return None if found is None else str(found["object"]["sha"])

    def files(self, commit: str) -> dict[str, Entry]:
        """Return every file of a commit."""
        return files.files_of(self.github, self.repository, commit)

    def tree(self, commit: str) -> str | None:
        """Return the tree of a commit; None where the repository no longer has it."""
        found = commit_object(self.github, self.repository, commit)
        return None if found is None else str(found["tree"]["sha"])


def find(template: str, deadline: Deadline) -> Template:
    """Return a template repository as it is now. Raises RefusedError where there is none, or nothing in it."""
    settings = config()
    name = template_repository_name(settings.unit, template)
    found = repositories.by_name(minter().client(METADATA, None, deadline), settings.organization, name)
    if found is None:
        raise RefusedError(f"the template repository {settings.organization}/{name} is gone; run pulumi up in dev")
    github = client_of(INSPECT, found.id, deadline)
    head = files.head(github, found, found.default_branch)
    if head is None:
        raise RefusedError(f"the template repository {settings.organization}/{name} is empty; run pulumi up in dev")
    return Template(github=github, repository=found, head=head)


def first_heads(github: GitHub, repository: Repository, template: str, deadline: Deadline) -> tuple[str, ...]:
    """Return the head of a repository that is nothing but the template's copy, for one whose head was never recorded.

    GitHub's copy is one commit without a parent and holds the template's very tree. People were not let in before the
    head was recorded; whatever differs from that all the same counts as somebody's work.
    """
    head = files.head(github, repository, repository.default_branch)
    commit = None if head is None else commit_object(github, repository, head)
    if head is None or commit is None or commit["parents"]:
        return ()
    try:
        source = find(template, deadline)
    except RefusedError:
        return ()  # without the template nothing shows that this is its copy
    return (head,) if source.tree(source.head) == commit["tree"]["sha"] else ()


def commit_object(github: GitHub, repository: Repository, commit: str) -> dict[str, Any] | None:
    """Return tree and parents of a commit; None where there is no such commit."""
    try:
        found: dict[str, Any] | None = github.find(f"{repository.path}/git/commits{path_of(commit)}")
    except ConflictError:
        return None  # 409, the repository is empty
    return found
