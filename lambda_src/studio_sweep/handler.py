"""Studio sweep: two invocations around a domain, one destroyed before it and one after it.

Event: the input of an `aws_lambda_invocation` of scope CRUD and, under `tf`, the action. Environment variable PHASE:
`empty` (destroyed before the domain): creating and updating it marks the domain's file system and groups as this
stack's; deleting it removes applications, spaces and profiles that the stack does not know, so that the domain can go.
`leftovers` (destroyed after the domain): deleting it removes mount targets, groups, interfaces and, where homes are not
retained, the file system. Only what is marked is removed.

Both look, do what can be done now and look again until nothing is left. When the time runs out, the error says what
remains; the invocation stays in the state and the next `pulumi destroy` goes on from there.
"""

import os
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_src.shared.errors import code_of, is_server_fault
from lambda_src.shared.runtime import Answer, Event, logger, tracer
from lambda_src.studio_sweep import emptying, leftovers, marking
from lambda_src.studio_sweep.patience import Patience
from lambda_src.studio_sweep.problems import AGAIN, SweepError

LIFECYCLE = "tf"
"""Where the provider puts the action (`terraform_key`, default)."""
PHASE = "PHASE"
RETAIN = "RETAIN_HOME"
"""Environment variable: `false` lets homes and spaces be deleted, anything else does not."""
READY: Answer = {"outcome": "ready"}
"""The answer to a create or update. It lies in the stack's state, so it is always the same."""
SWEPT: Answer = {"outcome": "swept"}


def sweep(event: Event, context: Any) -> Answer:  # Lambda's context
    """Do what phase and action ask for. Raises SweepError with what is there and how to go on."""
    action = (event.get(LIFECYCLE) or {}).get("action")
    phase = os.environ[PHASE]
    if action not in ("create", "update", "delete"):
        raise SweepError(
            f"{LIFECYCLE}.action is {action!r}; it is create, update or delete. This function deletes people's spaces,"
            " so only `pulumi` calls it."
        )
    retain = os.environ.get(RETAIN) != "false"
    try:
        if action == "delete":
            _phases()[phase](event, Patience(context), retain)
            return SWEPT
        if phase == "empty":
            marking.mark(event)
    except (ClientError, BotoCoreError) as error:
        raise SweepError(f"{error}. What was deleted stays deleted, the rest is untouched. {_advice(error)}") from error
    return READY


def _phases() -> dict[str, Callable[[Event, Patience, bool], None]]:
    return {"empty": _empty, "leftovers": leftovers.remove}


def _empty(event: Event, patience: Patience, retain: bool) -> None:
    marking.mark(event)  # again: what SageMaker added since must be found after the domain is gone
    try:
        emptying.empty(event, patience, retain)
    except ClientError as error:
        if retain or not is_server_fault(error):
            raise
        # SageMaker itself deletes no domain, profile or space that is not empty, so nothing is lost by going on; where
        # homes are retained the look is what protects them, and there it must succeed.
        logger.exception("the domain could not be looked through", extra={"domain": event["domain_id"]})
        return
    logger.info("the domain is empty", extra={"domain": event["domain_id"]})


def _advice(error: Exception) -> str:
    if isinstance(error, ClientError) and code_of(error).startswith(("AccessDenied", "UnauthorizedOperation")):
        return f"Run `pulumi up`, which puts this function's policies right, then {AGAIN}."
    return f"Wait a minute, then {AGAIN}."


handler = tracer.capture_lambda_handler(logger.inject_lambda_context(sweep), capture_response=False)
