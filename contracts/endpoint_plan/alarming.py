"""The alarms that watch an endpoint's answers and roll an update back: keywords of `cloudwatch.put_metric_alarm`."""

from collections.abc import Sequence

from contracts.delivery_config import Alarms, Delivery, Kind
from contracts.endpoint_plan.inputs import VARIANT, Request
from contracts.names import Names

NAMESPACE = "AWS/SageMaker"
ALARM_PURPOSES = ("errors", "latency")
"""Purposes of `names.alarm(purpose, model)`, the alarms of an endpoint."""
PERIOD_SECONDS = 60


def alarm_names(names: Names, model: str, delivery: Delivery) -> tuple[str, ...]:
    """Return the names of the endpoint's alarms; none without `delivery.alarms` or without an endpoint's metrics."""
    if delivery.alarms is None or delivery.kind is not Kind.REALTIME:
        return ()
    return tuple(names.alarm(purpose, model) for purpose in ALARM_PURPOSES)


def alarms(names: Names, model: str, delivery: Delivery, *, actions: Sequence[str] = ()) -> list[Request]:
    """Return the keywords of each `put_metric_alarm`; `actions` are ARNs of topics that hear of them.

    Missing data is no fault: an endpoint without requests has no metrics, and a quiet night must not roll back.
    """
    if delivery.alarms is None or not alarm_names(names, model, delivery):
        return []
    endpoint = names.endpoint(model)
    return [
        {**_errors(endpoint, delivery.alarms), **_common(names.alarm("errors", model), actions)},
        {**_latency(endpoint, delivery.alarms), **_common(names.alarm("latency", model), actions)},
    ]


def _common(name: str, actions: Sequence[str]) -> Request:
    return {
        "AlarmName": name,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 2,
        "TreatMissingData": "notBreaching",
        "ActionsEnabled": True,
        "AlarmActions": list(actions),
    }


def _dimensions(endpoint: str) -> list[dict[str, str]]:
    return [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": VARIANT}]


def _errors(endpoint: str, bounds: Alarms) -> Request:
    def count(name: str, identifier: str) -> dict[str, object]:
        metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": _dimensions(endpoint)}
        return {
            "Id": identifier,
            "MetricStat": {"Metric": metric, "Period": PERIOD_SECONDS, "Stat": "Sum"},
            "ReturnData": False,
        }

    return {
        "AlarmDescription": f"More than {bounds.max_5xx_rate:.2%} of the requests to {endpoint} failed with 5xx.",
        "Threshold": bounds.max_5xx_rate,
        "Metrics": [
            {"Id": "rate", "Expression": "errors / requests", "Label": "share of 5xx", "ReturnData": True},
            count("Invocation5XXErrors", "errors"),
            count("Invocations", "requests"),
        ],
    }


def _latency(endpoint: str, bounds: Alarms) -> Request:
    return {
        "AlarmDescription": f"One of a hundred requests to {endpoint} took longer than {bounds.max_latency_ms} ms.",
        "Namespace": NAMESPACE,
        "MetricName": "ModelLatency",
        "Dimensions": _dimensions(endpoint),
        "ExtendedStatistic": "p99",
        "Period": PERIOD_SECONDS,
        "Threshold": float(bounds.max_latency_ms * 1000),  # the metric counts microseconds
    }
