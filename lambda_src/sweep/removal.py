"""The calls that remove what was found, in an order in which each may be the last that is made.

Scaling goes before its endpoint, an endpoint before what it runs on, and the versions last: whatever was removed when
a sweep ends early, the next one finds the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lambda_src.shared.clients import client
from lambda_src.shared.errors import code_of, is_not_found, is_refusal
from lambda_src.sweep.inventory import Found

DELETING = "Deleting"
STOPPING = "Stopping"
TARGET_GONE = "ObjectNotFoundException"
"""How Application Auto Scaling says that a target is not registered."""


class OutOfTimeError(Exception):
    """The function's time is nearly over; its text says how far the removal got."""


class InTransitionError(Exception):
    """An endpoint began to change after it was looked at; its text names it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call that removes one thing."""

    service: str
    operation: str
    """boto3's name of it."""
    request: Mapping[str, object]


def calls(found: Found) -> list[Call]:
    """Return the calls that remove everything in `found`, first to last."""
    return [
        # Deregistering deletes the scaling policies and their alarms too (API reference, DeregisterScalableTarget).
        *(
            Call(
                service="application-autoscaling",
                operation="deregister_scalable_target",
                request={"ServiceNamespace": "sagemaker", "ResourceId": resource, "ScalableDimension": dimension},
            )
            for resource, dimension in found.scalable_targets
        ),
        *_each("delete_endpoint", "EndpointName", (n for n, s in found.endpoints.items() if s != DELETING)),
        *_each("stop_transform_job", "TransformJobName", (n for n, s in found.transform_jobs.items() if s != STOPPING)),
        *_each("delete_endpoint_config", "EndpointConfigName", found.endpoint_configs),
        *_each("delete_model", "ModelName", found.models),
        # One by one: where one of several names is wrong, CloudWatch deletes none of them.
        *(
            Call(service="cloudwatch", operation="delete_alarms", request={"AlarmNames": [name]})
            for name in found.alarms
        ),
        *_each("delete_model_package", "ModelPackageName", found.versions),
    ]


def remove(found: Found, *, has_time: Callable[[], bool]) -> int:
    """Make the calls of `found` and return their number; what is gone already counts as removed.

    Raises OutOfTimeError between two calls where `has_time` says no, InTransitionError where an endpoint cannot be
    deleted now, and whatever else AWS refuses.
    """
    wanted = calls(found)
    for number, call in enumerate(wanted):
        if not has_time():
            raise OutOfTimeError(f"{number} of {len(wanted)} are removed")
        _make(call)
    return len(wanted)


def _each(operation: str, member: str, names: Iterable[str]) -> list[Call]:
    return [Call(service="sagemaker", operation=operation, request={member: name}) for name in names]


def _make(call: Call) -> None:
    try:
        getattr(client(call.service), call.operation)(**call.request)
    except ClientError as error:
        if is_not_found(error) or code_of(error) == TARGET_GONE:
            return
        if call.operation == "stop_transform_job" and is_refusal(error):
            return  # it ended by itself; whether it did is looked at afterwards
        if call.operation == "delete_endpoint" and is_refusal(error):
            raise InTransitionError(str(call.request["EndpointName"])) from error
        raise
