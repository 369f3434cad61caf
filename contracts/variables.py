"""The variables that project repositories read in GitHub Actions. OIDC needs no secrets, so there are none."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Where a variable is set. A job sees those of its repository, and those of the environment that it names."""

    REPOSITORY = "repository"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One variable that the platform sets and workflows read."""

    name: str
    """As GitHub stores it, upper case."""
    level: Level
    """Where it is set."""
    meaning: str
    """What its value is."""
    templates: tuple[str, ...]
    """Template repositories whose projects get it."""


_BOTH = ("model-training", "realtime-inference")
_TRAINING = ("model-training",)
_DEPLOYMENT = ("realtime-inference",)

VARIABLES: tuple[Variable, ...] = (
    Variable(name="PROJECT", level=Level.REPOSITORY, meaning="Name of the project", templates=_BOTH),
    Variable(
        name="MODEL_PACKAGE_GROUP_ARN",
        level=Level.REPOSITORY,
        meaning="ARN of the group in dev's registry that holds the project's versions",
        templates=_BOTH,
    ),
    Variable(name="AWS_REGION", level=Level.ENVIRONMENT, meaning="Region of the environment", templates=_BOTH),
    Variable(
        name="AWS_ACCOUNT",
        level=Level.ENVIRONMENT,
        meaning="Account id of the environment, 12 digits",
        templates=_BOTH,
    ),
    Variable(
        name="AWS_DEPLOY_ROLE_ARN",
        level=Level.ENVIRONMENT,
        meaning="Role that the repository's jobs assume in the environment, by OIDC",
        templates=_BOTH,
    ),
    Variable(
        name="ARTIFACT_BUCKET",
        level=Level.ENVIRONMENT,
        meaning="Bucket of the environment's code objects and artifacts; a project writes under projects/<project>/",
        templates=_BOTH,
    ),
    Variable(
        name="PARAMETER_ROOT",
        level=Level.ENVIRONMENT,
        meaning="SSM path under which the environment publishes subnets, security group and keys",
        templates=_BOTH,
    ),
    Variable(
        name="PIPELINE_NAME", level=Level.ENVIRONMENT, meaning="Name of the project's pipeline", templates=_TRAINING
    ),
    Variable(
        name="PIPELINE_ROLE_ARN", level=Level.ENVIRONMENT, meaning="Role that the pipeline runs as", templates=_TRAINING
    ),
    Variable(
        name="PROCESSING_ROLE_ARN", level=Level.ENVIRONMENT, meaning="Role of processing jobs", templates=_TRAINING
    ),
    Variable(name="TRAINING_ROLE_ARN", level=Level.ENVIRONMENT, meaning="Role of training jobs", templates=_TRAINING),
    Variable(name="DATA_BUCKET", level=Level.ENVIRONMENT, meaning="Bucket of input data", templates=_TRAINING),
    Variable(
        name="ENDPOINT_NAME", level=Level.ENVIRONMENT, meaning="Name of the project's endpoint", templates=_DEPLOYMENT
    ),
    Variable(
        name="SERVING_ROLE_ARN",
        level=Level.ENVIRONMENT,
        meaning="Role of the endpoint",
        templates=_DEPLOYMENT,
    ),
    Variable(
        name="STATE_BUCKET",
        level=Level.ENVIRONMENT,
        meaning="Bucket of Pulumi's states; a project's state lies under projects/<project>/",
        templates=_DEPLOYMENT,
    ),
    Variable(
        name="NAMES",
        level=Level.ENVIRONMENT,
        meaning="Coordinates of the environment as JSON, from which ModelEndpoint derives its names",
        templates=_DEPLOYMENT,
    ),
)
"""Every variable: what the provisioning function writes and the workflows read, tested against both."""

ALL: tuple[str, ...] = tuple(variable.name for variable in VARIABLES)


def of_template(template: str, level: Level) -> list[str]:
    """Return the names of the variables that a repository made from `template` gets at `level`."""
    return [found.name for found in VARIABLES if found.level is level and template in found.templates]


def is_variable_name(name: str) -> bool:
    """Return whether GitHub takes `name` and gives it back unchanged.

    GitHub takes letters, digits and underscores, no digit first and no GITHUB_ prefix, and turns letters into upper
    case (GitHub docs, "Naming conventions for configuration variables"); so only upper case reads back as written.
    """
    return re.fullmatch(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", name) is not None
