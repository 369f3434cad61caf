"""The shape of a stack's settings: frozen models whose fields check themselves by the rules of `contracts`."""

import math
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from contracts import images, instances, jobs, limits, ranges, regions, retention, tags, words
from contracts.names import Names
from contracts.parameters import ParameterPaths
from contracts.rules import BrokenRuleError
from contracts.schedules import check_schedule
from settings.problems import SettingsError
from settings.rules import broken_rules


class Environment(StrEnum):
    """The three environments of an organisation."""

    DEV = "dev"
    PREPROD = "preprod"
    PROD = "prod"


class Nat(StrEnum):
    """How private subnets reach the internet. `none` leaves them with VPC endpoints only."""

    NONE = "none"
    SINGLE = "single"
    PER_ZONE = "per_zone"


class Approval(StrEnum):
    """Who approves a model version that passed the gate."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Classification(StrEnum):
    """Data classification, required on every data store."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


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


def _check_addresses(addresses: list[str]) -> list[str]:
    if len(set(addresses)) == len(addresses):
        return addresses
    raise BrokenRuleError("each address is listed once", "remove the second")


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


class Accounts(Section):
    """AWS account ids, quoted in YAML so that a leading zero survives."""

    dev: AccountId
    """Account of dev; its registry also holds the training images of every environment."""
    preprod: AccountId
    """Account of preprod."""
    prod: AccountId
    """Account of prod."""


class ExistingVpc(Section):
    """A VPC that somebody else owns. Its endpoints and routes stay theirs; jobs run in the subnets named here."""

    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    """Id of the VPC, `vpc-` and hexadecimal digits."""
    private_subnet_ids: Annotated[list[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]], Field(min_length=2)]
    """Subnets in which jobs run, in at least two zones."""


class Network(Section):
    """The VPC in which every job runs: a new one by `cidr` and `zones`, or an existing one."""

    cidr: Annotated[str, AfterValidator(ranges.check_vpc_range)] | None = None
    """Range of a new VPC, private, `/16` to `/23`."""
    zones: list[str] = Field(default_factory=list)
    """Availability zones of a new VPC by name, at least two."""
    nat: Annotated[Nat, Choice] = Nat.NONE
    """How private subnets reach the internet; `single` is for dev."""
    existing: ExistingVpc | None = None
    """A VPC to run in, in place of a new one."""
    flow_log_retention_days: LogDays = 365
    """How long the flow logs of a new VPC are kept."""


class Storage(Section):
    """Lifecycle of the buckets, in days after an object's creation."""

    standard_ia_after_days: Days = 30
    """Move to Standard-IA; S3 takes 30 or more."""
    glacier_after_days: Days = 90
    """Move to Glacier, at least 30 days after Standard-IA."""
    expire_after_days: Days | None = None
    """Delete, after the move to Glacier; never where absent."""
    noncurrent_expire_after_days: Days = 365
    """Delete versions that were replaced or deleted, this long after that."""
    access_log_expire_after_days: Days = 400
    """Delete access logs."""


class Gate(Section):
    """Least metric values with which a model version is registered; `accuracy` decides, the others may be added."""

    accuracy: Fraction
    """Share of right predictions on the test split, 0 to 1."""
    precision: Fraction | None = None
    """Share of true alarms among the alarms, 0 to 1."""
    recall: Fraction | None = None
    """Share of the positives that were found, 0 to 1."""
    roc_auc: Fraction | None = None
    """Area under the ROC curve, 0 to 1."""
    pr_auc: Fraction | None = None
    """Area under the precision-recall curve, 0 to 1; the one to watch where positives are rare."""


class Model(Section):
    """One model: its pipeline, gate, triggers and image in this environment."""

    gate: Gate
    """Least metric values with which a version is registered."""
    image: ImageReference
    """Tag or digest of the training and inference image: `v2.1.0` or `sha256:...`, in dev also `dev`."""
    approval: Annotated[Approval, Choice] = Approval.MANUAL
    """Who approves a version that passed the gate; a person in prod."""
    schedule: Schedule | None = None
    """EventBridge Scheduler expression in UTC, `cron(0 6 * * ? *)`; none means on demand and new data only."""
    start_on_new_data: bool = True
    """Whether a `_SUCCESS` object under the input prefix starts a run."""
    pipeline: Identifier = "tabular_classification"
    """Module under `pipeline_defs/` that composes the pipeline."""
    data_schema: Identifier | None = None
    """File under `pipeline_defs/schemas/`, without `.json`; the model's name with underscores where absent."""
    input_prefix: Prefix | None = None
    """Prefix in the data bucket that each run reads; `<model>/latest/` where absent."""
    hyperparameters: Annotated[dict[ParameterName, ParameterValue], Field(max_length=jobs.HYPERPARAMETERS)] = Field(
        default_factory=dict
    )
    """Values that the training script reads; SageMaker hands them over as text."""
    preprocessing_instance: Processing = "ml.m5.large"
    """Instance type of the preprocessing job."""
    training_instance: Training = "ml.m5.xlarge"
    """Instance type of the training job."""
    evaluation_instance: Processing = "ml.m5.large"
    """Instance type of the evaluation job."""
    inference_instance: Hosting = "ml.m5.xlarge"
    """Instance type that the registered version recommends for an endpoint."""
    volume_gb: Annotated[int, Field(ge=1, le=jobs.VOLUME_GB)] = 30
    """Disk of each job, in GB."""
    max_runtime_minutes: Annotated[int, Field(ge=1, le=jobs.RUNTIME_MINUTES)] = 120
    """Longest run of one job; a processing job takes nine days at most."""


class StackSettings(Section):
    """Everything that one stack's config says."""

    organisation: Organisation
    """Short word for the organisation; the first part of every name."""
    unit: Label
    """Short word for the business unit; the second part of every name."""
    environment: Annotated[Environment, Choice]
    """Which of the three environments this stack is."""
    region: Region
    """AWS region of the stack."""
    accounts: Accounts
    """The account of each environment."""
    single_account: bool = False
    """Whether the three environments share one account on purpose."""
    owner: TagValue
    """Team or address that answers for the stack; a tag on everything."""
    cost_center: TagValue
    """Who pays; a tag on everything."""
    data_classification: Annotated[Classification, Choice] = Classification.CONFIDENTIAL
    """Class of the data in this stack; a tag on everything."""
    tags: dict[TagKey, TagValue] = Field(default_factory=dict)
    """Further tags on everything. The platform sets its own itself."""
    retain_data: bool | None = None
    """Protect stores from deletion and keep them when the stack goes; true in prod where absent."""
    alert_emails: Annotated[list[Email], AfterValidator(_check_addresses)] = Field(default_factory=list)
    """Addresses that receive alarms; each must confirm once."""
    log_retention_days: LogDays = 365
    """How long the platform's own logs are kept."""
    network: Network
    """The VPC in which every job runs."""
    storage: Storage = Field(default_factory=Storage)
    """Lifecycle of the buckets."""
    models: Annotated[dict[ModelName, Model], Field(max_length=limits.MODELS_PER_STACK)] = Field(default_factory=dict)
    """The models of this stack by name."""

    @model_validator(mode="after")
    def _rules_between_fields(self) -> Self:
        problems = broken_rules(self)
        if problems:
            raise SettingsError(problems, source="settings")
        return self

    @property
    def account(self) -> str:
        """The account id of this stack's environment."""
        return str(getattr(self.accounts, self.environment.value))

    @property
    def retains_data(self) -> bool:
        """Whether stores are protected and outlive the stack."""
        return self.environment is Environment.PROD if self.retain_data is None else self.retain_data

    @property
    def names(self) -> Names:
        """The physical names of this stack."""
        return Names(
            organisation=self.organisation,
            unit=self.unit,
            environment=self.environment.value,
            region=self.region,
            account=self.account,
            image_account=self.accounts.dev,
        )

    @property
    def parameters(self) -> ParameterPaths:
        """The SSM paths of this stack."""
        return ParameterPaths(
            organisation=self.organisation, unit=self.unit, environment=self.environment.value, region=self.region
        )

    def input_prefix(self, model: str) -> str:
        """Prefix in the data bucket that the model's runs read, ending in a slash."""
        return self.models[model].input_prefix or f"{model}/latest/"
