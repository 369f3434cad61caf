"""What each step type takes and gives: the request its Arguments follow, the response its references read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline_defs.validation.grammar import STEP_MEMBERS

# The two checks run a processing job and carry their own members beside the Arguments.
_CHECK = {
    "CheckType": "DefinitionCheckType",
    "ModelPackageGroupName": "DefinitionScalar",
    "SkipCheck": "DefinitionScalar",
    "FailOnViolation": "DefinitionScalar",
    "RegisterNewBaseline": "DefinitionScalar",
    "SuppliedBaselineConstraints": "DefinitionScalar",
}
_CHECK_GIVES = frozenset({"CalculatedBaselineConstraints", "BaselineUsedForDriftCheckConstraints"})


@dataclass(frozen=True, kw_only=True, slots=True)
class StepType:
    """The rules of one step type."""

    request: str | None
    """Shape that the Arguments follow; None where no shape is published, so they are not looked into."""
    named: str | None = None
    """Required member of the request that the service fills in by itself."""
    refused: frozenset[str] = frozenset()
    """Members of the request that the developer guide excludes from this step."""
    responses: tuple[str, ...] = ()
    """Shapes that a reference's path is looked up in."""
    properties: frozenset[str] = frozenset()
    """Further first members of a path that no response shape has; what follows them is not looked into."""
    cacheable: bool = False
    retryable: bool = False
    members: Mapping[str, str] = field(default_factory=dict)
    """Members beside the common ones, with their shapes."""
    required: frozenset[str] = frozenset()
    """Those of `members` that must be there."""
    service: str = "sagemaker"
    """Service of the response shapes."""

    def envelope(self) -> dict[str, str]:
        """All members that a step of this type may carry, with their shapes."""
        members = {**STEP_MEMBERS, **self.members}
        if self.cacheable:
            members["CacheConfig"] = "DefinitionCacheConfig"
        if self.retryable:
            members["RetryPolicies"] = "DefinitionRetryPolicies"
        return members


def _job(
    operation: str, name: str, *responses: str, refused: frozenset[str] = frozenset(), properties: str = ""
) -> StepType:
    return StepType(
        request=f"Create{operation}Request",
        named=name,
        responses=(f"Describe{operation}Response", *responses),
        refused=refused,
        properties=frozenset(properties.split()),
        cacheable=True,
        retryable=True,
    )


_PROCESSING = StepType(
    request="CreateProcessingJobRequest",
    named="ProcessingJobName",
    responses=("DescribeProcessingJobResponse",),
    properties=frozenset({"PropertyFiles"}),
    cacheable=True,
    retryable=True,
    members={"PropertyFiles": "DefinitionPropertyFiles"},
)

STEP_TYPES: Mapping[str, StepType] = {
    "Processing": _PROCESSING,
    "Training": _job("TrainingJob", "TrainingJobName"),
    "Transform": _job("TransformJob", "TransformJobName"),
    "Tuning": _job(
        "HyperParameterTuningJob",
        "HyperParameterTuningJobName",
        # TuningStep reads the best jobs by index from the list response.
        "ListTrainingJobsForHyperParameterTuningJobResponse",
    ),
    "AutoML": _job(
        "AutoMLJob",
        "AutoMLJobName",
        refused=frozenset({"ModelDeployConfig", "GenerateCandidateDefinitionsOnly"}),
        properties="BestCandidateProperties",
    ),
    "Model": StepType(
        request="CreateModelInput", named="ModelName", responses=("DescribeModelOutput",), retryable=True
    ),
    "RegisterModel": StepType(
        request="CreateModelPackageInput", responses=("DescribeModelPackageOutput",), retryable=True
    ),
    "EndpointConfig": StepType(
        request="CreateEndpointConfigInput",
        named="EndpointConfigName",
        responses=("DescribeEndpointConfigOutput",),
        cacheable=True,
        retryable=True,
    ),
    "Endpoint": StepType(request="CreateEndpointInput", responses=("DescribeEndpointOutput",), cacheable=True),
    "InferenceComponent": StepType(
        request="CreateInferenceComponentInput", responses=("DescribeInferenceComponentOutput",), cacheable=True
    ),
    "QualityCheck": StepType(
        request="CreateProcessingJobRequest",
        named="ProcessingJobName",
        properties=_CHECK_GIVES | {"CalculatedBaselineStatistics", "BaselineUsedForDriftCheckStatistics"},
        cacheable=True,
        members={**_CHECK, "SuppliedBaselineStatistics": "DefinitionScalar"},
        required=frozenset({"CheckType"}),
    ),
    "ClarifyCheck": StepType(
        request="CreateProcessingJobRequest",
        named="ProcessingJobName",
        properties=_CHECK_GIVES,
        cacheable=True,
        members={**_CHECK, "ModelName": "DefinitionScalar"},
        required=frozenset({"CheckType"}),
    ),
    "Lambda": StepType(
        request="DefinitionInputs",
        properties=frozenset({"OutputParameters"}),
        cacheable=True,
        members={"FunctionArn": "LambdaFunctionArn", "OutputParameters": "DefinitionOutputParameters"},
        required=frozenset({"FunctionArn"}),
    ),
    "Callback": StepType(
        request="DefinitionInputs",
        properties=frozenset({"OutputParameters"}),
        cacheable=True,
        members={"SqsQueueUrl": "DefinitionScalar", "OutputParameters": "DefinitionOutputParameters"},
        required=frozenset({"SqsQueueUrl"}),
    ),
    "EMR": StepType(
        request="DefinitionEmrArguments",
        responses=("Step",),
        service="emr",
        properties=frozenset({"ClusterId", "ClusterConfig", "ExecutionRoleArn"}),
        cacheable=True,
    ),
    "EMRServerless": StepType(
        request="DefinitionEmrServerlessArguments",
        responses=("GetJobRunResponse",),
        service="emr-serverless",
        cacheable=True,
        retryable=True,
    ),
    "Condition": StepType(request="DefinitionConditionArguments", properties=frozenset({"Outcome"})),
    "Fail": StepType(request="DefinitionFailArguments"),
    "ForEach": StepType(
        request="DefinitionForEachArguments",
        properties=frozenset(
            [
                "Status",
                "InputItemCount",
                "TotalStepCount",
                "SucceededStepCount",
                "FailedStepCount",
                "StoppedStepCount",
                "IterationOutputs",
                "Selected",
            ]
        ),
    ),
    "Cleanup": StepType(request="DefinitionCleanupArguments"),
    "Lineage": StepType(
        request=None, properties=frozenset({"ActionArns", "ArtifactArns", "ContextArns", "Associations"})
    ),
    "Job": StepType(request=None, retryable=True),
}
"""Every step type of SageMaker Pipelines (StepTypeEnum of SDK 3.27), by the Type in the document."""
