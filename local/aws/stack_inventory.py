"""What is there in the embedded AWS, by service and name: for seeing that a destroyed stack left nothing behind."""

from collections.abc import Callable
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.ecr.models import ecr_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.ssm.models import ssm_backends

GLOBAL = "aws"
"""moto's region of services that have none."""


def _keys(kms: Any) -> list[str]:
    return [key.id for key in kms.keys.values() if key.key_state != "PendingDeletion"]


def _buses(events: Any) -> list[str]:
    return [name for name in events.event_buses if name != "default"]


def _rules(events: Any) -> list[str]:
    return [f"{bus.name}/{rule}" for bus in events.event_buses.values() for rule in bus.rules]


def _schedules(scheduler: Any) -> list[str]:
    groups = scheduler.schedule_groups
    made = [name for name in groups if name != "default"]
    return made + [f"{name}/{schedule}" for name, group in groups.items() for schedule in group.schedules]


def _parameters(ssm: Any) -> list[str]:
    return [name for name in ssm._parameters if not name.startswith("/aws/")]  # noqa: SLF001  # no public list


def _layers(functions: Any) -> list[str]:
    return [name for name, layer in functions._layers._layers.items() if layer.layer_versions]  # noqa: SLF001


def _targets(scaling: Any) -> list[str]:
    return [resource for dimension in scaling.targets.values() for resource in dimension]


_HOLDS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "role": (iam_backends, lambda iam: [role.name for role in iam.roles.values()]),
    "key": (kms_backends, _keys),
    "bucket": (s3_backends, lambda s3: list(s3.buckets)),
    "table": (dynamodb_backends, lambda dynamodb: list(dynamodb.tables)),
    "repository": (ecr_backends, lambda ecr: list(ecr.repositories)),
    "queue": (sqs_backends, lambda sqs: list(sqs.queues)),
    "topic": (sns_backends, lambda sns: list(sns.topics)),
    "log group": (logs_backends, lambda logs: list(logs.groups)),
    "alarm": (cloudwatch_backends, lambda cloudwatch: list(cloudwatch.alarms)),
    "event bus": (events_backends, _buses),
    "rule": (events_backends, _rules),
    "parameter": (ssm_backends, _parameters),
    "function": (lambda_backends, lambda functions: [f.function_name for f in functions.list_functions()]),
    "layer": (lambda_backends, _layers),
    "schedule": (scheduler_backends, _schedules),
    "pipeline": (sagemaker_backends, lambda sagemaker: list(sagemaker.pipelines)),
    "package group": (sagemaker_backends, lambda sagemaker: list(sagemaker.model_package_groups)),
    "version": (sagemaker_backends, lambda sagemaker: list(sagemaker.model_packages)),
    "model": (sagemaker_backends, lambda sagemaker: [m.model_name for m in sagemaker._models.values()]),  # noqa: SLF001
    "endpoint config": (sagemaker_backends, lambda sagemaker: list(sagemaker.endpoint_configs)),
    "endpoint": (sagemaker_backends, lambda sagemaker: list(sagemaker.endpoints)),
    "scalable target": (applicationautoscaling_backends, _targets),
}
_GLOBAL = ("role", "bucket")


def inventory(account: str, region: str) -> set[str]:
    """Return what an account holds in a region, as `kind name`. Keys that wait for their deletion count as gone."""
    found: set[str] = set()
    for kind, (backends, names) in _HOLDS.items():
        backend = backends[account][GLOBAL if kind in _GLOBAL else region]
        found |= {f"{kind} {name}" for name in names(backend)}
    return found
