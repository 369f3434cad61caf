"""Scheduled batch transform: run the version that is in service over what lies in the input prefix.

EventBridge Scheduler sends `{"source": "mlops.schedule", "detail-type": "Scheduled Batch Transform",
"id": "<aws.scheduler.execution-id>", "time": "<aws.scheduler.scheduled-time>", "detail": {"model": "<model>"}}`.
"""

from botocore.exceptions import ClientError

from contracts import endpoint_plan
from contracts.delivery_config import Kind
from contracts.delivery_events import UnreadableEventError
from contracts.desired_state import State
from lambda_src.shared import configuration, registry, rollout, store
from lambda_src.shared.clients import client
from lambda_src.shared.errors import PermanentError, code_of
from lambda_src.shared.runtime import Answer, Event

SOURCE = "mlops.schedule"
DETAIL_TYPE = "Scheduled Batch Transform"


def is_scheduled(event: Event) -> bool:
    """Whether a schedule of ours sent the event."""
    return event.get("source") == SOURCE and event.get("detail-type") == DETAIL_TYPE


def run(event: Event) -> Answer:
    """Start the transform job of the scheduled time; the same time names the same job, so it starts once."""
    model = (event.get("detail") or {}).get("model")
    time = event.get("time")
    if not isinstance(model, str) or not isinstance(time, str):
        raise UnreadableEventError(f"a scheduled event names its model and time; it has {model!r} and {time!r}")
    served = configuration.served_by_name(model)
    if served.config.delivery.kind is not Kind.BATCH:
        raise PermanentError(f"{model} is served by an endpoint; only kind batch runs jobs")
    desired = store.read(model)
    if desired is None:
        return {"outcome": "ignored", "why": f"no version of {model} was approved yet"}
    if desired.state is not State.IN_SERVICE:
        raise PermanentError(f"{desired.version_arn} is {desired.state.value}; approve a version that can be deployed")
    plan = rollout.plan_of(served, registry.read(desired.version_arn))
    request = endpoint_plan.create_transform_job(
        plan, data_bucket=served.config.data_bucket, run=time.replace(":", "-")
    )
    try:
        client("sagemaker").create_transform_job(**request)
    except ClientError as error:
        if code_of(error) != "ResourceInUse":
            raise
    return {"outcome": "started", "job": str(request["TransformJobName"])}
