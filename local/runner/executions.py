"""The run as the embedded AWS sees it: a pipeline, an execution, and its steps."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from local.aws import pipeline_executions
from local.runner.parameters import text_of
from local.runner.record import RunRecord, Status, StepRecord

STEP_TYPES = {
    "Processing": ("ProcessingJob", "processing-job"),
    "Training": ("TrainingJob", "training-job"),
}


def start(client: Any, pipeline: str, text: str, parameters: Mapping[str, Any], role: str) -> str:
    """Create or update the pipeline, start an execution, and return its ARN."""
    if any(
        p["PipelineName"] == pipeline for p in client.list_pipelines(PipelineNamePrefix=pipeline)["PipelineSummaries"]
    ):
        client.update_pipeline(PipelineName=pipeline, PipelineDefinition=text, RoleArn=role)
    else:
        client.create_pipeline(
            PipelineName=pipeline, PipelineDefinition=text, RoleArn=role, ClientRequestToken=uuid.uuid4().hex
        )
    sent = [{"Name": name, "Value": text_of(value)} for name, value in parameters.items()]
    return str(
        client.start_pipeline_execution(
            PipelineName=pipeline, PipelineParameters=sent, ClientRequestToken=uuid.uuid4().hex
        )["PipelineExecutionArn"]
    )


def finish(run: RunRecord) -> None:
    """Note the end of a run, so that DescribePipelineExecution and ListPipelineExecutionSteps tell it."""
    never = {Status.NOT_TAKEN, Status.NOT_STARTED}  # the service does not list steps that never began
    pipeline_executions.record(
        run.account,
        run.region,
        run.execution_arn,
        status=run.status.value,
        reason=run.failure_reason,
        steps=[_step(run, step) for step in run.steps.values() if step.status not in never],
    )


def _step(run: RunRecord, step: StepRecord) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if step.type in STEP_TYPES and step.job_name:
        member, resource = STEP_TYPES[step.type]
        metadata[member] = {"Arn": f"arn:aws:sagemaker:{run.region}:{run.account}:{resource}/{step.job_name.lower()}"}
    elif step.type == "Condition" and step.outcome:
        metadata["Condition"] = {"Outcome": step.outcome.split(":")[0].title()}
    elif step.type == "RegisterModel" and step.model_package_arn:
        metadata["RegisterModel"] = {"Arn": step.model_package_arn}
    elif step.type == "Fail":
        metadata["Fail"] = {"ErrorMessage": step.failure_reason or ""}
    moments = {"StartTime": step.started, "EndTime": step.ended}
    cached = (
        {"SourcePipelineExecutionArn": run.execution_arn.replace(run.execution_id, step.cached_from)}
        if step.cached_from
        else None
    )
    return {
        "StepName": step.name,
        "StepStatus": step.status.value,
        "AttemptCount": step.attempts,
        "Metadata": metadata,
        **{name: dt.datetime.fromisoformat(moment) for name, moment in moments.items() if moment},
        **({"CacheHitResult": cached} if cached else {}),
        **({"FailureReason": step.failure_reason} if step.failure_reason else {}),
    }
