"""Deployment environments: who must approve, and from which branches one may deploy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.github import REVIEWERS_PER_ENVIRONMENT
from lambda_src.github_client.errors import GitHubError, ValidationError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub, path_of

_CHOSEN_BRANCHES = {"protected_branches": False, "custom_branch_policies": True}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewer:
    """Who may approve a deployment."""

    kind: str
    """`User` or `Team`."""
    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """An environment as it stands, and what the plan of the organisation did not let us set."""

    name: str
    reviewers: bool
    """Whether GitHub asks the reviewers."""
    branches: bool
    """Whether GitHub lets only the named branches deploy."""
    missing: tuple[str, ...]
    """What was asked for and refused, as sentences for people; empty where all was set."""


def put_environment(
    github: GitHub,
    repository: Repository,
    name: str,
    *,
    reviewers: Sequence[Reviewer] = (),
    branches: Sequence[str] = (),
    prevent_self_review: bool = True,
) -> Environment:
    """Create or update an environment. Twice is the same as once. Needs SETUP.

    A plan that does not protect private repositories refuses reviewers, or also branches. That raises nothing: the
    environment is set as far as the plan goes, and `missing` says what is not protected.
    """
    if len(reviewers) > REVIEWERS_PER_ENVIRONMENT:
        raise ValueError(f"environment {name}: {len(reviewers)} reviewers; GitHub takes {REVIEWERS_PER_ENVIRONMENT}")
    path = repository.path + path_of("environments", name)
    asked: list[dict[str, Any]] | None = [{"type": reviewer.kind, "id": reviewer.id} for reviewer in reviewers] or None
    # Where the plan has no reviewers, GitHub refuses even to be told that there are none.
    tries = dict.fromkeys([(True, bool(branches)), (False, bool(branches)), (False, False)])
    for with_reviewers, with_branches in tries:
        body: dict[str, Any] = {"deployment_branch_policy": _CHOSEN_BRANCHES if with_branches else None}
        if with_reviewers:
            body["reviewers"] = asked
            body["prevent_self_review"] = prevent_self_review and asked is not None
        try:
            github.put(path, body)
        except ValidationError as error:
            if (with_reviewers, with_branches) == (False, False) or not error.says("billing plan", "protection rule"):
                raise
            continue
        if with_branches:
            _set_branches(github, path, branches)
        asks = with_reviewers and asked is not None
        return Environment(
            name=name,
            reviewers=asks,
            branches=with_branches,
            missing=_missing(
                name, lacks_reviewers=asked is not None and not asks, lacks_branches=bool(branches) > with_branches
            ),
        )
    raise AssertionError("the last try asks for nothing that a plan could refuse")


def _missing(name: str, *, lacks_reviewers: bool, lacks_branches: bool) -> tuple[str, ...]:
    found = []
    if lacks_reviewers:
        found.append(f"GitHub's plan has no required reviewers for private repositories: nobody is asked before {name}")
    if lacks_branches:
        found.append(f"GitHub's plan has no branch policy for private repositories: any branch can name {name}")
    return tuple(found)


def _set_branches(github: GitHub, path: str, branches: Sequence[str]) -> None:
    """Leave exactly these branch patterns."""
    policies = f"{path}/deployment-branch-policies"
    present = {policy["name"]: policy["id"] for policy in github.pages(policies, key="branch_policies")}
    for branch in branches:
        if branch not in present:
            _add_branch(github, policies, branch)
    for name, policy_id in present.items():
        if name not in branches:
            github.delete(f"{policies}/{policy_id}")


def _add_branch(github: GitHub, policies: str, branch: str) -> None:
    try:
        github.post(policies, {"name": branch, "type": "branch"}, repeatable=True)
    except GitHubError as error:
        if error.status != 303:  # it is there already (docs: "Create a deployment branch policy")
            raise


def environment(github: GitHub, repository: Repository, name: str) -> dict[str, Any] | None:
    """Return GitHub's own description of an environment; None where there is none."""
    body: dict[str, Any] | None = github.find(repository.path + path_of("environments", name))
    return body


def deployment_branches(github: GitHub, repository: Repository, name: str) -> list[str]:
    """Return the branch patterns that may deploy to an environment."""
    path = repository.path + path_of("environments", name) + "/deployment-branch-policies"
    return [policy["name"] for policy in github.pages(path, key="branch_policies")]
