"""Records of started workflows: what makes a version's deployment start once, whoever asks how often."""

from typing import Any

from botocore.exceptions import ClientError

from contracts import projects
from contracts.desired_state import PARTITION_KEY, SORT_KEY
from lambda_src.projects.records import table
from lambda_src.shared import store
from lambda_src.shared.clients import client
from lambda_src.shared.errors import RetryLaterError, code_of

LEASE_SECONDS = 50
"""How long one run may be at it alone: less than the minute until Lambda's first retry."""


def begin(project: str, version_arn: str, workflow: str, now: int) -> bool:
    """Take the start of a workflow on, and return True; False where it was started already.

    Raises RetryLaterError while another run is at it. One that never came back is taken over after its lease.
    """
    key = _key(project, version_arn, workflow)
    try:
        client("dynamodb").put_item(
            TableName=table(),
            Item=store.serialised({**key, "version_arn": version_arn, "workflow": workflow, "taken": now}),
            ConditionExpression="attribute_not_exists(pk) OR (attribute_not_exists(started) AND taken <= :over)",
            ExpressionAttributeValues=store.serialised({":over": now - LEASE_SECONDS}),
        )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        found = store.get(key)
        if found is not None and "started" in found:
            return False
        raise RetryLaterError(f"another run is starting {workflow} for {version_arn}") from error
    return True


def done(project: str, version_arn: str, workflow: str, now: int) -> None:
    """Record that the workflow was started."""
    client("dynamodb").update_item(
        TableName=table(),
        Key=store.serialised(_key(project, version_arn, workflow)),
        UpdateExpression="SET started = :now",
        ExpressionAttributeValues=store.serialised({":now": now}),
    )


def release(project: str, version_arn: str, workflow: str) -> None:
    """Give the start up after it surely did not happen, so that the next try need not wait for the lease."""
    client("dynamodb").delete_item(TableName=table(), Key=store.serialised(_key(project, version_arn, workflow)))


def _key(project: str, version_arn: str, workflow: str) -> dict[str, Any]:
    return {
        PARTITION_KEY: projects.partition_key(project),
        SORT_KEY: projects.dispatch_sort_key(version_arn, workflow),
    }
