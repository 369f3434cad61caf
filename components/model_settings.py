"""From a stack's settings to those of one model's pipeline: the one place where the two meet. Pure, no Pulumi."""

from components.tags import model_tags
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
