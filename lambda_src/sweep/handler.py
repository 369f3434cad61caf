"""Sweep: when the stack is destroyed, remove what its functions and pipelines created, or say why not.

Event: what the AWS provider sends for an `aws_lambda_invocation` of scope CRUD, the input and, under `tf`, the action:
`{"tf": {"action": "create" | "update" | "delete", "prev_input": {...}}}`. An error fails the provider's operation, so
the invocation stays in the state and the next `pulumi destroy` calls again. Nothing waits here.
"""

import os
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_src.shared import configuration
from lambda_src.shared.errors import code_of
from lambda_src.shared.runtime import Answer, Event, logger, tracer
from lambda_src.sweep import inventory
from lambda_src.sweep.inventory import Found, described, listed
from lambda_src.sweep.removal import InTransitionError, OutOfTimeError, remove

LIFECYCLE = "tf"
"""Where the provider puts the action (`terraform_key`, default)."""
REPOSITORY_ENDPOINTS = "repository_endpoints"
"""Input: names of the endpoints that the models' repositories own, in stacks of their own."""
RETAINS_DATA = "RETAINS_DATA"
"""Environment variable: `false` lets things be deleted, anything else does not."""
MARGIN_SECONDS = 30
"""Time that one call may take; with less than this left, no new one is made."""
READY: Answer = {"outcome": "ready"}
"""The answer to a create or update. It lies in the stack's state, so it is always the same."""
SWEPT: Answer = {"outcome": "swept"}
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
"""EndpointStatus in which SageMaker refuses to delete an endpoint."""
AGAIN = "run `pulumi destroy` again"
NOTHING = "Nothing has been deleted."


class SweepError(Exception):
    """What keeps the stack from being destroyed now. `pulumi destroy` shows its text."""


def sweep(event: Event, context: Any) -> Answer:  # Lambda's context
    """Do what the action asks for. Raises SweepError with what is there and how to go on."""
    action = (event.get(LIFECYCLE) or {}).get("action")
    if action in ("create", "update"):
        return READY
    if action != "delete":
        raise SweepError(
            f"{LIFECYCLE}.action is {action!r}; it is create, update or delete. This function deletes what serves, so"
            " only `pulumi destroy` calls it."
        )
    try:
        return _sweep(event.get(REPOSITORY_ENDPOINTS) or (), context)
    except (ClientError, BotoCoreError) as error:
        raise SweepError(f"{error}. What was deleted stays deleted, the rest is untouched. {_advice(error)}") from error


def _sweep(repository_endpoints: Sequence[str], context: Any) -> Answer:  # Lambda's context
    names = configuration.names()
    found = inventory.look(names)
    if not found:
        return SWEPT
    _refuse(found, repository_endpoints)
    try:
        removed = remove(found, has_time=lambda: context.get_remaining_time_in_millis() > MARGIN_SECONDS * 1000)
    except OutOfTimeError as error:
        raise SweepError(f"The time was too short: {error}, nothing is lost; {AGAIN}.") from error
    except InTransitionError as error:
        raise SweepError(f"Endpoint {error} began to change meanwhile. Wait until it rests, then {AGAIN}.") from error
    logger.info("swept", extra={"removed": removed})
    _check_gone(Found(endpoints=inventory.endpoints(names), transform_jobs=inventory.transform_jobs(names)))
    return SWEPT


def _refuse(found: Found, repository_endpoints: Sequence[str]) -> None:
    """Raise before anything is deleted, where not everything may or can be."""
    if os.environ.get(RETAINS_DATA) != "false":
        raise SweepError(
            f"This stack retains its data, and these still exist: {described(found)}. {NOTHING} To end it deliberately,"
            " see docs/adr/0010-protected-stores.md: set retain_data to false, run `pulumi up`, then `pulumi destroy`."
        )
    theirs = [name for name in found.endpoints if name in repository_endpoints]
    if theirs:
        raise SweepError(
            f"These endpoints belong to their models' repositories: {listed(theirs)}. {NOTHING} Destroy the"
            f" repositories' own stacks first, then {AGAIN}."
        )
    if found.runs:
        running = described(Found(runs=found.runs))
        raise SweepError(
            f"{running}. {NOTHING} They register versions when they end, and a pipeline that runs cannot be deleted."
            f" Wait, or stop them (`aws sagemaker stop-pipeline-execution`), then {AGAIN}."
        )
    changing = {name: status for name, status in found.endpoints.items() if status in CHANGING}
    if changing:
        raise SweepError(
            f"{described(Found(endpoints=changing))}. {NOTHING} SageMaker deletes no endpoint that is changing. Wait"
            f" until they rest, then {AGAIN}."
        )


def _check_gone(left: Found) -> None:
    if left:
        raise SweepError(
            f"All else is deleted, and these are on their way: {described(left)}. SageMaker needs their role, key and"
            f" network until they are gone. Wait some minutes, then {AGAIN}."
        )


def _advice(error: Exception) -> str:
    if isinstance(error, ClientError) and code_of(error).startswith("AccessDenied"):
        return f"Run `pulumi up`, which puts this function's policies right, then {AGAIN}."
    return f"Wait a minute, then {AGAIN}."


handler = tracer.capture_lambda_handler(logger.inject_lambda_context(sweep), capture_response=False)
