"""Does the endpoint serve: instances, recorded requests within their bounds, scaling, alarms."""

import json
import time
from typing import Any

from botocore.exceptions import ClientError

from contracts import endpoint_plan
from contracts.delivery_config import Kind, Smoke
from contracts.endpoint_plan import DeliveryPlanInput
from contracts.endpoint_plan.scaling import DIMENSION, SERVICE, scalable_resource
from lambda_src.shared import answers, later_answers, rollout
from lambda_src.shared.clients import client
from lambda_src.shared.errors import code_of
from lambda_src.shared.scaling import deregister

TRIES = 2
"""A first request may meet a container that has not served yet; the faster of two is measured."""


def verify(plan: DeliveryPlanInput, endpoint: rollout.Endpoint, *, deployment: str) -> list[str]:
    """Return what is wrong with an endpoint in service, as sentences; nothing where all is well.

    Scaling and alarms that are absent are put in place, as they belong to the endpoint and not to a version.
    `deployment` tells this rollout from an earlier one of the same config. Raises RetryLaterError where an asynchronous
    endpoint has not answered yet.
    """
    problems = _instances(plan, endpoint) + _smoke(plan, deployment)
    if not problems:
        scale(plan)
        rollout.ensure_alarms(plan)
    return problems


def scale(plan: DeliveryPlanInput) -> None:
    """Make the endpoint's autoscaling what the settings say; the current number of instances stays as it is."""
    if plan.delivery.kind not in (Kind.REALTIME, Kind.ASYNC):
        return
    scaling = client("application-autoscaling")
    requests = endpoint_plan.scaling_requests(plan.names, plan.model, plan.delivery)
    resource = scalable_resource(plan.names, plan.model)
    place = {"ServiceNamespace": SERVICE, "ScalableDimension": DIMENSION}
    answer = scaling.describe_scalable_targets(**place, ResourceIds=[resource])
    target = next(iter(answer["ScalableTargets"]), None)
    if requests is None:
        if target is not None:
            deregister(plan.names, plan.model)
        return
    wanted = requests.register_scalable_target
    if target is None or not _covers(target, wanted):
        scaling.register_scalable_target(**wanted)
    policy = requests.put_scaling_policy
    found = scaling.describe_scaling_policies(**place, ResourceId=resource, PolicyNames=[policy["PolicyName"]])
    if not any(_covers(there, policy) for there in found["ScalingPolicies"]):
        scaling.put_scaling_policy(**policy)


def _instances(plan: DeliveryPlanInput, endpoint: rollout.Endpoint) -> list[str]:
    if plan.delivery.kind is not Kind.REALTIME:
        return []
    empty = [v["VariantName"] for v in endpoint.variants if not v.get("CurrentInstanceCount")]
    return [f"variant {name} has no instance" for name in empty]


def _smoke(plan: DeliveryPlanInput, deployment: str) -> list[str]:
    """Send the recorded requests and judge the answers: at once, or of an asynchronous endpoint when they are there."""
    if plan.delivery.kind is Kind.ASYNC:
        return later_answers.problems(plan, deployment=deployment)
    if plan.delivery.kind not in (Kind.REALTIME, Kind.SERVERLESS):
        return []
    name = plan.names.endpoint(plan.model)
    return [
        f"smoke[{position}]: {problem}"
        for position, smoke in enumerate(plan.delivery.smoke)
        for problem in _send(name, smoke)
    ]


def _send(endpoint: str, smoke: Smoke) -> list[str]:
    """Return what is wrong with the answer to one recorded request. Neither request nor answer is ever logged."""
    fastest, body = float("inf"), b""
    for _ in range(TRIES):
        started = time.perf_counter()
        try:
            answer = client("sagemaker-runtime").invoke_endpoint(
                EndpointName=endpoint,
                ContentType=endpoint_plan.CONTENT_TYPE,
                Accept=endpoint_plan.CONTENT_TYPE,
                Body=json.dumps(smoke.payload).encode(),
            )
        except ClientError as error:
            if code_of(error) == "ModelError":  # the container's own answer, not the service's
                status = error.response.get("OriginalStatusCode", "an error")
                return [f"the container answered {status}"]
            raise
        fastest = min(fastest, (time.perf_counter() - started) * 1000)
        body = answer["Body"].read()
        if smoke.max_latency_ms is None or fastest <= smoke.max_latency_ms:
            break
    return answers.problems(smoke, body, milliseconds=fastest)


def _covers(there: Any, wanted: Any) -> bool:
    """Whether what is there has every wanted member; services add members of their own."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(_covers(there.get(key), value) for key, value in wanted.items())
    return bool(there == wanted)
