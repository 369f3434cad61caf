"""What functions and pipelines made for this stack, found by the stack's own names and nothing else.

Tags would not do: an older version may have set others. Each name starts with organisation, unit, environment and
region and a hyphen, also one that was cut, so nothing of another stack in the same account can be among these.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from contracts.endpoint_plan import ALARM_PURPOSES
from contracts.names import Names
from lambda_src.shared.clients import client
from lambda_src.shared.errors import is_not_found

RUNNING = ("InProgress", "Stopping")
"""TransformJobStatus of a job that has not ended; an ended one is history, which SageMaker keeps."""
EXECUTING = ("Executing", "Stopping")
"""PipelineExecutionStatus of a run that has not ended."""
TRACKING = "TargetTracking-"
"""Application Auto Scaling names its alarms `TargetTracking-<resource id>-...`."""
SHOWN = 20
"""Names of one kind in a message; the rest is counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What is there, by name; each kind in the order of its name."""

    scalable_targets: tuple[tuple[str, str], ...] = ()
    """Resource id and dimension of each."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """EndpointStatus by name."""
    transform_jobs: Mapping[str, str] = field(default_factory=dict)
    """Status by name, of those that have not ended."""
    endpoint_configs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    """Alarms of endpoints; the stack's own alarms are in its state and not here."""
    versions: tuple[str, ...] = ()
    """ARNs of the versions in the stack's model package groups."""
    runs: Mapping[str, str] = field(default_factory=dict)
    """Status by ARN of the pipeline runs that have not ended: they would register versions later."""

    def __bool__(self) -> bool:
        """Whether anything is there."""
        return any(getattr(self, name) for name in self.__slots__)


def look(names: Names) -> Found:
    """Return everything there is of the stack `names`."""
    own = Own(names.prefix)
    return Found(
        scalable_targets=_scalable_targets(own),
        endpoints=endpoints(names),
        transform_jobs=transform_jobs(names),
        endpoint_configs=own.names("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        models=own.names("list_models", "Models", "ModelName"),
        alarms=_alarms(own),
        versions=tuple(
            arn
            for group in own.names("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName")
            for arn in _versions(group)
        ),
        runs=dict(_runs(own)),
    )


def endpoints(names: Names) -> dict[str, str]:
    """Return the status of each endpoint of the stack."""
    return Own(names.prefix).statuses("list_endpoints", "Endpoints", "Endpoint")


def transform_jobs(names: Names) -> dict[str, str]:
    """Return the status of each transform job of the stack that has not ended."""
    own = Own(names.prefix)
    found: dict[str, str] = {}
    for status in RUNNING:
        found |= own.statuses("list_transform_jobs", "TransformJobSummaries", "TransformJob", StatusEquals=status)
    return dict(sorted(found.items()))


def described(found: Found) -> str:
    """Return one line that lists everything in `found`, for people."""
    parts = {
        "pipeline runs": [f"{arn.split('/', 1)[1]} ({status})" for arn, status in found.runs.items()],
        "endpoints": [f"{name} ({status})" for name, status in found.endpoints.items()],
        "scalable targets": [resource for resource, _ in found.scalable_targets],
        "transform jobs": [f"{name} ({status})" for name, status in found.transform_jobs.items()],
        "endpoint configs": list(found.endpoint_configs),
        "models": list(found.models),
        "alarms": list(found.alarms),
        "model package versions": [arn.split("/", 1)[1] for arn in found.versions],
    }
    return "; ".join(f"{len(names)} {kind}: {listed(names)}" for kind, names in parts.items() if names)


def listed(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


class Own:
    """SageMaker's lists, narrowed to what one stack named."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def has(self, name: str) -> bool:
        """Whether `name` is one of this stack's: with the hyphen, because `eu-west-1` begins `eu-west-10`."""
        return name.startswith(f"{self.prefix}-")

    def names(self, operation: str, items: str, member: str) -> tuple[str, ...]:
        """Return the names that a list operation gives, sorted."""
        return tuple(sorted(str(item[member]) for item in self._items(operation, items, member)))

    def statuses(self, operation: str, items: str, kind: str, **more: str) -> dict[str, str]:
        """Return the status by name that a list operation gives."""
        found = self._items(operation, items, f"{kind}Name", **more)
        return dict(sorted((str(item[f"{kind}Name"]), str(item[f"{kind}Status"])) for item in found))

    def _items(self, operation: str, items: str, member: str, **more: str) -> Iterator[Mapping[str, Any]]:
        # NameContains finds the prefix anywhere in a name, so it only saves pages; `has` decides.
        for item in _pages("sagemaker", operation, items, NameContains=self.prefix, **more):
            if self.has(item[member]):
                yield item


def _pages(service: str, operation: str, items: str, **request: str) -> Iterator[Any]:  # items of AWS's answers
    for page in client(service).get_paginator(operation).paginate(**request):
        yield from page[items]


def _scalable_targets(own: Own) -> tuple[tuple[str, str], ...]:
    kind = "endpoint/"
    targets = _pages(
        "application-autoscaling", "describe_scalable_targets", "ScalableTargets", ServiceNamespace="sagemaker"
    )
    return tuple(
        sorted(
            (target["ResourceId"], target["ScalableDimension"])
            for target in targets
            if target["ResourceId"].startswith(kind) and own.has(target["ResourceId"].removeprefix(kind))
        )
    )


def _alarms(own: Own) -> tuple[str, ...]:
    prefix, purposes = re.escape(f"{own.prefix}-"), "|".join(ALARM_PURPOSES)
    of_endpoints = re.compile(rf"{prefix}[^.]+\.({purposes})").fullmatch
    of_scaling = re.compile(rf"{TRACKING}endpoint/{prefix}.+").fullmatch
    found = [
        *_alarm_names(f"{own.prefix}-", of_endpoints),
        *_alarm_names(f"{TRACKING}endpoint/{own.prefix}-", of_scaling),
    ]
    return tuple(sorted(found))


def _alarm_names(prefix: str, matches: Callable[[str], object]) -> list[str]:
    alarms = _pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
    return [str(alarm["AlarmName"]) for alarm in alarms if matches(alarm["AlarmName"])]


def _versions(group: str) -> list[str]:
    try:
        packages = list(
            _pages("sagemaker", "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=group)
        )
    except ClientError as error:
        if is_not_found(error):
            return []  # the group went in between
        raise
    found = (str(package["ModelPackageArn"]) for package in packages)
    return sorted(found, key=lambda arn: int(arn.rsplit("/", 1)[1]))


def _runs(own: Own) -> Iterator[tuple[str, str]]:
    for pipeline in _pages("sagemaker", "list_pipelines", "PipelineSummaries", PipelineNamePrefix=f"{own.prefix}-"):
        runs = _pages(
            "sagemaker",
            "list_pipeline_executions",
            "PipelineExecutionSummaries",
            PipelineName=pipeline["PipelineName"],
        )
        for run in runs:
            if run["PipelineExecutionStatus"] in EXECUTING:
                yield str(run["PipelineExecutionArn"]), str(run["PipelineExecutionStatus"])
