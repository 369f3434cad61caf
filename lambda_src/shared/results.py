"""Tell people and machines what became of a version: one SNS message and one metric for each outcome."""

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from time import time

from lambda_src.shared.clients import client
from lambda_src.shared.clock import now
from lambda_src.shared.configuration import names, result_topic_arn

NAMESPACE = "MLOps/Delivery"
"""Namespace of the metrics; each is 1 per outcome, named as the outcome, by `Stack`, and by `Stack` and `Model`."""
SUBJECT_LENGTH = 100
"""SNS Publish, Subject."""


class What(StrEnum):
    """What happened."""

    PROMOTED = "Promoted"
    PROMOTION_REFUSED = "PromotionRefused"
    IN_SERVICE = "InService"
    FAILED = "Failed"
    ROLLED_BACK = "RolledBack"


BAD = (What.PROMOTION_REFUSED, What.FAILED, What.ROLLED_BACK)
FAILURES = "Failures"
"""Metric that counts every bad outcome; the one to alarm on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of a version."""

    what: What
    model: str
    version_arn: str
    detail: str
    approved_by: str = ""
    endpoint: str = ""
    endpoint_config: str = ""


def publish(result: Result) -> None:
    """Publish a result. It may be published twice, after a retry, and is never left out: publish before recording."""
    own = names()
    message = {
        "outcome": result.what.value,
        "model": result.model,
        "environment": own.environment,
        "region": own.region,
        "account": own.account,
        "version": result.version_arn,
        "endpoint": result.endpoint,
        "endpoint_config": result.endpoint_config,
        "approved_by": result.approved_by,
        "detail": result.detail,
        "time": now(),
    }
    client("sns").publish(
        TopicArn=result_topic_arn(),
        Subject=f"{result.what.value}: {result.model} in {own.environment}"[:SUBJECT_LENGTH],
        Message=json.dumps(message, sort_keys=True),
        MessageAttributes={
            "outcome": {"DataType": "String", "StringValue": result.what.value},
            "model": {"DataType": "String", "StringValue": result.model},
        },
    )
    count(result.what.value, result.model)
    if result.what in BAD:
        count(FAILURES, result.model)


def count(metric: str, model: str) -> None:
    """Count one; CloudWatch reads the metric from this log line (embedded metric format), so no call can fail.

    Written here and not by a library, because the dimensions must be exactly these: the alarm is one for all models,
    and the metric by model shows which it was.
    """
    dimensions = {"Stack": names().prefix, "Model": model}
    described = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Stack"], ["Stack", "Model"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    line = {"_aws": {"Timestamp": int(time() * 1000), "CloudWatchMetrics": [described]}, **dimensions, metric: 1}
    sys.stdout.write(json.dumps(line) + "\n")
