"""`Sweep`: removes what functions and pipelines created outside the stack's state, when the stack is destroyed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pulumi
import pulumi_aws as aws

from components.function_archive import function_archive
from components.platform_function import PlatformFunction, PlatformFunctionArgs
from components.policy_document import Statement, allow
from contracts.endpoint_plan import ALARM_PURPOSES
from contracts.names import Names

SWEEP = "sweep"
TIMEOUT_SECONDS = 300
"""Below the 350 seconds after which AWS's NAT gateways and load balancers drop a silent connection: the provider waits
for the answer on one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepArgs:
    """Settings of a `Sweep`."""

    names: Names
    """The stack's names; what is found by these is removed."""
    retain: bool
    """Keep the stack's data: the function may then look and refuse, and holds no permission to delete."""
    before: Sequence[pulumi.Resource]
    """What must be there until the sweep is over: package groups, network, roles, keys. A component counts with all its
    children."""
    layer_arn: pulumi.Input[str]
    """The libraries that the functions share."""
    data_key_arn: pulumi.Input[str]
    """Key of the function's variables."""
    logs_key_arn: pulumi.Input[str]
    """Key of its log group."""
    messages_key_arn: pulumi.Input[str]
    """Key of its dead-letter queue."""
    alert_topic_arn: pulumi.Input[str]
    """Topic of its alarm."""
    log_retention_days: int
    """How long its logs are kept, in days."""
    repository_models: Sequence[str] = ()
    """Models whose repositories own their endpoints: these are never deleted, and while one exists, nothing is."""


class Sweep(pulumi.ComponentResource):
    """Owns the function that removes what functions and pipelines created, and the invocation that destroying ends in.

    Does not own what it removes: endpoints, their configs, models, scaling and alarms, jobs, model versions. Whatever
    creates such things depends on `invocation`, so that it is destroyed first and creates nothing anew. A replaced
    invocation sweeps as a destroyed one does, so nothing that changes replaces it: it has no triggers, and its
    function's name is the stack's own.
    """

    invocation: aws.lambda_.Invocation
    """What calls the function; delivery's functions and rules depend on it."""

    def __init__(self, name: str, args: SweepArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Sweep", name, None, opts)
        names = args.names
        function = PlatformFunction(
            f"{name}-function",
            PlatformFunctionArgs(
                names=names,
                function=SWEEP,
                description="Removes what the functions created, when the stack is destroyed",
                archive=function_archive(SWEEP),
                layer_arn=args.layer_arn,
                statements=sweep_statements(names, retain=args.retain),
                environment={
                    "NAMES": json.dumps(asdict(names), sort_keys=True),
                    "RETAINS_DATA": str(args.retain).lower(),
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                },
                data_key_arn=args.data_key_arn,
                logs_key_arn=args.logs_key_arn,
                messages_key_arn=args.messages_key_arn,
                alert_topic_arn=args.alert_topic_arn,
                log_retention_days=args.log_retention_days,
                retain=args.retain,
                timeout_seconds=TIMEOUT_SECONDS,
                reserved_concurrency=1,  # a provider that lost the connection calls again while the first still works
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.invocation = aws.lambda_.Invocation(
            f"{name}-on-destroy",
            function_name=names.function(SWEEP),  # known in every preview, so it never seems to need a replacement
            input=json.dumps(
                {"repository_endpoints": sorted(names.endpoint(model) for model in args.repository_models)}
            ),
            lifecycle_scope="CRUD",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function, *args.before]),
        )
        self.register_outputs({})


def sweep_statements(names: Names, *, retain: bool) -> list[Statement]:
    """Look at everything of the stack; delete it only where the stack does not retain its data."""
    return [*_look(names), *([] if retain else _remove(names))]


def _versions(names: Names) -> str:
    return names.arn("sagemaker", f"model-package/{names.prefix}-*")


def _look(names: Names) -> list[Statement]:
    return [
        allow(
            "FindWhatFunctionsCreated",
            [
                "application-autoscaling:DescribeScalableTargets",
                "sagemaker:ListEndpointConfigs",
                "sagemaker:ListEndpoints",
                "sagemaker:ListModelPackageGroups",
                "sagemaker:ListModels",
                "sagemaker:ListPipelines",
                "sagemaker:ListTransformJobs",
            ],
            ["*"],  # list and describe actions know no resource
        ),
        allow("FindVersions", ["sagemaker:ListModelPackages"], [_versions(names)]),
        allow(
            "FindRunningPipelines",
            ["sagemaker:ListPipelineExecutions"],
            [names.arn("sagemaker", f"pipeline/{names.prefix}-*")],
        ),
        # A search by prefix is authorised on all alarms of the region.
        allow("FindAlarms", ["cloudwatch:DescribeAlarms"], [names.arn("cloudwatch", "alarm:*")]),
    ]


def _remove(names: Names) -> list[Statement]:
    return [
        allow(
            "EndServing",
            [
                "sagemaker:DeleteEndpoint",
                "sagemaker:DeleteEndpointConfig",
                "sagemaker:DeleteModel",
                "sagemaker:StopTransformJob",
            ],
            [
                names.arn("sagemaker", f"endpoint/{names.prefix}-*"),
                names.endpoint_configs_arn,
                names.endpoint_models_arn,
                names.transform_jobs_arn,
            ],
        ),
        allow("DeleteVersions", ["sagemaker:DeleteModelPackage"], [_versions(names)]),
        allow(
            "EndScaling",
            ["application-autoscaling:DeregisterScalableTarget"],
            [names.arn("application-autoscaling", "scalable-target/*")],  # the service makes up these ids
            {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
        ),
        allow(
            "DeleteAlarmsOfEndpoints",
            ["cloudwatch:DeleteAlarms"],
            [
                *(names.arn("cloudwatch", f"alarm:{names.prefix}-*.{purpose}") for purpose in ALARM_PURPOSES),
                # Target tracking removes its own in the name of whoever deregisters.
                names.arn("cloudwatch", f"alarm:TargetTracking-endpoint/{names.prefix}-*"),
            ],
        ),
    ]
