"""The deliveries table: the desired state of each model, its deployments, and what was promoted.

Every write is conditional on what was read, and a state and its deployment are written in one transaction, so two
events at once cannot both win and a half-written state does not exist.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from contracts import desired_state
from contracts.desired_state import Decision, Deployment, Desired, Outcome, Request
from lambda_src.shared.clients import client
from lambda_src.shared.configuration import TABLE_NAME
from lambda_src.shared.errors import ConflictError, code_of

ROUNDS = 5
"""How often a request reads again after losing a race; more would mean a fault, not a race."""
HISTORY = 50
"""Deployments looked at for rolling back and for cleaning up, newest first."""


def table() -> str:
    """Return the table's name."""
    return os.environ[TABLE_NAME]


def read(model: str) -> Desired | None:
    """Return the desired state of a model."""
    item = get(desired_state.desired_key(model))
    return None if item is None else desired_state.desired_from(item)


def ask(request: Request) -> Outcome:
    """Record a request, or find that it is a duplicate or stale. Raises ConflictError after losing five races."""
    for _ in range(ROUNDS):
        current = read(request.model)
        outcome = desired_state.ask(current, request)
        if not outcome.writes:
            return outcome
        opened = outcome.decision is Decision.ACCEPTED
        try:
            save(current, outcome.desired, superseded=outcome.superseded, opens=opened)
        except ConflictError:
            continue
        return outcome
    raise ConflictError(f"{request.model}: the desired state changed {ROUNDS} times while it was being written")


def save(
    current: Desired | None,
    desired: Desired,
    *,
    superseded: Deployment | None = None,
    opens: bool = False,
    previous_endpoint_config: str | None = None,
) -> Desired:
    """Write a desired state and its deployment together, if nobody wrote since `current` was read.

    Raises ConflictError where somebody did. An equal state is not written.
    """
    if desired == current:
        return desired
    deployment = desired_state.deployment_of(desired, previous_endpoint_config=previous_endpoint_config)
    if not opens and previous_endpoint_config is None:
        deployment = replace(deployment, previous_endpoint_config=_previous_of(deployment))
    writes: list[dict[str, Any]] = [
        _put(desired_state.desired_item(desired), desired_state.write_condition(current)),
        _put(desired_state.deployment_item(deployment), {}),
    ]
    if superseded is not None:
        kept = replace(superseded, previous_endpoint_config=_previous_of(superseded))
        writes.append(_put(desired_state.deployment_item(kept), {}))
    try:
        client("dynamodb").transact_write_items(TransactItems=writes)
    except ClientError as error:
        if code_of(error) in ("TransactionCanceledException", "TransactionConflictException") and _lost(error):
            raise ConflictError(f"{desired.model}: somebody else wrote revision {desired.revision}") from error
        raise
    return desired


def history(model: str) -> list[Deployment]:
    """Return the newest deployments of a model, newest first."""
    answer = client("dynamodb").query(
        TableName=table(),
        KeyConditionExpression="pk = :model AND begins_with(sk, :kind)",
        ExpressionAttributeValues=serialised(
            {":model": desired_state.model_key(model), ":kind": desired_state.DEPLOYMENT_PREFIX}
        ),
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=HISTORY,
    )
    return [desired_state.deployment_from(plain(item)) for item in answer["Items"]]


def get(key: Mapping[str, str]) -> dict[str, Any] | None:
    """Return an item, read consistently."""
    answer = client("dynamodb").get_item(TableName=table(), Key=serialised(key), ConsistentRead=True)
    return plain(answer["Item"]) if "Item" in answer else None


def serialised(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values as the low-level API takes them."""
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in item.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of the low-level API as plain values."""
    deserializer = TypeDeserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}


def _previous_of(deployment: Deployment) -> str | None:
    item = get(desired_state.deployment_key(deployment))
    return None if item is None else item.get("previous_endpoint_config")


def _put(item: Mapping[str, Any], condition: Mapping[str, Any]) -> dict[str, Any]:
    put: dict[str, Any] = {"TableName": table(), "Item": serialised(item), **condition}
    if "ExpressionAttributeValues" in put:
        put["ExpressionAttributeValues"] = serialised(put["ExpressionAttributeValues"])
    return {"Put": put}


def _lost(error: ClientError) -> bool:
    """Whether the transaction met somebody else's, as opposed to a full table or a wrong item."""
    codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    return not codes or bool(codes & {"ConditionalCheckFailed", "TransactionConflict"})
