"""What is there in the embedded AWS, by service and name: for seeing that a destroyed stack left nothing behind."""

from collections.abc import Callable
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.efs.models import efs_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.scheduler.models import scheduler_backends
from moto.servicecatalog.models import servicecatalog_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.ssm.models import ssm_backends

GLOBAL = "aws"
"""moto's region of services that have none."""


def _keys(kms: Any) -> list[str]:
    # Keys under alias/aws/ are AWS's own: there at the first use, and for good.
    own = [key for key in kms.keys.values() if not any(alias.startswith("alias/aws/") for alias in key.aliases)]
    return [key.id for key in own if key.key_state != "PendingDeletion"]


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


def _vpcs(ec2: Any) -> list[str]:
    # A region's own VPC and its subnets and group were there before.
    return [vpc.id for vpc in ec2.vpcs.values() if not vpc.is_default]


def _in_vpcs(kind: str) -> Callable[[Any], list[str]]:
    def names(ec2: Any) -> list[str]:
        return [each.id for each in getattr(ec2, kind).values() if each.vpc_id in _vpcs(ec2)]

    return names


def _subnets(ec2: Any) -> list[str]:
    return [s.id for zone in ec2.subnets.values() for s in zone.values() if s.vpc_id in _vpcs(ec2)]


def _groups(ec2: Any) -> list[str]:
    return [f"{group.name} of {vpc}" for vpc in _vpcs(ec2) for group in ec2.groups.get(vpc, {}).values()]


def _gateways(ec2: Any) -> list[str]:
    return [gateway.id for gateway in ec2.nat_gateways.values() if gateway.state != "deleted"]


def _studio(kind: str, member: str) -> Callable[[Any], list[str]]:
    def names(sagemaker: Any) -> list[str]:
        entries = getattr(sagemaker, "studio", {}).get(kind, [])
        return [entry[member] for entry in entries if entry["Status"] != "Deleting"]

    return names


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
    "domain": (sagemaker_backends, lambda sagemaker: list(sagemaker.domains)),
    "profile": (sagemaker_backends, _studio("profiles", "UserProfileName")),
    "space": (sagemaker_backends, _studio("spaces", "SpaceName")),
    "portfolio": (servicecatalog_backends, lambda catalog: list(catalog.portfolios)),
    "product": (servicecatalog_backends, lambda catalog: list(catalog.products)),
    "file system": (efs_backends, lambda efs: list(efs.file_systems_by_id)),
    "vpc": (ec2_backends, _vpcs),
    "subnet": (ec2_backends, _subnets),
    "route table": (ec2_backends, _in_vpcs("route_tables")),
    "security group": (ec2_backends, _groups),
    "endpoint of vpc": (ec2_backends, lambda ec2: [e.id for e in ec2.vpc_end_points.values() if e.state != "deleted"]),
    "nat gateway": (ec2_backends, _gateways),
    "internet gateway": (ec2_backends, lambda ec2: list(ec2.internet_gateways)),
    "address": (ec2_backends, lambda ec2: [address.allocation_id for address in ec2.addresses]),
    "flow log": (ec2_backends, lambda ec2: list(ec2.flow_logs)),
    "managed policy": (
        iam_backends,
        lambda iam: [p.name for p in iam.managed_policies.values() if p.arn.split(":")[4] != "aws"],
    ),
    "identity provider": (iam_backends, lambda iam: list(iam.open_id_providers)),
    "scalable target": (applicationautoscaling_backends, _targets),
}
_GLOBAL = ("role", "bucket", "managed policy", "identity provider")


def inventory(account: str, region: str) -> set[str]:
    """Return what an account holds in a region, as `kind name`. Keys that wait for their deletion count as gone."""
    found: set[str] = set()
    for kind, (backends, names) in _HOLDS.items():
        there = backends[account]
        place = GLOBAL if kind in _GLOBAL else region
        if dict.__contains__(there, place):  # what nobody asked yet holds nothing, and to make EC2's takes a second
            found |= {f"{kind} {name}" for name in names(there[place])}
    return found
