"""Verify: judge an endpoint that has come to rest, publish and record the outcome, and take the next step.

Event: "SageMaker Endpoint State Change" of this environment.
"""

from contracts.delivery_events import parse_endpoint
from lambda_src.shared import configuration
from lambda_src.shared.reconcile import reconcile
from lambda_src.shared.runtime import Answer, Event
from lambda_src.shared.runtime import handler as with_runtime


def verify(event: Event) -> Answer:
    """Reconcile the model of the endpoint that an event names; the event says when, DescribeEndpoint says what."""
    seen = parse_endpoint(event)
    if not seen.settled:
        return {"outcome": "ignored", "why": f"{seen.endpoint} is {seen.status}, which another event ends"}
    served = configuration.served_by_endpoint(seen.endpoint)
    return {"outcome": "reconciled", "state": reconcile(served, seen_at=seen.time)}


handler = with_runtime("verify", verify)
