"""The projects table as an operator reads it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from contracts.desired_state import PARTITION_KEY, SORT_KEY
from contracts.project_records import Project, project_from
from contracts.projects import PROJECT_SORT_KEY, TABLE, group_key, partition_key
from operations.errors import NotFoundError, RefusedError, told
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
        items = [_plain(item) for page in pages for item in page["Items"]]
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
        items = [_plain(item) for page in pages for item in page["Items"]]
    by_key: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        by_key.setdefault(item[PARTITION_KEY], []).append(item)
    return [project for each in by_key.values() if (project := project_from(each)) is not None]


def _by_groups(access: Access) -> list[Project]:
    """Return the projects that the registry's groups lead to."""
    with told("list the groups of the registry"):
        pages = access.client("sagemaker").get_paginator("list_model_package_groups")
        listing = pages.paginate(NameContains=access.names.prefix)
        groups = [each["ModelPackageGroupName"] for page in listing for each in page["ModelPackageGroupSummaryList"]]
    found = []
    for group in groups:
        key = {PARTITION_KEY: {"S": group_key(group)}, SORT_KEY: {"S": PROJECT_SORT_KEY}}
        with _asking(access, f"look up group {group}"):
            answer = access.client("dynamodb").get_item(TableName=access.names.table(TABLE), Key=key)
        name = _plain(answer["Item"])["project"] if "Item" in answer else None
        project = read_project(access, str(name)) if name else None
        if project is not None:
            found.append(project)
    return found


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    deserializer = TypeDeserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}


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
