"""Endpoints that no settings deliver any more, and removing what one model's delivery left behind.

A model that is taken out of a living stack keeps its endpoint: nothing but the stack's own destruction sweeps it, and a
deletion that follows from an edit of a file would be too easy. So it is listed, and an operator removes it by name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contracts import desired_state, endpoint_plan
from contracts.delivery_config import Owner
from contracts.endpoint_plan.scaling import DIMENSION, SERVICE, scalable_resource
from operations import table
from operations.descriptions import description_of
from operations.errors import MisuseError, NotFoundError, OperationError, code_of, is_missing, told
from operations.plain import now
from operations.session import Access

MODEL_TAG = "model"
"""Tag that delivery puts on everything it creates (`contracts.endpoint_plan`)."""
DELETING = "Deleting"
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
"""EndpointStatus in which SageMaker refuses to delete an endpoint."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """What a removal deleted, by name; empty where it was gone already."""

    model: str
    endpoint: str | None
    endpoint_configs: tuple[str, ...]
    sagemaker_models: tuple[str, ...]
    alarms: tuple[str, ...]
    recorded: bool
    """Whether the model's record says Removed now; False where there is none."""


def orphans(access: Access) -> dict[str, str]:
    """Return endpoint by model of what the stack's delivery once created and its settings deliver no more.

    An endpoint of ours without the tag that names its model is given by its own name.
    """
    settings, prefix = access.settings, access.names.prefix
    delivered = {access.names.endpoint(model) for model in settings.models if settings.delivery(model) is not None}
    with told("list endpoints"):
        pages = access.client("sagemaker").get_paginator("list_endpoints").paginate(NameContains=prefix)
        found = [each for page in pages for each in page["Endpoints"]]
    left = [each for each in found if each["EndpointName"].startswith(f"{prefix}-")]
    astray = {each["EndpointName"]: each["EndpointArn"] for each in left if each["EndpointName"] not in delivered}
    return {_model_of(access, name, arn): name for name, arn in sorted(astray.items())}


def remove(access: Access, model: str, *, confirmed: str, reason: str) -> Removed:
    """Delete a model's endpoint, then its configs, its SageMaker models and alarms, and record it. Again is no error.

    `confirmed` repeats the model's name. The endpoint goes first, so whatever a removal leaves when it ends early is
    found by the next one. Versions, artifacts and the history stay. Raises MisuseError where the settings deliver the
    model as its endpoint is: its next approval would create it anew.
    """
    if confirmed != model:
        raise MisuseError(f"removing {model} takes its name once more, and {confirmed!r} was given: --confirm {model}")
    described = _endpoint(access, model)
    _may_go(access, model, described)
    configs, models = _configs(access, model, described), set[str]()
    for name in configs:
        models |= _models_of(access, name)
    alarms = _alarms(access, model)
    if described is not None and described["EndpointStatus"] != DELETING:
        _deregister(access, model)
        _delete(access, "sagemaker", "delete_endpoint", EndpointName=access.names.endpoint(model))
    # A config goes after its models: the names of the models are in it.
    for name in sorted(models):
        _delete(access, "sagemaker", "delete_model", ModelName=name)
    for name in configs:
        _delete(access, "sagemaker", "delete_endpoint_config", EndpointConfigName=name)
    for name in alarms:
        _delete(access, "cloudwatch", "delete_alarms", AlarmNames=[name])
    return Removed(
        model=model,
        endpoint=access.names.endpoint(model) if described is not None else None,
        endpoint_configs=tuple(configs),
        sagemaker_models=tuple(sorted(models)),
        alarms=tuple(alarms),
        recorded=_record(access, model, reason),
    )


def _may_go(access: Access, model: str, described: Mapping[str, Any] | None) -> None:
    settings = access.settings
    delivery = settings.delivery(model) if model in settings.models else None
    stack, name = settings.environment.value, access.names.endpoint(model)
    if delivery is not None:
        if delivery.owner is Owner.REPOSITORY:
            raise MisuseError(f"{name} belongs to the repository of {model}: destroy the repository's own stack.")
        if described is None or endpoint_plan.kind_of(described) is delivery.kind:
            raise MisuseError(
                f"stack {stack} delivers {model}: its next approval would create the endpoint anew. Remove"
                f" models.{model}.delivery (or the model) from the settings and run `pulumi up` first."
            )
    elif described is None and _wanted(access, model) is None:
        raise NotFoundError(f"stack {stack} has no endpoint {name}, and nothing of {model} was ever deployed in it.")
    if described is not None and described["EndpointStatus"] in CHANGING:
        raise MisuseError(f"{name} is {described['EndpointStatus']}, and SageMaker deletes no endpoint that changes."
                          " Nothing was deleted. Repeat it when the endpoint rests.")  # fmt: skip


def _endpoint(access: Access, model: str) -> Mapping[str, Any] | None:
    return description_of(access, "describe_endpoint", EndpointName=access.names.endpoint(model))


def _configs(access: Access, model: str, described: Mapping[str, Any] | None) -> list[str]:
    """Return the configs of this model: those deployed, the one that runs, and those named as its configs are."""
    own = re.compile(rf"{re.escape(f'{access.names.prefix}-{model}')}-[0-9a-f]{{8}}")
    try:
        recorded = {each.endpoint_config for each in table.history(access, model)}
    except NotFoundError:  # a stack that delivers nothing any more has no table
        recorded = set()
    runs = {described.get("EndpointConfigName")} if described is not None else set()
    with told(f"list the endpoint configs of {model}"):
        pages = access.client("sagemaker").get_paginator("list_endpoint_configs")
        there = [
            str(each["EndpointConfigName"])
            for page in pages.paginate(NameContains=access.names.prefix)
            for each in page["EndpointConfigs"]
        ]
    ours = [name for name in there if name.startswith(f"{access.names.prefix}-")]
    return sorted(name for name in ours if name in recorded | runs or own.fullmatch(name))


def _models_of(access: Access, config: str) -> set[str]:
    described = description_of(access, "describe_endpoint_config", EndpointConfigName=config) or {}
    kinds = ("ProductionVariants", "ShadowProductionVariants")
    return {v["ModelName"] for kind in kinds for v in described.get(kind) or () if v.get("ModelName")}


def _alarms(access: Access, model: str) -> list[str]:
    wanted = [access.names.alarm(purpose, model) for purpose in endpoint_plan.ALARM_PURPOSES]
    with told(f"find the alarms of {model}"):
        answer = access.client("cloudwatch").describe_alarms(AlarmNames=wanted)
    return sorted(alarm["AlarmName"] for alarm in answer["MetricAlarms"])


def _deregister(access: Access, model: str) -> None:
    """End the scaling of the endpoint; its policies and their alarms go with the target."""
    place = {"ServiceNamespace": SERVICE, "ScalableDimension": DIMENSION}
    resource = scalable_resource(access.names, model)
    scaling = access.client("application-autoscaling")
    with told(f"end the scaling of {model}"):
        if scaling.describe_scalable_targets(**place, ResourceIds=[resource])["ScalableTargets"]:
            scaling.deregister_scalable_target(**place, ResourceId=resource)


def _record(access: Access, model: str, reason: str) -> bool:
    text = f"removed by {access.caller}: {reason}"
    for _ in range(table.ROUNDS):
        current = _wanted(access, model)
        if current is None:
            return False
        if table.save(access, current, desired_state.removed(current, text, at=now())):
            return True
    raise OperationError(f"{model} is removed, and its record changed while that was noted. Repeat the same command.")


def _wanted(access: Access, model: str) -> desired_state.Desired | None:
    try:
        return table.read(access, model)
    except NotFoundError:
        return None


def _model_of(access: Access, endpoint: str, arn: str) -> str:
    with told(f"read the tags of {endpoint}"):
        pages = access.client("sagemaker").get_paginator("list_tags").paginate(ResourceArn=arn)
        tags = {tag["Key"]: str(tag["Value"]) for page in pages for tag in page["Tags"]}
    return tags.get(MODEL_TAG) or endpoint


def _delete(access: Access, service: str, operation: str, **request: Any) -> None:
    what = next(iter(request.values()))
    hint = f"You are {access.caller}. What was deleted stays deleted; repeat the command once you may."
    with told(f"{operation.replace('_', ' ')} {what}", hint=hint):
        try:
            getattr(access.client(service), operation)(**request)
        except ClientError as error:
            if not is_missing(error) and code_of(error) != "ObjectNotFoundException":
                raise


def listing(found: Removed) -> Iterator[str]:
    """Yield one line for each thing that was deleted."""
    if found.endpoint is not None:
        yield f"endpoint {found.endpoint}"
    yield from (f"endpoint config {name}" for name in found.endpoint_configs)
    yield from (f"SageMaker model {name}" for name in found.sagemaker_models)
    yield from (f"alarm {name}" for name in found.alarms)
