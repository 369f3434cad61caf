"""Pipeline executions with a real course: moto 5.2.5 calls each one Succeeded at once and cannot list its steps."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ResourceNotFound
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

_describe = SageMakerResponse.describe_pipeline_execution


def _execution(backend: Any, arn: str) -> Any:  # moto's own classes
    for pipeline in backend.pipelines.values():
        if arn in pipeline.pipeline_executions:
            return pipeline.pipeline_executions[arn]
    raise ResourceNotFound(f"Pipeline execution with ARN {arn} does not exist.")


def record(
    account: str, region: str, arn: str, *, status: str, reason: str | None, steps: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Note how far an execution got.

    `status` is one of the API's PipelineExecutionStatus values; `steps` are PipelineExecutionStep structures, first
    started first. The runner calls this, where SageMaker's own workers would.
    """
    execution = _execution(sagemaker_backends[account][region], arn)
    execution.pipeline_execution_status = status
    execution.pipeline_execution_failure_reason = reason
    execution.last_modified_time = utcnow()
    execution.local_steps = list(steps)


def describe_pipeline_execution(self: SageMakerResponse) -> ActionResult:
    """DescribePipelineExecution with the reason of a failure."""
    result: dict[str, Any] = dict(cast("dict[str, Any]", _describe(self).result))
    execution = _execution(self.sagemaker_backend, self._get_param("PipelineExecutionArn"))
    reason = execution.pipeline_execution_failure_reason
    result.pop("FailureReason", None)
    return ActionResult({**result, "FailureReason": reason} if reason else result)


def list_pipeline_execution_steps(self: SageMakerResponse) -> ActionResult:
    """ListPipelineExecutionSteps: sorted by start, newest first unless SortOrder says Ascending, paged."""
    execution = _execution(self.sagemaker_backend, self._get_param("PipelineExecutionArn"))
    early = dt.datetime.min.replace(tzinfo=dt.UTC)
    steps = sorted(getattr(execution, "local_steps", []), key=lambda s: s.get("StartTime") or early)
    if self._get_param("SortOrder") != "Ascending":  # documented default: CreatedTime, Descending
        steps.reverse()
    start = int(self._get_param("NextToken") or 0)
    end = start + int(self._get_param("MaxResults") or 100)
    token = {"NextToken": str(end)} if end < len(steps) else {}
    return ActionResult({"PipelineExecutionSteps": steps[start:end], **token})


OPERATIONS = {
    "describe_pipeline_execution": describe_pipeline_execution,
    "list_pipeline_execution_steps": list_pipeline_execution_steps,
}
