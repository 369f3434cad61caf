"""The deliveries table as an operator reads it, and what an operator writes: a newer request, a removal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from contracts import desired_state
from contracts.desired_state import Decision, Deployment, Desired, Outcome, Request
from operations.errors import NotFoundError, OperationError, code_of, told
from operations.items import plain, serialised
from operations.session import Access

TABLE = "deliveries"
ROUNDS = 5
"""How often a write that lost a race reads again; a function writes once per event, so more would be a fault."""


def read(access: Access, model: str) -> Desired | None:
    """Return the desired state of a model, read consistently."""
    item = _get(access, desired_state.desired_key(model))
    return None if item is None else desired_state.desired_from(item)


def history(access: Access, model: str, *, newest: int | None = None) -> tuple[Deployment, ...]:
    """Return the deployments of a model, newest first."""
    values = {":model": desired_state.model_key(model), ":kind": desired_state.DEPLOYMENT_PREFIX}
    with _asking(access, f"list the deployments of {model}"):
        pages = (
            access.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=access.names.table(TABLE),
                KeyConditionExpression="pk = :model AND begins_with(sk, :kind)",
                ExpressionAttributeValues=serialised(values),
                ScanIndexForward=False,
                ConsistentRead=True,
                PaginationConfig={"MaxItems": newest, "PageSize": min(newest or 100, 100)},
            )
        )
        return tuple(desired_state.deployment_from(plain(item)) for page in pages for item in page["Items"])


def ask(access: Access, request: Request) -> Outcome:
    """Record a request as the functions do: state and deployment in one transaction, if nobody wrote meanwhile."""
    for _ in range(ROUNDS):
        current = read(access, request.model)
        outcome = desired_state.ask(current, request)
        opens = outcome.decision is Decision.ACCEPTED
        if not outcome.writes or save(access, current, outcome.desired, superseded=outcome.superseded, opens=opens):
            return outcome
    raise OperationError(f"{request.model}: the desired state changed {ROUNDS} times while it was being written; look")


def save(
    access: Access,
    current: Desired | None,
    desired: Desired,
    *,
    superseded: Deployment | None = None,
    opens: bool = False,
) -> bool:
    """Write a desired state and its deployment together; return False where somebody wrote since `current` was read.

    An equal state is not written.
    """
    if desired == current:
        return True
    deployment = desired_state.deployment_of(desired)
    if not opens:
        deployment = _with_previous(access, deployment)
    writes = [
        _put(access, desired_state.desired_item(desired), desired_state.write_condition(current)),
        _put(access, desired_state.deployment_item(deployment), {}),
    ]
    if superseded is not None:
        writes.append(_put(access, desired_state.deployment_item(_with_previous(access, superseded)), {}))
    with _asking(access, f"record what is wanted of {desired.model}"):
        try:
            access.client("dynamodb").transact_write_items(TransactItems=writes)
        except ClientError as error:
            codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
            lost = not codes or codes & {"ConditionalCheckFailed", "TransactionConflict"}
            if code_of(error) in ("TransactionCanceledException", "TransactionConflictException") and lost:
                return False
            raise
    return True


def _with_previous(access: Access, deployment: Deployment) -> Deployment:
    item = _get(access, desired_state.deployment_key(deployment))
    return replace(deployment, previous_endpoint_config=item.get("previous_endpoint_config") if item else None)


def _get(access: Access, key: Mapping[str, str]) -> dict[str, Any] | None:
    with _asking(access, f"read {key[desired_state.PARTITION_KEY]}"):
        answer = access.client("dynamodb").get_item(
            TableName=access.names.table(TABLE), Key=serialised(key), ConsistentRead=True
        )
    return plain(answer["Item"]) if "Item" in answer else None


@contextmanager
def _asking(access: Access, what: str) -> Iterator[None]:
    """As `told`, and say what a missing table means."""
    try:
        with told(what):
            yield
    except NotFoundError as missing:
        raise NotFoundError(
            f"{missing} Stack {access.settings.environment.value} has no table {access.names.table(TABLE)}: it delivers"
            " no model, or is not deployed."
        ) from missing


def _put(access: Access, item: Mapping[str, Any], condition: Mapping[str, Any]) -> dict[str, Any]:
    put: dict[str, Any] = {"TableName": access.names.table(TABLE), "Item": serialised(item), **condition}
    if "ExpressionAttributeValues" in put:
        put["ExpressionAttributeValues"] = serialised(put["ExpressionAttributeValues"])
    return {"Put": put}
