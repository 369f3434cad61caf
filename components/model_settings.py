"""From a stack's settings to those of a model's pipeline and delivery: the one place where they meet. No Pulumi."""

from components.tags import model_tags
from contracts.delivery_config import DeliveryConfig
from pipeline_defs.settings import PipelineSettings
from settings import Approval, StackSettings

APPROVAL_STATUS = {Approval.AUTOMATIC: "Approved", Approval.MANUAL: "PendingManualApproval"}
ROLES = ("pipeline", "processing", "training")
SECONDS_PER_MINUTE = 60


def pipeline_settings(settings: StackSettings, model: str) -> PipelineSettings:
    """Return what the pipeline of `model` is composed from.

    Role ARNs and names are computed, not looked up, so a definition needs neither credentials nor created resources.
    Raises `KeyError` that lists the stack's models for an unknown one.
    """
    if model not in settings.models:
        known = ", ".join(sorted(settings.models)) or "none"
        raise KeyError(f"models.{model}: stack {settings.environment.value} has no such model; it has: {known}")
    chosen, names = settings.models[model], settings.names
    return PipelineSettings(
        model=model,
        environment=settings.environment.value,
        region=settings.region,
        pipeline=chosen.pipeline,
        pipeline_name=names.pipeline(model),
        role_arns={purpose: names.role_arn(purpose) for purpose in ROLES},
        model_package_group=names.model_package_group(model),
        artifact_bucket=names.bucket("artifacts"),
        input_data_uri=f"s3://{names.bucket('data')}/{settings.input_prefix(model)}",
        training_image=names.image_uri(model, chosen.image),
        gate={metric: float(least) for metric, least in chosen.gate.model_dump(exclude_none=True).items()},
        approval_status=APPROVAL_STATUS[chosen.approval],
        data_schema=chosen.data_schema or model.replace("-", "_"),
        hyperparameters={name: str(value) for name, value in chosen.hyperparameters.items()},
        preprocessing_instance=chosen.preprocessing_instance,
        training_instance=chosen.training_instance,
        evaluation_instance=chosen.evaluation_instance,
        inference_instance=chosen.inference_instance,
        volume_gb=chosen.volume_gb,
        max_runtime_seconds=chosen.max_runtime_minutes * SECONDS_PER_MINUTE,
        tags=model_tags(settings, model),
    )


def delivery_config(settings: StackSettings, model: str) -> DeliveryConfig:
    """Return what the functions must know about a model, as far as settings say it.

    Subnets, security groups and key exist only after creation: they stay empty, and `ModelDelivery` fills them in.
    Raises `ValueError` for a model without delivery.
    """
    delivery, names = settings.delivery(model), settings.names
    if delivery is None:
        raise ValueError(f"models.{model}.delivery is absent, so nothing is published about it")
    chosen = settings.models[model]
    return DeliveryConfig(
        model=model,
        environment=settings.environment.value,
        group=names.model_package_group(model),
        approval=chosen.approval.value,
        gate={metric: float(least) for metric, least in chosen.gate.model_dump(exclude_none=True).items()},
        delivery=delivery,
        role_arn=names.role_arn("serving"),
        subnets=(),
        security_groups=(),
        key_arn="",
        artifact_bucket=names.bucket("artifacts"),
        capture_bucket=names.bucket("data"),
        data_bucket=names.bucket("data"),
        tags=model_tags(settings, model),
        previous=settings.promoted_from(model),
    )
