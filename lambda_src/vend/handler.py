"""Vend: give a project's repository its deploy role in this account, or take it away.

Called by dev's provisioning function only, and answers it: {"outcome": ..., "role_arn": ...} or, where the request
is refused, {"outcome": "refused", "why": ...}. Everything else raises, and the caller tries again.
"""

import json
import os
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.tracing import Tracer

from contracts.names import Names
from contracts.rules import BrokenRuleError
from lambda_src.shared.configuration import names
from lambda_src.vend.request import read
from lambda_src.vend.roles import NotOursError, grant, revoke

ORGANIZATION = "ORGANIZATION"
WORKFLOWS_REPOSITORY = "WORKFLOWS_REPOSITORY"
DEVELOPMENT_NAMES = "DEVELOPMENT_NAMES"
"""JSON of the names of the stack whose versions are served here; absent in that stack itself."""

logger = Logger()
tracer = Tracer(patch_modules=["botocore"])


def vend(event: dict[str, Any]) -> dict[str, str]:
    """Grant or revoke one role; return what became of it."""
    own = names()
    try:
        request = read(event, environment=own.environment, unit=own.unit, organization=os.environ[ORGANIZATION])
        if request.operation == "revoke":
            return {"outcome": "revoked" if revoke(request, own) else "gone"}
        arn = grant(request, own, workflows_repository=os.environ[WORKFLOWS_REPOSITORY], development=_development())
    except (BrokenRuleError, NotOursError) as error:
        return {"outcome": "refused", "why": str(error)}
    return {"outcome": "granted", "role_arn": arn}


def _development() -> Names | None:
    text = os.environ.get(DEVELOPMENT_NAMES)
    return Names(**json.loads(text)) if text else None


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ARG001  # Lambda's signature
    """Lambda's entry point."""
    answer = vend(event)
    logger.info("done", extra=dict(answer))
    return answer
