"""The repository to publish into: the one with the expected id, under the expected name, once GitHub shows it."""

from dataclasses import replace

from contracts.github import PUBLISH
from contracts.publication import BRANCH, Publication
from lambda_src.github_client import files, repositories
from lambda_src.github_client.app import TokenMinter
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.errors import ValidationError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub
from lambda_src.publish.errors import PublishError

PERMISSIONS = {name: PUBLISH[name] for name in ("contents", "workflows")}
"""Commits and tags only; nothing is proposed here."""
NEW_SECONDS = 30.0
"""How long a repository that was just created may take until the app sees it and its first commit."""
LOOK_AGAIN_SECONDS = 2.0


def open_repository(minter: TokenMinter, publication: Publication, deadline: Deadline) -> tuple[GitHub, Repository]:
    """Return a client for this one repository, and the repository. Raises PublishError where it is not the one meant.

    GitHub shows a new repository to an app, and its first commit to anybody, a moment later: so it looks again.
    """
    patience = replace(deadline, at=min(deadline.at, deadline.clock() + NEW_SECONDS))
    while True:
        try:
            github = minter.client(PERMISSIONS, [publication.repository_id], deadline)
        except ValidationError as error:
            missing = (
                f"the app sees no repository {publication.repository_id} ({publication.repository}): {error}."
                " Install it for all repositories of the organisation, or for this one; and grant it what"
                " docs/runbooks/github-app-key.md lists"
            )
        else:
            found = repositories.by_id(github, publication.repository_id)
            if found is None:
                missing = f"GitHub shows no repository {publication.repository_id} ({publication.repository})"
            else:
                _check(found, publication, minter.app.organization)
                if files.head(github, found, BRANCH) is not None:
                    return github, found
                missing = (
                    f"{found.owner}/{found.name} has no branch {BRANCH}, its default branch is {found.default_branch}:"
                    f" rename that to {BRANCH}, or make a first commit on {BRANCH}"
                )
        if not patience.wait(LOOK_AGAIN_SECONDS):
            raise PublishError(f"{missing}. Nothing was published; mend that and run `pulumi up` again")


def _check(found: Repository, publication: Publication, organization: str) -> None:
    """Refuse a repository that was renamed, transferred or archived: content never turns up where nobody expects it."""
    wanted = f"{organization}/{publication.repository}"
    if f"{found.owner}/{found.name}".lower() != wanted.lower():
        raise PublishError(
            f"repository {found.id} is {found.owner}/{found.name} now, not {wanted}. Nothing was published. Rename it"
            " back, or run `pulumi refresh` to see what the stack makes of it"
        )
    if found.archived:
        raise PublishError(f"{wanted} is archived. Nothing was published. Unarchive it, then run `pulumi up` again")
