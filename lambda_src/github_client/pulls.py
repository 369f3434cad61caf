"""Pull requests: open one, or find the one that is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambda_src.github_client.errors import UnavailableError, ValidationError
from lambda_src.github_client.files import Entry, File, commit_files, ensure_branch, files_of, head
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub

LOOK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """An open pull request."""

    number: int
    html_url: str
    created: bool
    """False where it was open already."""


def open_or_find(
    github: GitHub, repository: Repository, *, branch: str, base: str, title: str, body: str
) -> PullRequest:
    """Open a pull request from `branch`, or return the one that is open. Needs PUBLISH."""
    path = f"{repository.path}/pulls"
    query = {"head": f"{repository.owner}:{branch}", "base": base, "state": "open"}
    while True:
        found = next(iter(github.pages(path, query)), None)
        if found is not None:
            return _pull(found, created=False)
        try:
            made = github.post(path, {"title": title, "head": branch, "base": base, "body": body})
        except UnavailableError as error:
            lost: Exception = error
        except ValidationError as error:
            if not error.says("already exists"):
                raise
            lost = error
        else:
            return _pull(made, created=True)
        if not github.deadline.wait(LOOK_AGAIN_SECONDS):
            raise lost


def propose_files(
    github: GitHub,
    repository: Repository,
    *,
    branch: str,
    files: Mapping[str, File],
    title: str,
    body: str,
    remove: frozenset[str] = frozenset(),
) -> PullRequest | None:
    """Propose `files` to the default branch by a pull request; None where it holds them already.

    Never touches the default branch. A branch that people pushed to keeps their commits.
    """
    base = repository.default_branch
    start = head(github, repository, base)
    if start is None:
        return None
    present = files_of(github, repository, start)
    differs = any(present.get(path) != Entry(sha=file.sha, mode=file.mode) for path, file in files.items())
    if not differs and not remove & present.keys():
        return None
    ensure_branch(github, repository, branch, start)
    commit_files(github, repository, branch, files, title, remove=remove)
    return open_or_find(github, repository, branch=branch, base=base, title=title, body=body)


def _pull(body: Mapping[str, Any], *, created: bool) -> PullRequest:
    return PullRequest(number=int(body["number"]), html_url=body["html_url"], created=created)
