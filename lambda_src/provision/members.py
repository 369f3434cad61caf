"""The people of a project: verified, let in, and added to. Nobody is taken out: that is the organisation's to do."""

from collections.abc import Iterable

from contracts.github import DIRECTORY, SETUP
from contracts.projects import ProjectRequest
from lambda_src.github_client import people, repositories
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.errors import NotFoundError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub
from lambda_src.projects import records
from lambda_src.projects.github import client_of, minter
from lambda_src.projects.records import Project, ProjectRecord
from lambda_src.provision.errors import RefusedError
from lambda_src.provision.settings import config


def check(request: ProjectRequest, deadline: Deadline) -> None:
    """Raise RefusedError where the owner is nobody, or no member of the organisation, or GitHub knows no such team."""
    github = minter().client(DIRECTORY, None, deadline)
    if people.user_by_login(github, request.owner) is None:
        raise RefusedError(f"GitHub knows no person {request.owner}. Name the owner by GitHub login")
    organization = config().organization
    # Whoever is no member would be invited from outside: to a private repository, past the organisation's own rules.
    if not people.is_member(github, organization, request.owner):
        raise RefusedError(f"{request.owner} is no member of {organization}: invite the person, or name another owner")
    for team in filter(None, (config().platform_team, request.team)):
        if people.team_by_slug(github, organization, team) is None:
            raise RefusedError(f"{organization} has no team {team}. Create it, or name another")


def check_reviewers(environments: Iterable[str], deadline: Deadline) -> None:
    """Raise IdentityError where a reviewer's login no longer belongs to the id in settings."""
    github = minter().client(DIRECTORY, None, deadline)
    reviewers = {reviewer for each in environments for reviewer in config().reviewers.get(each, ())}
    for reviewer in sorted(reviewers, key=lambda each: each.id):
        people.verified_user(github, reviewer.login, reviewer.id)


def let_in(github: GitHub, request: ProjectRequest, repository: Repository) -> None:
    """Let the platform team, the project's team and its owner into a repository. Twice is the same as once."""
    settings = config()
    try:
        people.grant_team(github, settings.organization, settings.platform_team, repository, "admin")
        if request.team:
            people.grant_team(github, settings.organization, request.team, repository, "push")
    except NotFoundError as error:
        raise RefusedError(f"{error}. Create the team in GitHub, or name another") from error
    # Not admin: who may change environments may deploy past their reviewers.
    people.grant_user(github, request.owner, repository, "maintain")


def add(own: ProjectRecord, project: Project, request: ProjectRequest, deadline: Deadline) -> ProjectRecord:
    """Let another owner or team in besides those there are, and record them. The request must have been checked."""
    for record in project.repositories.values():
        github = client_of(SETUP, record.id, deadline)
        let_in(github, request, repositories.verified(github, record.owner, record.name, record.id))
    return records.save(own, owner=request.owner, team=request.team, request_id=request.request_id)
