"""Create or update what serves a version: SageMaker model, endpoint config, alarms, endpoint.

Names are digests of content, so what is there already is what is wanted, and creating it again is never necessary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contracts import endpoint_plan
from contracts.delivery_config import Kind
from contracts.endpoint_plan import DeliveryPlanInput, PlanError, ShadowModel
from contracts.names import Names
from lambda_src.shared import configuration, registry, scaling
from lambda_src.shared.clients import client
from lambda_src.shared.configuration import Served
from lambda_src.shared.errors import PermanentError, RetryLaterError, is_not_found, is_refusal

MOVING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
"""Statuses of DescribeEndpoint in which nothing can be asked of it; another event follows each."""
IN_SERVICE = "InService"
FAILED = "Failed"
"""DeleteEndpoint is the only operation that a failed endpoint takes (DescribeEndpoint, EndpointStatus)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """An endpoint as it is now."""

    status: str
    config: str
    pending: str | None
    """Config that it is changing to, where it is changing."""
    reason: str
    """Why it failed, where it did."""
    variants: tuple[Mapping[str, Any], ...]
    kind: Kind = Kind.REALTIME

    @property
    def moving(self) -> bool:
        """Whether it is between two states."""
        return self.status in MOVING

    def starts(self, config: str) -> bool:
        """Whether it is being created with `config` or changed to it."""
        return self.moving and config in (self.pending, self.config if self.status == "Creating" else None)


def observe(name: str) -> Endpoint | None:
    """Return the endpoint, None where there is none."""
    try:
        found = client("sagemaker").describe_endpoint(EndpointName=name)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return Endpoint(
        status=found["EndpointStatus"],
        config=found.get("EndpointConfigName", ""),
        pending=(found.get("PendingDeploymentSummary") or {}).get("EndpointConfigName"),
        reason=found.get("FailureReason", ""),
        variants=tuple(found.get("ProductionVariants", ())),
        kind=endpoint_plan.kind_of(found),
    )


def plan_of(served: Served, version: registry.Version) -> DeliveryPlanInput:
    """Return the plan of a version. Raises PermanentError where no plan can be made of it."""
    try:
        return DeliveryPlanInput.of(
            served.config,
            served.names,
            version_arn=version.arn,
            image=version.image,
            model_data_url=version.container["ModelDataUrl"],
            environment_variables=version.container.get("Environment") or {},
            shadow=_shadow(served),
        )
    except PlanError as error:
        raise PermanentError(str(error)) from error


def target_of(plan: DeliveryPlanInput) -> str:
    """Return the name of what is to run: the endpoint config, or for batch transform the SageMaker model."""
    if plan.delivery.kind is Kind.BATCH:
        return endpoint_plan.endpoint_model_name(plan)
    return endpoint_plan.endpoint_config_name(plan)


def check_kind(plan: DeliveryPlanInput, endpoint: Endpoint | None) -> None:
    """Raise PermanentError where the endpoint is of another kind than the plan, and so cannot be updated to it.

    A failed one is no obstacle: it is deleted and created anew in any case. One that moves is judged when it rests.
    """
    if endpoint is None or endpoint.moving or endpoint.status == FAILED:
        return
    wanted = plan.delivery.kind
    why = endpoint_plan.why_not(endpoint.kind, wanted)
    if why is not None:
        raise PermanentError(
            f"the endpoint is {endpoint.kind.value}, and delivery.kind is {wanted.value} now: {why}. Set kind:"
            f" {endpoint.kind.value} again, or remove the endpoint (mlops deployments remove {plan.environment}"
            f" {plan.model}) and approve the version again"
        )


def prepare(plan: DeliveryPlanInput) -> None:
    """Make sure that the models, the config and the alarms of a plan exist.

    Raises PermanentError where the archive or the image of a model is gone.
    """
    ensure_model(plan)
    if plan.shadow is not None:
        _ensure("model", "ModelName", endpoint_plan.create_model(plan, shadow=True))
    _ensure("endpoint_config", "EndpointConfigName", endpoint_plan.create_endpoint_config(plan))
    ensure_alarms(plan)


def ensure_model(plan: DeliveryPlanInput) -> None:
    """Make sure that the plan's SageMaker model exists."""
    _ensure("model", "ModelName", endpoint_plan.create_model(plan))


def ensure_alarms(plan: DeliveryPlanInput) -> None:
    """Make sure that the alarms that roll an update back watch by today's bounds. They must exist before an update."""
    cloudwatch = client("cloudwatch")
    requests = endpoint_plan.alarms(plan.names, plan.model, plan.delivery, actions=[configuration.result_topic_arn()])
    if not requests:
        return
    answer = cloudwatch.describe_alarms(AlarmNames=[str(request["AlarmName"]) for request in requests])
    there = {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
    for request in requests:
        alarm = there.get(request["AlarmName"], {})
        if any(alarm.get(member) != request[member] for member in ("Threshold", "AlarmActions")):
            cloudwatch.put_metric_alarm(**request)


def start(plan: DeliveryPlanInput, endpoint: Endpoint | None) -> bool:
    """Tell the endpoint to run the plan's config; return whether it does or is about to.

    Raises RetryLaterError after deleting a failed endpoint: nothing else can be done with one, its deletion sends no
    event that anybody waits for, and Lambda's retry a minute later creates it anew.
    """
    sagemaker = client("sagemaker")
    name = plan.names.endpoint(plan.model)
    config = endpoint_plan.endpoint_config_name(plan)
    if endpoint is None:
        return _tell(name, config, lambda: sagemaker.create_endpoint(**endpoint_plan.create_endpoint(plan)))
    if endpoint.status == FAILED:
        endpoint = observe(name) or endpoint  # another event may have replaced it a moment ago
        if endpoint.moving:
            return endpoint.starts(config)
        if not _tell(name, config, lambda: sagemaker.delete_endpoint(EndpointName=name), deletes=True):
            raise RetryLaterError(f"{name} had failed ({endpoint.reason}) and is being deleted; created next time")
        return True
    if endpoint.config == config:
        return True
    return _tell(name, config, lambda: _update(plan.names, plan.model, endpoint_plan.update_endpoint(plan)))


def go_back(served: Served, previous: str) -> bool:
    """Tell the endpoint to run the config `previous` again; return whether it is about to."""
    request = endpoint_plan.update_request(served.names, served.model, served.config.delivery, previous)
    return _tell(str(request["EndpointName"]), previous, lambda: _update(served.names, served.model, request))


def _update(names: Names, model: str, request: Mapping[str, Any]) -> None:
    """UpdateEndpoint; a variant that scales is taken out of scaling first where SageMaker asks for it."""
    try:
        client("sagemaker").update_endpoint(**request)
    except ClientError as error:
        if not scaling.stands_in_the_way(error):
            raise
        scaling.deregister(names, model)
        client("sagemaker").update_endpoint(**request)


def _tell(name: str, config: str, call: Any, *, deletes: bool = False) -> bool:
    """Make a call that changes the endpoint; return whether it is changing to `config` now.

    Refused because somebody else's change runs, the call is no error.
    """
    try:
        call()
    except ClientError as error:
        if not is_refusal(error):
            raise
        now = observe(name)
        if now is None or not now.moving:
            raise
        return now.starts(config)
    return not deletes


def _ensure(kind: str, key: str, request: Mapping[str, Any]) -> None:
    if _there(kind, key, request[key]):
        return
    try:
        getattr(client("sagemaker"), f"create_{kind}")(**request)
    except ClientError as error:
        if is_refusal(error) and _there(kind, key, request[key]):
            return
        # A model names files and an image, and nobody brings those back; a config names models that a retry creates.
        if kind == "model" and (is_not_found(error) or (is_refusal(error) and "not found" in str(error).lower())):
            raise PermanentError(f"SageMaker does not find what {request[key]} is made of: {error}") from error
        raise


def _there(kind: str, key: str, name: str) -> bool:
    try:
        getattr(client("sagemaker"), f"describe_{kind}")(**{key: name})
    except ClientError as error:
        if is_not_found(error):
            return False
        raise
    return True


def _shadow(served: Served) -> ShadowModel | None:
    shadow = served.config.delivery.shadow
    if shadow is None:
        return None
    group = served.names.model_package_group_arn(served.model)
    version = registry.read(f"{group.replace(':model-package-group/', ':model-package/')}/{shadow.version}")
    return ShadowModel(
        version_arn=version.arn,
        image=version.image,
        model_data_url=version.container["ModelDataUrl"],
        environment_variables=version.container.get("Environment") or {},
    )
