"""Who decides and what is registered: the gate with its thresholds, the failure message, the model version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sagemaker.core.model_registry import create_model_package_from_containers
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.steps import ProcessingStep, Step

from pipeline_defs.jobs import SERVICE_RETRY, Text
from pipeline_defs.settings import PipelineSettings


def register(
    step: str,
    *,
    settings: PipelineSettings,
    session: PipelineSession,
    model_data: Text,
    statistics_uri: Text,
    metadata: Mapping[str, Text],
) -> ModelStep:
    """Register a model version that serves JSON from the model's own image.

    The approval status is a literal: whoever may start a run cannot approve its result.
    """
    session.context = None
    session.init_model_step_arguments(_Registered(session))
    create_model_package_from_containers(
        session,
        containers=[{"Image": settings.training_image, "ModelDataUrl": model_data}],
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=[settings.inference_instance],
        model_package_group_name=settings.model_package_group,
        approval_status=settings.approval_status,
        model_metrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": statistics_uri}}},
        customer_metadata_properties=dict(metadata),
    )
    return ModelStep(name=step, step_args=session.context, retry_policies=[SERVICE_RETRY])


def gate(
    step: str, *, settings: PipelineSettings, report: PropertyFile, of: ProcessingStep, passed: Sequence[Step]
) -> ConditionStep:
    """Go on to `passed` if every metric of the gate reaches its threshold, else fail and say which values it had.

    Thresholds are literals of the definition; conditions of one step are ANDed by the service.
    """
    message: list[Text] = [f"{settings.model} in {settings.environment} was not registered: "]
    conditions = []
    for position, (metric, threshold) in enumerate(sorted(settings.gate.items())):
        value = JsonGet(step_name=of.name, property_file=report, json_path=f"metrics.{metric}")
        conditions.append(ConditionGreaterThanOrEqualTo(left=value, right=float(threshold)))
        message += [f"{', ' if position else ''}{metric} ", value, f" must be at least {threshold}"]
    return ConditionStep(
        name=step,
        conditions=conditions,
        if_steps=list(passed),
        else_steps=[FailStep(name="Fail", error_message=Join(on="", values=message))],
    )


@dataclass(frozen=True, slots=True)
class _Registered:
    """What ModelStep asks of a model: its session. The package's content comes from `register`."""

    sagemaker_session: PipelineSession
