"""End a project: archive what people have worked with, delete what a failed creation left, never more than our own."""

from dataclasses import replace
from typing import Literal

from contracts.products import PRODUCTS
from contracts.projects import Status
from lambda_src.github_client.deadline import Deadline
from lambda_src.projects import records
from lambda_src.projects.records import Project, ProjectRecord, RepositoryRecord
from lambda_src.provision import groups, repositories, roles
from lambda_src.provision.errors import FAULTS, REFUSALS, RefusedError, check_time
from lambda_src.provision.settings import config
from lambda_src.shared.configuration import names

Outcome = Literal["archived", "removed", "nothing"]
REASON_LENGTH = 1000


def remove(name: str, request_id: str, deadline: Deadline) -> Outcome:
    """End the project that `request_id` created; another one of that name, and none at all, is left alone.

    One that was ready is archived. One that never was is removed where nobody has worked in it, so that its name is
    free again. Twice is the same as once, and the request makes nothing any more.
    """
    records.end_request(request_id)
    project = records.read(name)
    if project is None or project.record.created_by != request_id:
        return "nothing"
    return end(project, deadline)


def end(project: Project, deadline: Deadline) -> Outcome:
    """Archive a project that was ready before, remove one that never was.

    What is in the way of one part does not keep the others: all is tried, then RefusedError names what is left.
    """
    if project.record.status is Status.ARCHIVED:
        return "archived"
    project = records.take(project.record)
    own = project.record
    if own.status is Status.ARCHIVED:
        return "archived"
    finished = own.status in (Status.READY, Status.UPDATING, Status.ARCHIVING)
    if finished and own.status is not Status.ARCHIVING:
        own = records.save(own, status=Status.ARCHIVING)
    found = list(project.repositories.values())
    if not finished:
        found += _unrecorded(own, project, deadline)
    problems: list[str] = []
    kept = [each for each in found if not _end_repository(own, project, each, deadline, problems, finished=finished)]
    if problems:
        why = "; ".join(problems)
        records.save(own, reason=why[:REASON_LENGTH])
        raise RefusedError(f"project {own.project} is not wholly ended: {why}. Mend it and ask again")
    if finished or kept:
        records.save(own, status=Status.ARCHIVED, reason="")
        return "archived"
    check_time(deadline, "the model package group")
    groups.delete_if_empty(own.project, names())
    records.forget(own)
    return "removed"


def _unrecorded(own: ProjectRecord, project: Project, deadline: Deadline) -> list[RepositoryRecord]:
    """Return repositories that a try made and did not live to record, recorded now."""
    missing = [each for each in PRODUCTS[own.product].templates if each not in project.repositories]
    found = [repositories.unrecorded(own, each, deadline) for each in missing]
    return [records.add_repository(own, each) for each in found if each is not None]


def _end_repository(
    own: ProjectRecord,
    project: Project,
    repository: RepositoryRecord,
    deadline: Deadline,
    problems: list[str],
    *,
    finished: bool,
) -> bool:
    """Take the roles of a repository back, then archive or delete it; return whether it is gone."""
    try:
        # Roles first: nothing deploys any more while the rest goes.
        revoked = _revoke(own, project, repository, deadline, problems)
        if not finished and not revoked:
            return False  # its record names the repository whose roles are left
        return _archive(own, repository, deadline) if finished else _take_back(own, repository, deadline)
    except (*REFUSALS, *FAULTS) as error:
        problems.append(str(error))
        return False


def _revoke(
    own: ProjectRecord, project: Project, repository: RepositoryRecord, deadline: Deadline, problems: list[str]
) -> bool:
    """Return whether all roles of the repository are gone."""
    before = len(problems)
    for role in project.roles:
        if role.template != repository.template:
            continue
        environment = config().environments.get(role.environment)
        if environment is None:
            problems.append(f"settings no longer name {role.environment}, where {role.arn} is; delete it there")
            continue
        try:
            roles.revoke(own, repository, role, environment, deadline)
        except (*REFUSALS, *FAULTS) as error:
            problems.append(str(error))
    return len(problems) == before


def _archive(own: ProjectRecord, repository: RepositoryRecord, deadline: Deadline) -> bool:
    if repository.archived:
        return False
    there = repositories.archive(repository, deadline)
    records.save_repository(own, replace(repository, archived=True))
    return not there


def _take_back(own: ProjectRecord, repository: RepositoryRecord, deadline: Deadline) -> bool:
    if repository.archived:
        return False
    if repositories.take_back(repository, deadline) == "archived":
        records.save_repository(own, replace(repository, archived=True))
        return False
    records.forget_repository(own, repository)
    return True
