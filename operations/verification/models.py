"""The models: their groups, and pipelines that are what this checkout composes."""

import json
from collections.abc import Mapping

from botocore.exceptions import ClientError

from operations.errors import is_missing, told
from operations.verification.results import Result, Stage, judged, not_configured

PART = "models"


def check(stage: Stage) -> list[Result]:
    """Look at the group and the pipeline of every model of the stack."""
    if not stage.settings.models:
        return [not_configured(PART, PART, "the stack file has no models")]
    values = _published(stage)
    up = f"pulumi up --stack {stage.settings.environment.value}"
    found = []
    for model in sorted(stage.settings.models):
        found.append(judged(PART, f"{model}: package group", _group(stage, model), up))
        if model in stage.expected.definitions:
            problem = _pipeline(stage, model, values)
            found.append(judged(PART, f"{model}: pipeline", problem, up, fine="as this checkout composes it"))
    return found


def _published(stage: Stage) -> Mapping[str, str]:
    paths = stage.settings.parameters
    names = {
        paths.private_subnet_ids: "subnets",
        paths.job_security_group_id: "security_group",
        paths.data_key_arn: "key",
    }
    with told("read the published parameters"):
        answer = stage.client("ssm").get_parameters(Names=sorted(names))
    return {names[parameter["Name"]]: parameter["Value"] for parameter in answer["Parameters"]}


def _group(stage: Stage, model: str) -> str:
    name = stage.access.names.model_package_group(model)
    with told(f"describe group {name}"):
        try:
            stage.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            if is_missing(error):
                return f"{name} does not exist"
            raise
    return ""


def _pipeline(stage: Stage, model: str, values: Mapping[str, str]) -> str:
    name = stage.access.names.pipeline(model)
    with told(f"describe pipeline {name}"):
        try:
            described = stage.client("sagemaker").describe_pipeline(PipelineName=name)
        except ClientError as error:
            if is_missing(error):
                return f"{name} does not exist"
            raise
    if len(values) < 3:
        return "whether it is this checkout's cannot be told: subnets, security group or key are not published"
    wanted = stage.expected.definitions[model](values)
    same = json.loads(described["PipelineDefinition"]) == json.loads(wanted)
    return "" if same else "its definition is not the one that this checkout composes"
