"""`ModelEndpoint`: one model version behind an endpoint, for repositories that deploy their model themselves."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws

from components.endpoint_arguments import alarm_arguments, arguments
from contracts import endpoint_plan
from contracts.delivery_config import (
    Alarms,
    Asynchronous,
    Capture,
    Delivery,
    Instances,
    Kind,
    Owner,
    Rollout,
    Scaling,
    Serverless,
    Source,
    Strategy,
)
from contracts.endpoint_plan import DeliveryPlanInput
from contracts.endpoint_rules import faults
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelEndpointArgs:
    """Settings of a `ModelEndpoint`: flat, so that programs in every Pulumi language can give them."""

    organisation: str
    """First part of every name, as in the platform's settings."""
    unit: str
    """Second part of every name."""
    environment: str
    """`dev`, `preprod` or `prod`."""
    region: str
    """Region of the endpoint."""
    account: str
    """Account of the endpoint, 12 digits."""
    model: str
    """Name of the model."""
    version_arn: pulumi.Input[str]
    """ARN of the model package version that is to serve; a new one makes a new config and shifts traffic to it."""
    image: pulumi.Input[str]
    """Image URI of that version, by digest."""
    model_data_url: pulumi.Input[str]
    """`s3://` URI of its `model.tar.gz`."""
    role_arn: pulumi.Input[str]
    """Role that the containers run as."""
    subnet_ids: pulumi.Input[list[str]]
    """Subnets of the containers; not used by a serverless endpoint."""
    security_group_ids: pulumi.Input[list[str]]
    """Security groups of the containers."""
    key_arn: pulumi.Input[str]
    """Key of volumes, captures and asynchronous results."""
    capture_bucket: pulumi.Input[str]
    """Bucket of captured requests and answers."""
    artifact_bucket: pulumi.Input[str]
    """Bucket of asynchronous results."""
    environment_variables: pulumi.Input[dict[str, str]] | None = None
    """Environment variables of the version's container."""
    kind: str | None = None
    """`realtime` (default), `serverless` or `async`."""
    instance_type: str | None = None
    """Instance type; `ml.m5.large` where absent."""
    instances_min: int | None = None
    """Instances at least, and at the start; 1 where absent, 2 or more in prod."""
    instances_max: int | None = None
    """Instances at most; above `instances_min` the endpoint scales by itself."""
    serverless_memory_mb: int | None = None
    """Memory of a serverless endpoint, a multiple of 1024 up to 6144."""
    serverless_max_concurrency: int | None = None
    """Requests at once of a serverless endpoint."""
    async_max_concurrent: int | None = None
    """Requests that one instance of an asynchronous endpoint works on at once."""
    scaling_target_per_instance: int | None = None
    """Requests per instance and minute to aim at; for an asynchronous endpoint, waiting requests per instance."""
    scale_in_cooldown_s: int | None = None
    """Seconds before another instance may go."""
    scale_out_cooldown_s: int | None = None
    """Seconds before another instance may come."""
    capture_percent: int | None = None
    """Share of requests and answers that are captured, 1 to 100; none where absent."""
    rollout_strategy: str | None = None
    """`all_at_once` (default), `canary`, `linear` or `rolling`."""
    rollout_step_percent: int | None = None
    """Size of a step, in percent of the capacity."""
    rollout_wait_seconds: int | None = None
    """Seconds for which the alarms are watched after each step."""
    rollout_bake_seconds: int | None = None
    """Seconds that the old instances stay after all traffic has moved."""
    alarm_max_5xx_rate: float | None = None
    """Largest share of requests that the model fails with 5xx, 0 to 1; no alarms where both bounds are absent."""
    alarm_max_latency_ms: int | None = None
    """Largest p99 of the model's latency, in milliseconds."""
    alarm_topic_arn: pulumi.Input[str] | None = None
    """Topic that hears of the alarms; an update is rolled back by them also without it."""
    tags: dict[str, str] | None = None
    """Tags of everything; the platform's own keys are best kept."""

    def __post_init__(self) -> None:
        """Refuse what SageMaker would refuse, with the reason, before anything is created."""
        delivery = delivery_of(self)
        # Instances that nobody asked for are no fault of an endpoint that has none.
        stated = {name: getattr(delivery, name) for name in Delivery.__dataclass_fields__}
        if self.instances_min is None and self.instances_max is None:
            stated["instances"] = None
        found = faults(SimpleNamespace(**stated), self.environment)
        if delivery.kind is Kind.BATCH:
            raise ValueError(f"model {self.model}: batch has no endpoint; set kind to realtime, serverless or async")
        if found:
            lines = [f"{'_'.join(fault.path)} {fault.value}: {fault.rule}; {fault.fix}" for fault in found]
            raise ValueError(f"model {self.model} cannot be served so:\n" + "\n".join(lines))


class ModelEndpoint(pulumi.ComponentResource):
    """Owns the SageMaker model, the endpoint config, the endpoint, its scaling and alarms.

    Model and config are named by their content: a change makes new ones, moves the endpoint over by the rollout, and
    then removes the old ones, so the program of the previous version is the way back. Does not own role, network, key
    or buckets. Only a new name replaces the endpoint. Two limits of the provider: an update that SageMaker rolls back
    silently is reported as success (watch the alarms), and an update starts again from `instances_min`.
    """

    endpoint_name: pulumi.Output[str]
    """Name of the endpoint; it stays when the version changes."""
    endpoint_arn: pulumi.Output[str]
    """ARN of the endpoint."""
    endpoint_config_name: pulumi.Output[str]
    """Name of the config that it runs."""

    def __init__(self, name: str, args: ModelEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ModelEndpoint", name, None, opts)
        self._name, self._args = name, args
        self._names, self._delivery = names_of(args), delivery_of(args)
        self._tags = {**(args.tags or {}), "model": args.model}
        self._child = pulumi.ResourceOptions(parent=self)
        alarms = self._create_alarms()
        endpoint = self._create_endpoint(alarms)
        self._create_scaling(endpoint)
        self.endpoint_name, self.endpoint_arn = endpoint.name, endpoint.arn
        self.endpoint_config_name = endpoint.endpoint_config_name
        self.register_outputs(
            {
                "endpoint_name": self.endpoint_name,
                "endpoint_arn": self.endpoint_arn,
                "endpoint_config_name": self.endpoint_config_name,
            }
        )

    def _plan(self) -> pulumi.Output[DeliveryPlanInput]:
        args, names, delivery = self._args, self._names, self._delivery

        def plan(known: dict[str, Any]) -> DeliveryPlanInput:
            return DeliveryPlanInput(
                model=args.model,
                environment=args.environment,
                names=names,
                delivery=delivery,
                role_arn=known["role_arn"],
                version_arn=known["version_arn"],
                image=known["image"],
                model_data_url=known["model_data_url"],
                environment_variables=known["environment_variables"] or {},
                subnets=tuple(known["subnet_ids"]),
                security_groups=tuple(known["security_group_ids"]),
                key_arn=known["key_arn"],
                capture_bucket=known["capture_bucket"],
                artifact_bucket=known["artifact_bucket"],
            )

        known = {
            name: getattr(args, name)
            for name in (
                "role_arn", "version_arn", "image", "model_data_url", "environment_variables", "subnet_ids",
                "security_group_ids", "key_arn", "capture_bucket", "artifact_bucket",
            )
        }  # fmt: skip
        return pulumi.Output.all(**known).apply(plan)

    def _create_endpoint(self, alarms: list[aws.cloudwatch.MetricAlarm]) -> aws.sagemaker.Endpoint:
        plan = self._plan()
        model_request = plan.apply(lambda known: arguments(endpoint_plan.create_model(known)))
        model = aws.sagemaker.Model(
            f"{self._name}-model",
            name=model_request["model_name"],
            execution_role_arn=model_request["execution_role_arn"],
            primary_container=model_request["primary_container"],
            vpc_config=model_request.apply(lambda request: request.get("vpc_config")),
            enable_network_isolation=model_request.apply(lambda request: request.get("enable_network_isolation")),
            tags=self._tags,
            opts=self._child,
        )
        config_request = plan.apply(lambda known: arguments(endpoint_plan.create_endpoint_config(known)))
        config = aws.sagemaker.EndpointConfiguration(
            f"{self._name}-config",
            name=config_request["endpoint_config_name"],
            production_variants=config_request["production_variants"],
            kms_key_arn=config_request.apply(lambda request: request.get("kms_key_id")),
            data_capture_config=config_request.apply(lambda request: request.get("data_capture_config")),
            async_inference_config=config_request.apply(lambda request: request.get("async_inference_config")),
            tags=self._tags,
            # The variants name the model as text, which is no dependency to the engine.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[model]),
        )
        rollout = endpoint_plan.deployment_config(self._names, self._args.model, self._delivery)
        return aws.sagemaker.Endpoint(
            f"{self._name}-endpoint",
            name=self._names.endpoint(self._args.model),
            endpoint_config_name=config.name,
            deployment_config=arguments(rollout) if rollout is not None else None,
            tags=self._tags,
            # SageMaker refuses a rollback by alarms that do not exist.
            opts=pulumi.ResourceOptions(parent=self, depends_on=alarms),
        )

    def _create_alarms(self) -> list[aws.cloudwatch.MetricAlarm]:
        topic = self._args.alarm_topic_arn
        requests = endpoint_plan.alarms(self._names, self._args.model, self._delivery)
        return [
            aws.cloudwatch.MetricAlarm(
                f"{self._name}-{purpose}",
                alarm_actions=[topic] if topic is not None else None,
                tags=self._tags,
                opts=self._child,
                **alarm_arguments(request),
            )
            for purpose, request in zip(endpoint_plan.ALARM_PURPOSES, requests, strict=False)
        ]

    def _create_scaling(self, endpoint: aws.sagemaker.Endpoint) -> None:
        requests = endpoint_plan.scaling_requests(self._names, self._args.model, self._delivery)
        if requests is None:
            return
        target = aws.appautoscaling.Target(
            f"{self._name}-scaling",
            **arguments(requests.register_scalable_target),
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[endpoint]),
        )
        policy = arguments(requests.put_scaling_policy)
        aws.appautoscaling.Policy(
            f"{self._name}-scaling-policy",
            name=policy["policy_name"],
            policy_type=policy["policy_type"],
            service_namespace=target.service_namespace,
            resource_id=target.resource_id,
            scalable_dimension=target.scalable_dimension,
            target_tracking_scaling_policy_configuration=policy["target_tracking_scaling_policy_configuration"],
            opts=self._child,
        )


def names_of(args: ModelEndpointArgs) -> Names:
    """Return the names of the stack that the endpoint belongs to; the image is given, so its account plays no part."""
    return Names(
        organisation=args.organisation,
        unit=args.unit,
        environment=args.environment,
        region=args.region,
        account=args.account,
        image_account=args.account,
    )


def delivery_of(args: ModelEndpointArgs) -> Delivery:
    """Return the delivery that flat args describe. Raises `ValueError` that lists the choices for a wrong one."""
    least = args.instances_min if args.instances_min is not None else 1
    alarms = _section(Alarms, max_5xx_rate=args.alarm_max_5xx_rate, max_latency_ms=args.alarm_max_latency_ms)
    return Delivery(
        source=Source.TRAIN,
        owner=Owner.REPOSITORY,
        kind=_choice(Kind, args.kind or Kind.REALTIME, "kind"),
        instance_type=args.instance_type or "ml.m5.large",
        instances=Instances(min=least, max=args.instances_max if args.instances_max is not None else least),
        serverless=_section(
            Serverless, memory_mb=args.serverless_memory_mb, max_concurrency=args.serverless_max_concurrency
        ),
        asynchronous=_section(Asynchronous, max_concurrent=args.async_max_concurrent),
        scaling=_section(
            Scaling,
            target_invocations_per_instance=args.scaling_target_per_instance,
            scale_in_cooldown_s=args.scale_in_cooldown_s,
            scale_out_cooldown_s=args.scale_out_cooldown_s,
        ),
        capture=_section(Capture, percent=args.capture_percent),
        rollout=_section(
            Rollout,
            strategy=_choice(Strategy, args.rollout_strategy, "rollout_strategy") if args.rollout_strategy else None,
            step_percent=args.rollout_step_percent,
            wait_seconds=args.rollout_wait_seconds,
            bake_seconds=args.rollout_bake_seconds,
        )
        or Rollout(),
        alarms=alarms,
    )


def _section(kind: Any, **values: Any) -> Any:
    """Return a section with what was stated, None where nothing was."""
    stated = {name: value for name, value in values.items() if value is not None}
    return kind(**stated) if stated else None


def _choice(kind: Any, value: str, argument: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{argument} is {value!r}; set one of {', '.join(kind)}") from None
