"""One repository of a project: generated, protected, given its variables, environments and roles; twice is once.

Every token is for one purpose: creating has Administration only, because the repository does not exist yet; all that
follows is for that one repository by its id.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contracts import project_variables
from contracts.github import ARCHIVE, CREATE_REPOSITORY, SETUP
from contracts.names import Names
from contracts.products import ENVIRONMENTS_OF
from contracts.projects import ProjectRequest, repository_name, template_repository_name
from lambda_src.github_client import environments, people, repositories, rulesets, variables
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.environments import Reviewer
from lambda_src.github_client.errors import NotFoundError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub
from lambda_src.projects import records
from lambda_src.projects.github import client_if_there, client_of, minter
from lambda_src.projects.records import ProjectRecord, RepositoryRecord, SupersededError
from lambda_src.provision import members, roles, templates
from lambda_src.provision.errors import check_time
from lambda_src.provision.settings import config

RULESET = "mlops-main"
CHECK = "ci"
"""Name of the check that every template's workflow reports."""


def make(
    own: ProjectRecord, request: ProjectRequest, template: str, seen: RepositoryRecord | None, deadline: Deadline
) -> RepositoryRecord:
    """Return the repository, made by this request now or before, recorded with its id before anything else."""
    if seen is not None:
        return seen
    settings = config()
    name = repository_name(settings.unit, request.project, template)
    check_time(deadline, f"repository {name}")
    source = templates.find(template, deadline)
    records.check(own)
    made, _ = repositories.generate(
        minter().client(CREATE_REPOSITORY, None, deadline),
        owner=settings.organization,
        template=template_repository_name(settings.unit, template),
        name=name,
        description=f"Project {request.project}: {template}",
        marker=marker(request.request_id, name),
    )
    record = RepositoryRecord(
        project=request.project,
        name=made.name,
        id=made.id,
        owner=made.owner,
        owner_id=made.owner_id,
        template=template,
        template_version=request.template_version,
        template_commit=source.head,
        url=made.html_url,
    )
    try:
        return records.add_repository(own, record)
    except SupersededError:
        if records.is_over(own):
            take_back(record, deadline)
        raise


def marker(request_id: str, name: str) -> str:
    """Return what marks a repository as made by a request, and what nobody else could have written beforehand."""
    return hashlib.sha256(f"{request_id} {name}".encode()).hexdigest()[:24]


def is_marked(repository: Repository, request_id: str) -> bool:
    """Whether a request made the repository."""
    return repository.description.endswith(f"[{marker(request_id, repository.name)}]")


def unrecorded(own: ProjectRecord, template: str, deadline: Deadline) -> RepositoryRecord | None:
    """Return the repository that a try of this request made and did not live to record; None where there is none."""
    settings = config()
    name = repository_name(settings.unit, own.project, template)
    github = minter().client(templates.METADATA, None, deadline)
    found = repositories.by_name(github, settings.organization, name)
    if found is None or not is_marked(found, own.created_by):
        return None
    return RepositoryRecord(
        project=own.project,
        name=found.name,
        id=found.id,
        owner=found.owner,
        owner_id=found.owner_id,
        template=template,
        template_version=own.template_version,
        url=found.html_url,
    )


def take_back(record: RepositoryRecord, deadline: Deadline) -> str:
    """Delete a repository in which nobody has worked, archive it otherwise: `gone`, `deleted` or `archived`.

    Raises NotFoundError where GitHub does not show a repository that it gives a token for: the next try sees it, or
    gets no token any more.
    """
    github = client_if_there(ARCHIVE, record.id, deadline)
    if github is None:
        return "gone"
    found = repositories.by_id(github, record.id)
    if found is None:
        raise _unseen(record)
    heads = record.heads or templates.first_heads(github, found, record.template, deadline)
    outcome = repositories.delete_if_untouched(github, record.id, heads)
    if outcome == "gone":
        raise _unseen(record)
    return outcome


def archive(record: RepositoryRecord, deadline: Deadline) -> bool:
    """Archive a repository; False where it is gone, or out of the app's reach. Raises NotFoundError as `take_back`."""
    github = client_if_there(ARCHIVE, record.id, deadline)
    if github is None:
        return False
    if repositories.archive(github, record.id) is None:
        raise _unseen(record)
    return True


def _unseen(record: RepositoryRecord) -> NotFoundError:
    return NotFoundError(f"GET /repositories/{record.id}", 404, f"GitHub does not show {record.name} just now")


def set_up(
    own: ProjectRecord,
    request: ProjectRequest,
    record: RepositoryRecord,
    names: Mapping[str, Names],
    deadline: Deadline,
) -> RepositoryRecord:
    """Bring a repository of the project to what it should be, and record that it is ready."""
    github = client_of(SETUP, record.id, deadline)
    repository = repositories.verified(github, record.owner, record.name, record.id)
    if not record.heads:
        head = repositories.wait_for_head(github, repository)
        record = records.save_repository(own, replace(record, heads=(head,)))
    # Only now: whoever is let in may commit, and what they commit must not count as ours.
    members.let_in(github, request, repository)
    notices = [rulesets.put_ruleset(github, repository, ruleset())]
    for environment in ENVIRONMENTS_OF[record.template]:
        notices += _set_up_environment(github, own, record, repository, names[environment])
    # Last: workflows do nothing in a repository without PROJECT, so none runs before all else is there.
    variables.set_repository_variables(
        github, repository, project_variables.repository_values(request.project, record.template, names["dev"])
    )
    return records.save_repository(
        own,
        replace(
            record,
            environments=ENVIRONMENTS_OF[record.template],
            unprotected=tuple(notice for notice in notices if notice),
            ready=True,
        ),
    )


def _set_up_environment(
    github: GitHub, own: ProjectRecord, record: RepositoryRecord, repository: Repository, names: Names
) -> list[str | None]:
    check_time(github.deadline, f"environment {names.environment} of {record.name}")
    reviewers = config().reviewers.get(names.environment, ())
    for reviewer in reviewers:
        people.verified_user(github, reviewer.login, reviewer.id)
    # The gate before the role: a job can name the environment from the moment that the role trusts it.
    protected = environments.put_environment(
        github,
        repository,
        names.environment,
        reviewers=[Reviewer(kind="User", id=reviewer.id) for reviewer in reviewers],
        branches=[repository.default_branch],
    )
    role = roles.grant(own, record, names, github.deadline)
    variables.set_environment_variables(
        github,
        repository,
        names.environment,
        project_variables.environment_values(own.project, record.template, names, role.arn),
    )
    return list(protected.missing)


def ruleset() -> dict[str, Any]:
    """Return the ruleset of a project's default branch: by pull request, reviewed by an owner, with green checks."""
    return {
        "name": RULESET,
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {
                "type": "pull_request",
                "parameters": {
                    "required_approving_review_count": 1,
                    "dismiss_stale_reviews_on_push": True,
                    "require_code_owner_review": True,
                    "require_last_push_approval": True,
                    "required_review_thread_resolution": True,
                },
            },
            {
                "type": "required_status_checks",
                "parameters": {
                    "strict_required_status_checks_policy": True,
                    "required_status_checks": [{"context": CHECK}],
                },
            },
        ],
    }
