"""From the keywords of AWS calls, as the endpoint plan makes them, to the arguments of the provider's resources."""

import re
from typing import Any

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_AS_THEY_ARE = ("Environment",)
"""Members whose keys are somebody's own words."""


def arguments(request: Any) -> Any:
    """Return the keywords of an AWS call as the provider's arguments: `S3OutputPath` is `s3_output_path`."""
    if isinstance(request, dict):
        return {
            _snake(key): dict(value) if key in _AS_THEY_ARE else arguments(value)
            for key, value in request.items()
            if key != "Tags"
        }
    if isinstance(request, list | tuple):
        return [arguments(item) for item in request]
    return request


def alarm_arguments(request: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of PutMetricAlarm as those of the provider, which flattens statistics and dimensions."""
    found = arguments({key: value for key, value in request.items() if key not in ("AlarmActions", "Metrics")})
    renamed: dict[str, Any] = {"name": found.pop("alarm_name")}
    if "dimensions" in found:
        found["dimensions"] = {pair["name"]: pair["value"] for pair in found["dimensions"]}
    if "Metrics" in request:
        found["metric_queries"] = [_metric_query(query) for query in request["Metrics"]]
    return {**renamed, **found}


def _metric_query(query: dict[str, Any]) -> dict[str, Any]:
    found = {_snake(key): value for key, value in query.items() if key != "MetricStat"}
    if "MetricStat" in query:
        metric = query["MetricStat"]["Metric"]
        found["metric"] = {
            "metric_name": metric["MetricName"],
            "namespace": metric["Namespace"],
            "dimensions": {pair["Name"]: pair["Value"] for pair in metric["Dimensions"]},
            "period": query["MetricStat"]["Period"],
            "stat": query["MetricStat"]["Stat"],
        }
    return found


def _snake(key: str) -> str:
    return _WORD.sub("_", key).lower()
