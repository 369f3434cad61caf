"""Recorded requests to an asynchronous endpoint: sent once, and looked for by Lambda's own retries. Nothing waits here.

The first try puts the payloads beside the endpoint's results, queues them and raises RetryLaterError; Lambda runs the
event again a minute later, and once more two minutes after that (developer guide, asynchronous invocation). What has
not answered then is no failure, as the requests of clients may stand before ours in the endpoint's queue: the event
waits in the dead-letter queue, its alarm rings, and its replay finds the answers. So no object of a client's, of
which there may be thousands, ever starts a function.
"""

import json
import time
from typing import Any

from botocore.exceptions import ClientError

from contracts import endpoint_plan
from contracts.delivery_config import Smoke
from contracts.desired_state import EXPIRY_ATTRIBUTE, PARTITION_KEY, SORT_KEY, model_key
from contracts.endpoint_plan import DeliveryPlanInput
from lambda_src.shared import answers, store
from lambda_src.shared.clients import client
from lambda_src.shared.errors import RetryLaterError, is_not_found

PREFIX = "smoke#"
"""Sort key of what was sent: one item per model, of its latest deployment."""
KEEP_SECONDS = 30 * 24 * 3600
"""Longer than a dead-letter queue keeps the event that asks for the answers."""


def problems(plan: DeliveryPlanInput, *, deployment: str) -> list[str]:
    """Return what is wrong with the answers, as sentences. `deployment` tells this rollout from an earlier one.

    Raises RetryLaterError while one is still to come, also after sending the requests.
    """
    if not plan.delivery.smoke:
        return []
    deployment = f"{endpoint_plan.endpoint_config_name(plan)} {deployment}"
    key = {PARTITION_KEY: model_key(plan.model), SORT_KEY: f"{PREFIX}sent"}
    sent = store.get(key)
    if sent is None or sent["deployment"] != deployment or int(sent["count"]) != len(plan.delivery.smoke):
        places = [_send(plan, position, smoke) for position, smoke in enumerate(plan.delivery.smoke)]
        now = int(time.time())
        item = {
            **key, "deployment": deployment, "count": len(places), "places": json.dumps(places), "sent_at": now,
            EXPIRY_ATTRIBUTE: now + KEEP_SECONDS,
        }  # fmt: skip
        client("dynamodb").put_item(TableName=store.table(), Item=store.serialised(item))
        raise RetryLaterError(f"{len(places)} recorded requests are queued; their answers are looked for next time")
    found: list[str] = []
    places = json.loads(sent["places"])
    for position, (smoke, place) in enumerate(zip(plan.delivery.smoke, places, strict=True)):
        judged = _judge(smoke, place, float(sent["sent_at"]))
        if judged is None:
            raise RetryLaterError(f"smoke[{position}] has no answer yet; it stands in the endpoint's queue")
        found += [f"smoke[{position}]: {problem}" for problem in judged]
    return found


def _send(plan: DeliveryPlanInput, position: int, smoke: Smoke) -> dict[str, str]:
    """Queue one request; return where its answer, or its failure, will lie."""
    key = f"async/{plan.model}/smoke/{position}.json"
    client("s3").put_object(
        Bucket=plan.artifact_bucket,
        Key=key,
        Body=json.dumps(smoke.payload).encode(),
        ContentType=endpoint_plan.CONTENT_TYPE,
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=plan.key_arn,
    )
    answer = client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=plan.names.endpoint(plan.model),
        ContentType=endpoint_plan.CONTENT_TYPE,
        Accept=endpoint_plan.CONTENT_TYPE,
        InputLocation=f"s3://{plan.artifact_bucket}/{key}",
    )
    return {"answer": answer["OutputLocation"], "failure": answer.get("FailureLocation", "")}


def _judge(smoke: Smoke, place: dict[str, str], sent_at: float) -> list[str] | None:
    """Return what is wrong with one answer; None where there is none yet."""
    answer = _object(place["answer"])
    if answer is not None:
        took = max(0.0, answer["LastModified"].timestamp() - sent_at) * 1000  # S3 keeps whole seconds
        return answers.problems(smoke, answer["Body"].read(), milliseconds=took)
    if place["failure"] and _object(place["failure"]) is not None:
        return ["the container answered an error"]
    return None


def _object(uri: str) -> dict[str, Any] | None:
    """Return an object, None where there is none. Without s3:ListBucket that would be a 403."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        return dict(client("s3").get_object(Bucket=bucket, Key=key))
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
