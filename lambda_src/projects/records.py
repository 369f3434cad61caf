"""Records of projects: typed, read consistently, written only by the call that works on the project now.

Their shapes are in `contracts.project_records`, because operators read them too.

Two calls for one project can run at once: Lambda delivers twice, CloudFormation gives up and rolls back. So each call
takes the project first, which writes its own mark into the record, and every later write asks for that mark: the newer
call goes on, the older one ends at its next write.
"""

import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from contracts import projects
from contracts.desired_state import PARTITION_KEY, SORT_KEY
from contracts.project_records import Project, ProjectRecord, RepositoryRecord, RoleRecord, project_from
from contracts.projects import EXPIRY, PROJECT_SORT_KEY, Status
from lambda_src.shared.clients import client
from lambda_src.shared.configuration import TABLE_NAME
from lambda_src.shared.errors import ConflictError, code_of
from lambda_src.shared.store import plain, serialised

__all__ = [
    "EndedError",
    "Project",
    "ProjectRecord",
    "RepositoryRecord",
    "RoleRecord",
    "SupersededError",
    "add_repository",
    "check",
    "create",
    "end_request",
    "forget",
    "forget_repository",
    "forget_role",
    "is_over",
    "project_from",
    "project_of_group",
    "read",
    "save",
    "save_repository",
    "save_role",
    "table",
    "take",
]
KEPT = timedelta(days=15)
"""How long an ended request is remembered: longer than a dead-letter queue (14 days) keeps its event."""
ROUNDS = 3
"""How often a write that met another transaction is tried."""
_REFUSED = "ConditionalCheckFailed"


class SupersededError(Exception):
    """A newer call works on the project, or ended it: this one writes and answers no more."""


class EndedError(Exception):
    """The request was rolled back or deleted before; what comes of it now comes too late."""


def table() -> str:
    """Return the table's name."""
    return os.environ[TABLE_NAME]


def read(project: str) -> Project | None:
    """Return a project with its repositories and roles."""
    items: list[dict[str, Any]] = []
    for page in (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table(),
            KeyConditionExpression="pk = :project",
            ExpressionAttributeValues=serialised({":project": projects.partition_key(project)}),
            ConsistentRead=True,
        )
    ):
        items += [plain(item) for item in page["Items"]]
    return project_from(items)


def project_of_group(group: str) -> str | None:
    """Return the project whose versions lie in `group`."""
    key = {PARTITION_KEY: projects.group_key(group), SORT_KEY: PROJECT_SORT_KEY}
    answer = client("dynamodb").get_item(TableName=table(), Key=serialised(key), ConsistentRead=True)
    return str(plain(answer["Item"])["project"]) if "Item" in answer else None


def create(record: ProjectRecord) -> ProjectRecord:
    """Write a new project, taken by this call, and the way from its group to it.

    Raises ConflictError where the name is taken, EndedError where its request was ended.
    """
    first = replace(record, attempt=uuid.uuid4().hex)
    group = {PARTITION_KEY: projects.group_key(record.group), SORT_KEY: PROJECT_SORT_KEY, "project": record.project}
    reasons = _transact(
        {"Put": _put(_item(first), "attribute_not_exists(pk)")},
        {"Put": _put(group, "attribute_not_exists(pk) OR #project = :project", {":project": record.project})},
        _not_ended(record.created_by),
    )
    if _REFUSED in reasons[2:]:
        raise EndedError(f"the request for project {record.project} was ended")
    if reasons:
        raise ConflictError(f"project {record.project} exists, or is being made by another request")
    return first


def take(record: ProjectRecord, *, unless_ended: bool = False) -> Project:
    """Let this call be the one that works on the project, and return it as it is now.

    `unless_ended` is for making: EndedError where the request was ended meanwhile. Raises SupersededError where the
    project is gone, or another request's by now.
    """
    mine = uuid.uuid4().hex
    update = {
        **_at(_key(record.project)),
        "UpdateExpression": "SET attempt = :mine",
        "ConditionExpression": "created_by = :by",
        "ExpressionAttributeValues": serialised({":mine": mine, ":by": record.created_by}),
    }
    checks = [_not_ended(record.created_by)] if unless_ended else []
    reasons = _transact({"Update": update}, *checks)
    if _REFUSED in reasons[1:]:
        raise EndedError(f"the request for project {record.project} was ended")
    found = None if reasons else read(record.project)
    if found is None or found.record.attempt != mine:
        raise SupersededError(f"project {record.project} was taken over or removed")
    return found


def end_request(request_id: str) -> None:
    """Remember that a request was rolled back or deleted, so that a late repetition of it makes nothing."""
    until = datetime.now(UTC) + KEPT
    item = {PARTITION_KEY: projects.request_key(request_id), SORT_KEY: PROJECT_SORT_KEY, EXPIRY: int(until.timestamp())}
    client("dynamodb").put_item(TableName=table(), Item=serialised(item))


def check(own: ProjectRecord) -> None:
    """Raise SupersededError unless this call still is the one that works on the project."""
    answer = client("dynamodb").get_item(TableName=table(), Key=serialised(_key(own.project)), ConsistentRead=True)
    if "Item" not in answer or plain(answer["Item"])["attempt"] != own.attempt:
        raise SupersededError(f"project {own.project} was taken over or removed")


def is_over(own: ProjectRecord) -> bool:
    """Whether the project was removed, archived or made anew by another request: what this call made is nobody's."""
    found = read(own.project)
    if found is None or found.record.created_by != own.created_by:
        return True
    return found.record.status in (Status.ARCHIVING, Status.ARCHIVED)


def save(own: ProjectRecord, **changes: Any) -> ProjectRecord:
    """Write a project with `changes`. Raises SupersededError."""
    changed = replace(own, **changes)
    reasons = _transact({"Put": _put(_item(changed), "attempt = :mine", {":mine": own.attempt})})
    _check_mine(own, reasons)
    return changed


def add_repository(own: ProjectRecord, record: RepositoryRecord) -> RepositoryRecord:
    """Write a repository that was just made, or return it as an earlier try recorded it. Raises SupersededError."""
    put = {"Put": _put(_repository_item(record), "attribute_not_exists(pk)")}
    reasons = _guarded(own, put)
    if not reasons:
        return record
    found = read(own.project)
    known = None if found is None else found.repositories.get(record.template)
    if known is None or known.id != record.id:
        raise ConflictError(f"{record.name} is recorded with another id than {record.id}")
    return known


def save_repository(own: ProjectRecord, record: RepositoryRecord) -> RepositoryRecord:
    """Write a repository. Its id never changes: another one raises ConflictError. Raises SupersededError."""
    put = _put(_repository_item(record), "attribute_not_exists(pk) OR id = :id", {":id": record.id})
    if _guarded(own, {"Put": put}):
        raise ConflictError(f"{record.name} is recorded with another id than {record.id}")
    return record


def save_role(own: ProjectRecord, record: RoleRecord) -> None:
    """Write a deploy role: before it is asked for, so that whatever happens then it is known. SupersededError."""
    item = {**_role_key(record), **asdict(record)}
    _guarded(own, {"Put": {"TableName": table(), "Item": serialised(item)}})


def forget_role(own: ProjectRecord, record: RoleRecord) -> None:
    """Remove the record of a role that is gone. Raises SupersededError."""
    _guarded(own, {"Delete": _at(_role_key(record))})


def forget_repository(own: ProjectRecord, record: RepositoryRecord) -> None:
    """Remove the record of a repository that is gone. Raises SupersededError."""
    _guarded(own, {"Delete": _at(_repository_key(record))})


def forget(own: ProjectRecord) -> None:
    """Remove a project of which nothing is left, so that its name is free again. Raises SupersededError."""
    group = {PARTITION_KEY: projects.group_key(own.group), SORT_KEY: PROJECT_SORT_KEY}
    mine = {
        "ConditionExpression": "attempt = :mine",
        "ExpressionAttributeValues": serialised({":mine": own.attempt}),
    }
    _check_mine(own, _transact({"Delete": {**_at(_key(own.project)), **mine}}, {"Delete": _at(group)}))


def _guarded(own: ProjectRecord, write: Mapping[str, Any]) -> list[str]:
    """Write if the project is still this call's; return why the write itself was refused, empty where it was not."""
    guard = {
        **_at(_key(own.project)),
        "ConditionExpression": "attempt = :mine",
        "ExpressionAttributeValues": serialised({":mine": own.attempt}),
    }
    reasons = _transact({"ConditionCheck": guard}, write)
    _check_mine(own, reasons)
    return reasons


def _check_mine(own: ProjectRecord, reasons: list[str]) -> None:
    if _REFUSED in reasons[:1]:
        raise SupersededError(f"project {own.project} was taken over or removed")


def _transact(*items: Mapping[str, Any]) -> list[str]:
    """Write all or nothing; return the reason of each item where a condition was not met, nothing where all were."""
    reasons: list[str] = []
    for _ in range(ROUNDS):
        try:
            client("dynamodb").transact_write_items(TransactItems=list(items))
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            reasons = [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]
            if _REFUSED in reasons:
                return reasons
            if "TransactionConflict" not in reasons:
                raise
        else:
            return []
    raise ConflictError(f"other writes kept meeting this one: {', '.join(reasons)}")


def _not_ended(request_id: str) -> dict[str, Any]:
    key = {PARTITION_KEY: projects.request_key(request_id), SORT_KEY: PROJECT_SORT_KEY}
    return {"ConditionCheck": {**_at(key), "ConditionExpression": "attribute_not_exists(pk)"}}


def _key(project: str) -> dict[str, Any]:
    return {PARTITION_KEY: projects.partition_key(project), SORT_KEY: PROJECT_SORT_KEY}


def _repository_key(record: RepositoryRecord) -> dict[str, Any]:
    return {PARTITION_KEY: projects.partition_key(record.project), SORT_KEY: projects.repository_sort_key(record.name)}


def _role_key(record: RoleRecord) -> dict[str, Any]:
    sort = projects.role_sort_key(record.environment, record.template)
    return {PARTITION_KEY: projects.partition_key(record.project), SORT_KEY: sort}


def _at(key: Mapping[str, Any]) -> dict[str, Any]:
    return {"TableName": table(), "Key": serialised(key)}


def _put(item: Mapping[str, Any], condition: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    put: dict[str, Any] = {"TableName": table(), "Item": serialised(item), "ConditionExpression": condition}
    if "#project" in condition:
        put["ExpressionAttributeNames"] = {"#project": "project"}  # a reserved word
    return {**put, "ExpressionAttributeValues": serialised(values)} if values else put


def _item(record: ProjectRecord) -> dict[str, Any]:
    return {**_key(record.project), **asdict(record), "status": record.status.value}


def _repository_item(record: RepositoryRecord) -> dict[str, Any]:
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(record).items()}
    return {**_repository_key(record), **values}
