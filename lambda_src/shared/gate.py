"""The environment's own gate for a version that another environment measured."""

import json
from collections.abc import Mapping
from typing import Any

from lambda_src.shared import artifacts
from lambda_src.shared.errors import PermanentError
from lambda_src.shared.registry import Version

_KINDS = ("binary_classification_metrics", "multiclass_classification_metrics", "regression_metrics")
"""Sections of a model quality report (SageMaker developer guide, model quality metrics)."""
_ALSO_CALLED = {"roc_auc": "auc", "pr_auc": "au_prc"}
"""Metrics that our evaluation and the report name differently."""


def check(version: Version, gate: Mapping[str, float]) -> dict[str, float]:
    """Return the recorded metrics of the gate. Raises PermanentError where one is below its threshold or missing."""
    recorded = metrics_of(version)
    problems = []
    values: dict[str, float] = {}
    for name, threshold in sorted(gate.items()):
        value = next((recorded[key] for key in _names(name) if key in recorded), None)
        if value is None:
            problems.append(f"{name} was not recorded, and must be at least {threshold}")
        elif not value >= threshold:  # so that NaN does not pass
            problems.append(f"{name} is {value:.4g}, and must be at least {threshold}")
        else:
            values[name] = value
    if problems:
        raise PermanentError(f"{version.arn} does not pass the gate of this environment: {'; '.join(problems)}")
    return values


def metrics_of(version: Version) -> dict[str, float]:
    """Return the values in the version's model quality report. Raises PermanentError where it has none."""
    quality = (version.described.get("ModelMetrics") or {}).get("ModelQuality") or {}
    uri = (quality.get("Statistics") or {}).get("S3Uri")
    if not uri:
        raise PermanentError(
            f"{version.arn} has no model quality statistics, so nobody can measure it against the gate"
        )
    try:
        report = json.loads(artifacts.read(uri))
        section: dict[str, Any] = next((report[kind] for kind in _KINDS if kind in report), {})
        return {
            name: float(entry["value"])
            for name, entry in section.items()
            if isinstance(entry, dict) and isinstance(entry.get("value"), int | float)
        }
    except (ValueError, TypeError) as error:
        raise PermanentError(f"{uri} is no model quality report: {error}") from error


def _names(metric: str) -> tuple[str, ...]:
    """Return what a report may call a metric; for several classes it gives weighted averages."""
    return (metric, _ALSO_CALLED.get(metric, metric), f"weighted_{metric}")
