"""The pipeline document's own shapes, which botocore's model lacks, written in the form of that model.

Source: the JSON that SageMaker Python SDK 3.27 writes (`sagemaker.mlops.workflow`) and the Pipelines pages of the
SageMaker developer guide. The public JSON schema is not the source: it rejects what the SDK and the service use.
Two types are ours: `scalar` (string, number, boolean, reference or function) and `any` (not looked into).
"""

from collections.abc import Mapping
from typing import Any

VERSION = "2020-12-01"


def _structure(required: str, /, **members: str) -> dict[str, Any]:
    """Write a structure shape: names of the required members, separated by spaces, and each member's shape."""
    return {
        "type": "structure",
        "required": required.split(),
        "members": {name: {"shape": shape} for name, shape in members.items()},
    }


def _list(member: str, **limits: int) -> dict[str, Any]:
    return {"type": "list", "member": {"shape": member}, **limits}


def _enum(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


# What every step may carry; a step type adds its own members in `step_types.py`.
STEP_MEMBERS = {
    "Name": "DefinitionStepName",
    "Type": "DefinitionText",
    "Arguments": "DefinitionAny",
    "DependsOn": "DefinitionDependencies",
    "DisplayName": "DefinitionText",
    "Description": "DefinitionDescription",
}

_COMPARISON = _structure(
    "Type LeftValue RightValue", Type="DefinitionText", LeftValue="DefinitionScalar", RightValue="DefinitionScalar"
)

CONDITIONS: Mapping[str, str] = {
    "Equals": "DefinitionComparison",
    "GreaterThan": "DefinitionComparison",
    "GreaterThanOrEqualTo": "DefinitionComparison",
    "LessThan": "DefinitionComparison",
    "LessThanOrEqualTo": "DefinitionComparison",
    "In": "DefinitionInCondition",
    "Not": "DefinitionNotCondition",
    "Or": "DefinitionOrCondition",
}
"""Shape of a condition by its Type. Conditions of a step are combined by And, which has no operator of its own."""

GRAMMAR: dict[str, Mapping[str, Any]] = {
    "DefinitionAny": {"type": "any"},
    "DefinitionScalar": {"type": "scalar"},
    "DefinitionScalars": _list("DefinitionScalar"),
    "DefinitionText": {"type": "string", "min": 1},
    "DefinitionTexts": _list("DefinitionText", min=1),
    "DefinitionDescription": {"type": "string", "max": 3072},
    "DefinitionBoolean": {"type": "boolean"},
    "DefinitionStepName": {"type": "string", "min": 1, "max": 64, "pattern": r"[A-Za-z0-9\-_]+"},
    # the document
    "DefinitionDocument": _structure(
        "Version Steps",
        Version="DefinitionVersion",
        Metadata="DefinitionAny",
        Parameters="DefinitionParameters",
        PipelineExperimentConfig="DefinitionExperimentConfig",
        MlflowConfig="MlflowConfig",
        Steps="DefinitionSteps",
    ),
    "DefinitionVersion": _enum(VERSION),
    "DefinitionSteps": _list("DefinitionAny", min=1),
    "DefinitionExperimentConfig": _structure("", ExperimentName="DefinitionScalar", TrialName="DefinitionScalar"),
    "DefinitionParameters": _list("DefinitionParameter", max=200),
    "DefinitionParameter": _structure(
        "Name Type",
        Name="PipelineParameterName",
        Type="DefinitionParameterType",
        DefaultValue="DefinitionAny",
        EnumValues="DefinitionAny",
        Description="DefinitionDescription",
    ),
    "DefinitionParameterType": _enum("String", "Integer", "Float", "Boolean"),
    # what surrounds a step's arguments
    "DefinitionDependencies": _list("DefinitionAny"),
    "DefinitionDependency": _structure("Step Trigger", Step="DefinitionText", Trigger="DefinitionTrigger"),
    "DefinitionTrigger": _enum("Completed", "Failed", "Stopped", "Any"),
    "DefinitionCacheConfig": _structure("Enabled", Enabled="DefinitionBoolean", ExpireAfter="DefinitionDuration"),
    "DefinitionDuration": {
        "type": "string",
        # ISO 8601, at least one element. The SDK's documentation shows a lower-case p and a missing P as well.
        "pattern": r"(?i)(?=.*\d)(P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?",
    },
    "DefinitionRetryPolicies": _list("DefinitionRetryPolicy"),
    "DefinitionRetryPolicy": _structure(
        "ExceptionType",
        ExceptionType="DefinitionExceptionTypes",
        IntervalSeconds="DefinitionInterval",
        BackoffRate="DefinitionBackoff",
        MaxAttempts="DefinitionAttempts",
        ExpireAfterMin="DefinitionExpiry",
    ),
    "DefinitionExceptionTypes": _list("DefinitionExceptionType", min=1),
    "DefinitionExceptionType": _enum(
        "Step.SERVICE_FAULT",
        "Step.THROTTLING",
        "SageMaker.JOB_INTERNAL_ERROR",
        "SageMaker.CAPACITY_ERROR",
        "SageMaker.RESOURCE_LIMIT",
    ),
    # Ranges: the validators of sagemaker.mlops.workflow.retry. The documentation names none.
    "DefinitionInterval": {"type": "integer", "min": 0},
    "DefinitionBackoff": {"type": "float", "min": 0},
    "DefinitionAttempts": {"type": "integer", "min": 1, "max": 20},
    "DefinitionExpiry": {"type": "integer", "min": 1, "max": 14400},
    "DefinitionPropertyFiles": _list("DefinitionPropertyFile"),
    "DefinitionPropertyFile": _structure(
        "PropertyFileName OutputName FilePath",
        PropertyFileName="DefinitionText",
        OutputName="DefinitionText",
        FilePath="DefinitionText",
    ),
    "DefinitionOutputParameters": _list("DefinitionOutputParameter"),
    "DefinitionOutputParameter": _structure(
        "OutputName OutputType", OutputName="DefinitionText", OutputType="DefinitionParameterType"
    ),
    # functions
    "DefinitionGet": _structure("Get", Get="DefinitionText"),
    "DefinitionJoin": _structure("Std:Join", **{"Std:Join": "DefinitionJoinOperands"}),
    "DefinitionJoinOperands": _structure("On Values", On="DefinitionSeparator", Values="DefinitionScalars"),
    "DefinitionSeparator": {"type": "string"},
    "DefinitionJsonGet": _structure("Std:JsonGet", **{"Std:JsonGet": "DefinitionJsonGetOperands"}),
    "DefinitionJsonGetOperands": _structure(
        "Path", PropertyFile="DefinitionScalar", S3Uri="DefinitionScalar", Path="DefinitionScalar"
    ),
    # arguments of the steps that are no SageMaker request
    "DefinitionConditionArguments": _structure(
        "Conditions IfSteps ElseSteps",
        Conditions="DefinitionConditions",
        IfSteps="DefinitionNestedSteps",
        ElseSteps="DefinitionNestedSteps",
    ),
    "DefinitionConditions": _list("DefinitionAny", min=1),
    "DefinitionNestedSteps": _list("DefinitionAny"),
    "DefinitionComparison": _COMPARISON,
    "DefinitionInCondition": _structure(
        "Type QueryValue Values", Type="DefinitionText", QueryValue="DefinitionScalar", Values="DefinitionScalars"
    ),
    "DefinitionNotCondition": _structure("Type Condition", Type="DefinitionText", Condition="DefinitionAny"),
    "DefinitionOrCondition": _structure("Type Conditions", Type="DefinitionText", Conditions="DefinitionConditions"),
    "DefinitionFailArguments": _structure("ErrorMessage", ErrorMessage="DefinitionErrorMessage"),
    "DefinitionErrorMessage": {"type": "string", "min": 1, "max": 3072},
    "DefinitionInputs": {
        "type": "map",
        "key": {"shape": "DefinitionText"},
        "value": {"shape": "DefinitionAny"},
    },
    "DefinitionEmrArguments": _structure(
        "StepConfig",
        StepConfig="DefinitionEmrStepConfig",
        ClusterId="DefinitionText",
        ClusterConfig="DefinitionAny",
        ExecutionRoleArn="RoleArn",
    ),
    "DefinitionEmrStepConfig": _structure("HadoopJarStep", HadoopJarStep="DefinitionHadoopJarStep"),
    "DefinitionHadoopJarStep": _structure(
        "Jar", Jar="DefinitionText", Args="DefinitionTexts", MainClass="DefinitionText", Properties="DefinitionAny"
    ),
    "DefinitionEmrServerlessArguments": _structure(
        "ExecutionRoleArn JobConfig",
        ExecutionRoleArn="RoleArn",
        JobConfig="DefinitionAny",
        ApplicationId="DefinitionText",
        ApplicationConfig="DefinitionAny",
    ),
    "DefinitionForEachArguments": _structure(
        "IterableItems ForEachBody",
        IterableItems="DefinitionAny",
        MaxConcurrency="DefinitionConcurrency",
        Selector="DefinitionAny",
        ForEachBody="DefinitionNestedSteps",
    ),
    "DefinitionConcurrency": {"type": "integer", "min": 1, "max": 50},
    "DefinitionCleanupArguments": _structure("Resources", Resources="DefinitionAny"),
    "DefinitionCheckType": _enum("DATA_QUALITY", "MODEL_QUALITY", "DATA_BIAS", "MODEL_BIAS", "MODEL_EXPLAINABILITY"),
}
