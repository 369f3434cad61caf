"""What each handler has around it: structured logs without payloads, traces, and one run per event."""

from collections.abc import Callable
from typing import Any, cast

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent

from contracts.delivery_events import UnreadableEventError
from contracts.desired_state import PARTITION_KEY, SORT_KEY
from lambda_src.shared import store
from lambda_src.shared.clients import client

Event = dict[str, Any]
Answer = dict[str, str]
KEEP_SECONDS = 24 * 3600
"""EventBridge delivers again for at most 24 hours (retry policy), so an event need not be remembered longer."""

PROGRESS_MILLISECONDS = 55_000
"""How long an event counts as being worked on: less than the minute until Lambda's first retry.

Powertools would take the function's whole remaining time. Then a try whose record was written, while its own call timed
out, would block both retries. Two runs of one event at once do no harm here, they are only unnecessary.
"""

logger = Logger()
tracer = Tracer(patch_modules=["botocore"])


def handler(function: str, work: Callable[[Event], Answer]) -> Callable[[Event, Any], Answer]:
    """Return the Lambda handler that does `work` once per event id.

    An error forgets the event id again, so that Lambda's retry, or a replay from the dead-letter queue, does the work.
    An event that is not for us is logged and answered. A PermanentError that comes this far could not be recorded, so
    it raises as any other does, and the dead-letter queue keeps the event.
    """

    def run(event: Event, context: Any) -> Answer:  # noqa: ARG001  # Lambda's signature
        try:
            answer = work(event)
        except UnreadableEventError as error:
            answer = {"outcome": "ignored", "why": str(error)}
        logger.info("done", extra=dict(answer))
        return answer

    # The table is the one of the deliveries; its items of this partition expire by the attribute `expiration`.
    layer = DynamoDBPersistenceLayer(
        table_name=store.table(),
        key_attr=PARTITION_KEY,
        sort_key_attr=SORT_KEY,
        static_pk_value=f"idempotency#{function}",
        boto3_client=client("dynamodb"),
    )
    config = _BriefProgress(
        event_key_jmespath="id",
        raise_on_no_idempotency_key=True,
        expires_after_seconds=KEEP_SECONDS,
        hash_function="sha256",
    )
    once = idempotent(config=config, persistence_store=layer)(run)
    logged = logger.inject_lambda_context(once, correlation_id_path="id")
    traced: Callable[[Event, Any], Answer] = tracer.capture_lambda_handler(logged, capture_response=False)
    return traced


class _BriefProgress(IdempotencyConfig):
    def register_lambda_context(self, lambda_context: Any) -> None:
        super().register_lambda_context(cast("Any", _Brief(lambda_context)))


class _Brief:
    """As much of Lambda's context as idempotency asks for."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def get_remaining_time_in_millis(self) -> int:
        return min(int(self._context.get_remaining_time_in_millis()), PROGRESS_MILLISECONDS)
