"""The inventory of projects: repositories, versions of templates, roles, models, endpoints, who answers for what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contracts.delivery_events import version_parts
from contracts.products import DEPLOYMENT_TEMPLATES, ENVIRONMENTS_OF
from contracts.project_records import Project
from contracts.projects import Status
from operations.errors import NotFoundError, OperationError, told
from operations.plain import moment
from operations.project_table import read_project, read_projects
from operations.serving import endpoint_of
from operations.session import Access
from settings import Environment

NEWEST = 5
"""Versions that `show` reads."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelVersion:
    """A version in a project's group."""

    version: int
    status: str
    """Approved, Rejected or PendingManualApproval."""
    created: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectRow:
    """A project in a list."""

    project: str
    product: str
    status: str
    owner: str
    team: str
    created_at: str
    template_version: str
    repositories: tuple[str, ...]
    """Addresses."""
    newest: ModelVersion | None
    """None where it has no version yet, or where the notes say why it is not known."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryRow:
    """A repository of a project."""

    name: str
    url: str
    id: int
    template: str
    template_version: str
    environments: tuple[str, ...]
    """Environments that it deploys to."""
    state: str
    """ready, being set up, or archived."""
    unprotected: tuple[str, ...]
    """What GitHub's plan could not protect."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointRow:
    """The endpoint of a project in one environment."""

    environment: str
    account: str
    name: str
    status: str | None
    """As DescribeEndpoint; None where there is none, or where it is not known."""
    unknown: str | None = None
    """Why it is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectView:
    """Everything about a project."""

    project: str
    product: str
    status: str
    reason: str
    """Why it failed; empty where it did not."""
    owner: str
    team: str
    created_at: str
    created_by: str
    """The request: `cli/<who>/...`, or the ARN of the stack that Studio launched."""
    template_version: str
    group: str
    repositories: tuple[RepositoryRow, ...]
    roles: Mapping[str, str]
    """ARN of each deploy role by `environment/template`."""
    versions: tuple[ModelVersion, ...]
    """Newest first."""
    endpoints: tuple[EndpointRow, ...]
    data_uri: str
    """Where a pipeline that reads from the bucket finds its data."""
    notes: tuple[str, ...] = ()
    """What could not be found out, and why."""


def listed(access: Access, *, archived: bool = False) -> tuple[ProjectRow, ...]:
    """Return every project by name; those that were archived only where asked for."""
    found = read_projects(access)
    shown = [project for project in found if archived or project.record.status is not Status.ARCHIVED]
    return tuple(_row(access, project) for project in sorted(shown, key=lambda each: each.record.project))


def show(access: Access, name: str, *, elsewhere: Mapping[str, Access] | None = None) -> ProjectView:
    """Return everything about a project. `elsewhere` gives access to other environments by name, as far as there is."""
    project = read_project(access, name)
    if project is None:
        known = ", ".join(row.project for row in listed(access, archived=True)) or "none"
        raise NotFoundError(f"there is no project {name!r}. There are: {known}.")
    record = project.record
    versions, notes = _versions(access, record.group, newest=NEWEST)
    return ProjectView(
        project=record.project,
        product=record.product,
        status=record.status.value,
        reason=record.reason,
        owner=record.owner,
        team=record.team,
        created_at=record.created_at,
        created_by=record.created_by,
        template_version=record.template_version,
        group=record.group,
        repositories=tuple(
            RepositoryRow(
                name=each.name,
                url=each.url,
                id=each.id,
                template=each.template,
                template_version=each.template_version,
                environments=tuple(each.environments),
                state="archived" if each.archived else "ready" if each.ready else "being set up",
                unprotected=tuple(each.unprotected),
            )
            for each in sorted(project.repositories.values(), key=lambda each: each.name)
        ),
        roles={f"{role.environment}/{role.template}": role.arn for role in project.roles},
        versions=versions,
        endpoints=_endpoints(access, project, elsewhere or {}),
        data_uri=f"s3://{access.names.bucket('data')}/projects/{record.project}/latest/",
        notes=notes,
    )


def _row(access: Access, project: Project) -> ProjectRow:
    record = project.record
    versions, notes = _versions(access, record.group, newest=1)
    return ProjectRow(
        project=record.project,
        product=record.product,
        status=record.status.value,
        owner=record.owner,
        team=record.team,
        created_at=record.created_at,
        template_version=record.template_version,
        repositories=tuple(sorted(each.url for each in project.repositories.values())),
        newest=versions[0] if versions else None,
        notes=notes,
    )


def _versions(access: Access, group: str, *, newest: int) -> tuple[tuple[ModelVersion, ...], tuple[str, ...]]:
    try:
        with told(f"list the versions of {group}"):
            pages = access.client("sagemaker").get_paginator("list_model_packages")
            listing = pages.paginate(
                ModelPackageGroupName=group,
                SortBy="CreationTime",
                SortOrder="Descending",
                PaginationConfig={"MaxItems": newest, "PageSize": min(newest, 100)},
            )
            found = [summary for page in listing for summary in page["ModelPackageSummaryList"]]
    except NotFoundError:
        return (), ()
    except OperationError as error:
        return (), (str(error),)
    versions = [
        ModelVersion(
            version=version_parts(each["ModelPackageArn"]).version,
            status=each.get("ModelApprovalStatus", "PendingManualApproval"),
            created=moment(each.get("CreationTime")),
        )
        for each in found
    ]
    return tuple(sorted(versions, key=lambda each: each.version, reverse=True)[:newest]), ()


def _endpoints(access: Access, project: Project, elsewhere: Mapping[str, Access]) -> tuple[EndpointRow, ...]:
    targets = sorted(
        {
            environment
            for template in project.repositories
            if template in DEPLOYMENT_TEMPLATES
            for environment in ENVIRONMENTS_OF[template]
        },
        key=[each.value for each in Environment].index,
    )
    return tuple(_endpoint(access, project.record.project, environment, elsewhere) for environment in targets)


def _endpoint(access: Access, project: str, environment: str, elsewhere: Mapping[str, Access]) -> EndpointRow:
    names = access.settings.names_of(Environment(environment))
    row = EndpointRow(environment=environment, account=names.account, name=names.endpoint(project), status=None)
    there = elsewhere.get(environment) or (access if names.account == access.names.account else None)
    if there is None:
        why = f"not looked at: your credentials are of {access.names.account}; name --profile {environment}=PROFILE"
        return replace(row, unknown=why)
    try:
        found = endpoint_of(there, row.name)
    except OperationError as error:
        return replace(row, unknown=str(error))
    return replace(row, status=found.status if found else None)
