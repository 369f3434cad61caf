"""The value of every variable that a project's repository gets, derived from names; see `contracts.variables`."""

import json
from dataclasses import asdict

from contracts.names import Names
from contracts.parameters import ParameterPaths
from contracts.variables import Level, of_template

STATES = "states"
"""Purpose of the bucket of Pulumi's states."""


def repository_values(project: str, template: str, development: Names) -> dict[str, str]:
    """Return what is set on the repository. `development` are the names of the stack that holds the registry."""
    values = {"PROJECT": project, "MODEL_PACKAGE_GROUP_ARN": development.model_package_group_arn(project)}
    return {name: values[name] for name in of_template(template, Level.REPOSITORY)}


def environment_values(project: str, template: str, names: Names, role_arn: str) -> dict[str, str]:
    """Return what is set on one environment of the repository. `role_arn` is the deploy role there."""
    paths = ParameterPaths(
        organisation=names.organisation, unit=names.unit, environment=names.environment, region=names.region
    )
    values = {
        "AWS_REGION": names.region,
        "AWS_ACCOUNT": names.account,
        "AWS_DEPLOY_ROLE_ARN": role_arn,
        "ARTIFACT_BUCKET": names.bucket("artifacts"),
        "DATA_BUCKET": names.bucket("data"),
        "STATE_BUCKET": names.bucket(STATES),
        "PARAMETER_ROOT": paths.root,
        "PIPELINE_NAME": names.pipeline(project),
        "PIPELINE_ROLE_ARN": names.role_arn("pipeline"),
        "PROCESSING_ROLE_ARN": names.role_arn("processing"),
        "TRAINING_ROLE_ARN": names.role_arn("training"),
        "SERVING_ROLE_ARN": names.role_arn("serving"),
        "ENDPOINT_NAME": names.endpoint(project),
        "NAMES": json.dumps(asdict(names), sort_keys=True),
    }
    return {name: values[name] for name in of_template(template, Level.ENVIRONMENT)}
