"""The projects table as an operator reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contracts.desired_state import PARTITION_KEY, SORT_KEY
from contracts.project_records import Project, project_from
from contracts.projects import PROJECT_SORT_KEY, TABLE, check_project_name, group_key, partition_key
from contracts.rules import BrokenRuleError
from operations.errors import NotFoundError, RefusedError, told
from operations.items import plain
from operations.session import Access


def read_project(access: Access, name: str) -> Project | None:
    """Return what dev's table holds of a project, read consistently; None where there is none."""
    with _asking(access, f"read project {name}"):
        pages = (
            access.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=access.names.table(TABLE),
                KeyConditionExpression="pk = :project",
                ExpressionAttributeValues={":project": {"S": partition_key(name)}},
                ConsistentRead=True,
            )
        )
        items = [plain(item) for page in pages for item in page["Items"]]
    return project_from(items)


def read_projects(access: Access) -> list[Project]:
    """Return every project, in no order.

    Who may not scan the table, as people in a persona's role, gets those that have a group in the registry: all but
    the ones whose creation failed before that.
    """
    try:
        return _scanned(access)
    except RefusedError:
        return _by_groups(access)


def _scanned(access: Access) -> list[Project]:
    with _asking(access, "list the projects"):
        pages = (
            access.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=access.names.table(TABLE),
                FilterExpression="begins_with(pk, :project)",
                ExpressionAttributeValues={":project": {"S": partition_key("")}},
                ConsistentRead=True,
            )
        )
        items = [plain(item) for page in pages for item in page["Items"]]
    by_key: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        by_key.setdefault(item[PARTITION_KEY], []).append(item)
    return [project for each in by_key.values() if (project := project_from(each)) is not None]


def _by_groups(access: Access) -> list[Project]:
    """Return the projects that the registry's groups lead to."""
    return [project for name in projects_with_group(access) if (project := read_project(access, name)) is not None]


def projects_with_group(access: Access) -> list[str]:
    """Return the names of the projects that the registry's groups lead to, which every persona may look up."""
    known = {access.names.model_package_group(model) for model in access.settings.models}
    with told("list the groups of the registry"):
        pages = access.client("sagemaker").get_paginator("list_model_package_groups")
        listing = pages.paginate(NameContains=access.names.prefix)
        groups = [each["ModelPackageGroupName"] for page in listing for each in page["ModelPackageGroupSummaryList"]]
    found = (_project_of(access, group) for group in groups if group not in known)
    return [name for name in found if name is not None]


def model_or_project(access: Access, name: str) -> str:
    """Return the name of a model of the stack, or of a project that it made: each has a group in the registry.

    Raises NotFoundError where it is neither.
    """
    if name in access.settings.models or not makes_projects(access):
        return access.model(name)
    try:
        there = _project_of(access, access.names.model_package_group(check_project_name(name))) == name
    except (BrokenRuleError, NotFoundError):  # no project could have this name, or none was ever made
        there = False
    if not there:
        try:
            access.model(name)
        except NotFoundError as unknown:
            raise NotFoundError(f"{unknown} It made no project of this name either: `mlops project list`.") from None
    return name


def makes_projects(access: Access) -> bool:
    """Whether the stack is one that makes projects, and keeps their versions."""
    return access.settings.environment.value == "dev" and access.settings.github is not None


def _project_of(access: Access, group: str) -> str | None:
    key = {PARTITION_KEY: {"S": group_key(group)}, SORT_KEY: {"S": PROJECT_SORT_KEY}}
    with _asking(access, f"look up group {group}"):
        answer = access.client("dynamodb").get_item(TableName=access.names.table(TABLE), Key=key)
    return str(plain(answer["Item"])["project"]) if "Item" in answer else None


@contextmanager
def _asking(access: Access, what: str) -> Iterator[None]:
    """As `told`, and say what a missing table means."""
    try:
        with told(what):
            yield
    except NotFoundError as missing:
        raise NotFoundError(
            f"{missing} Stack {access.settings.environment.value} has no table {access.names.table(TABLE)}: it makes no"
            " projects, or is not deployed."
        ) from missing
