"""What the sections of the settings are made of: their base, and the kinds of values by the rules of `contracts`."""

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from contracts import images, instances, jobs, limits, regions, retention, tags, words
from contracts.rules import BrokenRuleError
from contracts.schedules import check_schedule


class Section(BaseModel):
    """A part of the settings: immutable, strict about types, and an unknown key is an error."""

    # Strict, because YAML has types: `accuracy: yes` is a slip, not 1.0. Choices are the exception, see Choice.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def _schema(**keywords: Any) -> Any:
    return Field(json_schema_extra=keywords)


def _check_parameter(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BrokenRuleError("a hyperparameter is a number or text", "write a number, or text in quotes")
    if isinstance(value, float) and not math.isfinite(value):
        raise BrokenRuleError("a hyperparameter is a finite number", "write a number")
    if len(str(value)) > jobs.HYPERPARAMETER_VALUE_LENGTH:
        raise BrokenRuleError(
            f"a hyperparameter has at most {jobs.HYPERPARAMETER_VALUE_LENGTH} characters", "shorten it"
        )
    return value


def _processing(name: str) -> str:
    return jobs.check_instance(name, instances.PROCESSING, "processing jobs")


def _training(name: str) -> str:
    return jobs.check_instance(name, instances.TRAINING, "training jobs")


def _hosting(name: str) -> str:
    return jobs.check_instance(name, instances.HOSTING, "endpoints")


Choice = Field(strict=False)  # a stack file names a choice by its text
Label = Annotated[str, AfterValidator(words.check_label), _schema(pattern=words.LABEL_PATTERN)]
Organisation = Annotated[str, AfterValidator(words.check_organisation), _schema(pattern=words.LABEL_PATTERN)]
Region = Annotated[str, AfterValidator(regions.check_region), _schema(enum=sorted(regions.ALL_REGIONS))]
AccountId = Annotated[str, AfterValidator(words.check_account), _schema(pattern=words.ACCOUNT_PATTERN)]
ModelName = Annotated[
    str,
    AfterValidator(words.check_model_name),
    _schema(pattern=words.MODEL_NAME_PATTERN, maxLength=limits.MODEL_NAME_LENGTH),
]
Email = Annotated[str, AfterValidator(words.check_email), _schema(pattern=words.EMAIL_PATTERN)]
Identifier = Annotated[str, AfterValidator(words.check_identifier), _schema(pattern=words.IDENTIFIER_PATTERN)]
Prefix = Annotated[str, AfterValidator(words.check_input_prefix), _schema(pattern=words.PREFIX_PATTERN)]
TagKey = Annotated[str, AfterValidator(tags.check_tag_key), _schema(maxLength=tags.KEY_LENGTH)]
TagValue = Annotated[str, AfterValidator(tags.check_tag_value), _schema(minLength=1, maxLength=tags.VALUE_LENGTH)]
LogDays = Annotated[
    int, AfterValidator(retention.check_log_retention), _schema(enum=list(retention.LOG_RETENTION_DAYS))
]
Schedule = Annotated[str, AfterValidator(check_schedule), _schema(pattern=r"^(cron|rate)\(.+\)$")]
ImageReference = Annotated[str, AfterValidator(images.check_reference), _schema(examples=["dev", "v1.2.3"])]
Processing = Annotated[str, AfterValidator(_processing), _schema(enum=sorted(instances.PROCESSING))]
Training = Annotated[str, AfterValidator(_training), _schema(enum=sorted(instances.TRAINING))]
Hosting = Annotated[str, AfterValidator(_hosting), _schema(enum=sorted(instances.HOSTING))]
ParameterName = Annotated[str, AfterValidator(jobs.check_hyperparameter), _schema(pattern=jobs.HYPERPARAMETER_PATTERN)]
ParameterValue = Annotated[
    int | float | str, BeforeValidator(_check_parameter), WithJsonSchema({"type": ["number", "string"]})
]
Fraction = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=3650)]


ROLE_PATTERN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$"
"""IAM, "IAM and AWS STS quotas": names of roles. Of paths it takes what occurs: no signs that a policy expands."""


def _check_role(arn: str) -> str:
    if re.fullmatch(ROLE_PATTERN, arn, re.ASCII):
        return arn
    raise BrokenRuleError(
        "a role is named by its exact ARN: no pattern, no session of it (sts, assumed-role), no user, no root",
        "copy it: aws iam get-role --role-name NAME --query Role.Arn --output text",
    )


RoleArn = Annotated[str, AfterValidator(_check_role), Field(json_schema_extra={"pattern": ROLE_PATTERN})]
