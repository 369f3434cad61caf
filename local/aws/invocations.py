"""InvokeEndpoint and InvokeEndpointAsync: to the container that runs the endpoint's version; moto's are canned."""

import json
import uuid
from typing import Any, TypeGuard

from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse
from moto.utilities.utils import get_partition

from local.aws import endpoint_machine, hosting
from local.aws.endpoint_machine import Endpoint
from local.aws.hosting import FleetId

Reply = tuple[int, dict[str, Any], bytes | str]
OUTPUT_LIMIT = 1000
"""Characters of a container's answer that ModelError repeats, so that an error stays readable."""


def invoke_endpoint(self: SageMakerRuntimeResponse) -> Reply:
    """Send the request on. During a rollout the new fleet gets its share of requests.

    As documented: what the container answers with 4xx or 5xx is a ModelError (424) that carries the original status.
    """
    name = self.path.split("/")[2]
    endpoint = sagemaker_backends[self.current_account][self.region].endpoints.get(name)
    if not isinstance(endpoint, Endpoint):
        return _error(400, "ValidationError", f"Endpoint {name} of account {self.current_account} not found.")
    if endpoint.endpoint_status in ("Creating", "Failed", "Deleting", "OutOfService"):
        return _error(400, "ValidationError", f"Endpoint {name} is {endpoint.endpoint_status} and takes no requests.")
    variant = self.headers.get("X-Amzn-SageMaker-Target-Variant") or endpoint.production_variants[0]["VariantName"]
    body = self.body if isinstance(self.body, bytes) else str(self.body).encode()
    kind = self.headers.get("Content-Type") or "application/octet-stream"
    fleet, config = _fleet(endpoint)
    containers = endpoint_machine.containers(endpoint, config)
    answer = hosting.current().invoke(fleet, containers, variant, kind, body)
    if answer.status >= 400:
        side = "client" if answer.status < 500 else "server"
        text = answer.body.decode("utf-8", errors="replace")
        message = f"Received {side} error ({answer.status}) from {variant} with message {json.dumps(text)}."
        return _error(424, "ModelError", message, OriginalStatusCode=answer.status, OriginalMessage=text[:OUTPUT_LIMIT])
    return 200, {"Content-Type": answer.content_type, "x-Amzn-Invoked-Production-Variant": variant}, answer.body


def invoke_endpoint_async(self: SageMakerRuntimeResponse) -> Reply:
    """Take a request from S3 and put the container's answer, or its error, where the endpoint's config says.

    On this machine the queue is worked off at once; in AWS the object comes later.
    """
    name = self.path.split("/")[2]
    endpoint = sagemaker_backends[self.current_account][self.region].endpoints.get(name)
    if not _serves(endpoint) or "AsyncInferenceConfig" not in endpoint.config:
        return _error(400, "ValidationError", f"Endpoint {name} is no asynchronous endpoint that takes requests.")
    output = endpoint.config["AsyncInferenceConfig"]["OutputConfig"]
    place = self.headers["X-Amzn-SageMaker-InputLocation"]
    s3 = s3_backends[self.current_account][get_partition(self.region)]
    bucket, _, key = place.removeprefix("s3://").partition("/")
    found = s3.get_object(bucket, key)
    if found is None:
        return _error(400, "ValidationError", f"There is no object at {place}.")
    inference = self.headers.get("X-Amzn-SageMaker-Inference-Id") or str(uuid.uuid4())
    kind = self.headers.get("X-Amzn-SageMaker-Content-Type") or "application/octet-stream"
    fleet, config = _fleet(endpoint)
    variant = endpoint.production_variants[0]["VariantName"]
    answer = hosting.current().invoke(fleet, endpoint_machine.containers(endpoint, config), variant, kind, found.value)
    base, ending = (output["S3OutputPath"], "out") if answer.status < 400 else (output["S3FailurePath"], "err")
    answers = {"out": f"{output['S3OutputPath']}/{inference}.out", "err": f"{output['S3FailurePath']}/{inference}.err"}
    bucket, _, key = f"{base}/{inference}.{ending}".removeprefix("s3://").partition("/")
    s3.put_object(bucket, key, answer.body)
    headers = {
        "X-Amzn-SageMaker-OutputLocation": answers["out"],
        "X-Amzn-SageMaker-FailureLocation": answers["err"],
        "status": 202,
    }
    return 202, headers, json.dumps({"InferenceId": inference})


def _serves(endpoint: Any) -> TypeGuard[Endpoint]:
    idle = ("Creating", "Failed", "Deleting", "OutOfService")
    return isinstance(endpoint, Endpoint) and endpoint.endpoint_status not in idle


def _fleet(endpoint: Endpoint) -> tuple[FleetId, dict[str, Any]]:
    change = endpoint.pending
    if change is None or change.rolling_back or not change.phases[0].traffic:
        return endpoint.fleet, endpoint.config
    share, before = change.phases[0].traffic, change.answered
    change.answered += 1
    to_new = int((before + 1) * share) > int(before * share)
    return (endpoint.new_fleet, change.config) if to_new else (endpoint.fleet, endpoint.config)


def _error(status: int, code: str, message: str, **more: Any) -> Reply:
    # moto takes the status from the headers, whatever stands before them.
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code, "status": status}
    return status, headers, json.dumps({"__type": code, "Message": message, **more})


def install() -> None:
    """Put the operations in moto's place."""
    setattr(SageMakerRuntimeResponse, "invoke_endpoint", invoke_endpoint)  # noqa: B010  # a method of moto's
    setattr(SageMakerRuntimeResponse, "invoke_endpoint_async", invoke_endpoint_async)  # noqa: B010
