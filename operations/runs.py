"""The pipeline run that made a version: its parameters and the hyperparameters that it gave to training."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from operations.errors import DENIED, code_of, is_missing, told
from operations.plain import moment
from operations.session import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A pipeline execution."""

    arn: str
    execution: str
    """Its id, the last part of the ARN."""
    status: str | None = None
    started: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the pipeline, defaults included."""
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    """Hyperparameters of the training steps, parameters filled in; with several steps as `Step.name`."""
    unknown: str | None = None
    """Why the rest is not known; None where it is."""


def read(access: Access, arn: str) -> Run:
    """Return a run; where it cannot be asked, what its ARN says and the reason. AWS's faults raise OperationError."""
    run = Run(arn=arn, execution=arn.rsplit("/", 1)[-1])
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "sagemaker":
        return Run(arn=arn, execution=run.execution, unknown=f"{arn} is not a pipeline execution")
    if parts[4] != access.settings.account or parts[3] != access.settings.region:
        where = f"the run was in account {parts[4]}, region {parts[3]}; ask the stack of that environment"
        return Run(arn=arn, execution=run.execution, unknown=where)
    with told(f"describe the run {run.execution}"):
        try:
            return _described(access, arn)
        except ClientError as error:
            if is_missing(error):
                return Run(arn=arn, execution=run.execution, unknown="the run is gone from SageMaker")
            if code_of(error) in DENIED:
                return Run(arn=arn, execution=run.execution, unknown=f"{access.caller} may not read the run")
            raise


def _described(access: Access, arn: str) -> Run:
    sagemaker = access.client("sagemaker")
    execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    text = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
    definition = json.loads(text)
    given: dict[str, str] = {}
    for page in sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(PipelineExecutionArn=arn):
        given |= {p["Name"]: str(p["Value"]) for p in page.get("PipelineParameters") or []}
    defaults = {
        p["Name"]: str(p["DefaultValue"]) for p in definition.get("Parameters", []) if p.get("DefaultValue") is not None
    }
    parameters = {**defaults, **given}
    return Run(
        arn=arn,
        execution=arn.rsplit("/", 1)[-1],
        status=execution.get("PipelineExecutionStatus"),
        started=moment(execution.get("CreationTime")),
        parameters=dict(sorted(parameters.items())),
        hyperparameters=_hyperparameters(definition, parameters),
    )


def _hyperparameters(definition: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, str]:
    training = [step for step in definition.get("Steps", []) if step.get("Type") == "Training"]
    found: dict[str, str] = {}
    for step in training:
        for name, value in (step.get("Arguments", {}).get("HyperParameters") or {}).items():
            key = name if len(training) == 1 else f"{step['Name']}.{name}"
            found[key] = _filled(value, parameters)
    return dict(sorted(found.items()))


def _filled(value: object, parameters: Mapping[str, str]) -> str:
    """Return a value of the definition as text. `{"Get": "Parameters.X"}` refers to a parameter (pipeline schema)."""
    if isinstance(value, Mapping):
        reference = str(value.get("Get", ""))
        name = reference.removeprefix("Parameters.")
        if reference.startswith("Parameters.") and name in parameters:
            return parameters[name]
        join = value.get("Std:Join")
        if isinstance(join, Mapping):
            return str(join.get("On", "")).join(_filled(part, parameters) for part in join.get("Values", []))
        return json.dumps(value, sort_keys=True)
    return str(value)
