"""The shape of a stack's settings: frozen models whose fields check themselves by the rules of `contracts`."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from contracts import delivery_config, jobs, limits, ranges
from contracts.names import Names
from contracts.parameters import ParameterPaths
from contracts.rules import BrokenRuleError
from settings.catalog import Catalog
from settings.delivery import Delivery
from settings.fields import (
    AccountId,
    Choice,
    Days,
    Email,
    Fraction,
    Hosting,
    Identifier,
    ImageReference,
    Label,
    LogDays,
    ModelName,
    Organisation,
    ParameterName,
    ParameterValue,
    Prefix,
    Processing,
    Region,
    Schedule,
    Section,
    TagKey,
    TagValue,
    Training,
)
from settings.github import GitHub
from settings.people import People
from settings.problems import SettingsError
from settings.projects import Projects
from settings.rules import broken_rules
from settings.studio import Studio


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


def _check_addresses(addresses: list[str]) -> list[str]:
    if len(set(addresses)) == len(addresses):
        return addresses
    raise BrokenRuleError("each address is listed once", "remove the second")


class Accounts(Section):
    """AWS account ids, quoted in YAML so that a leading zero survives."""

    dev: AccountId
    """Account of dev; its registry also holds the training images of every environment."""
    preprod: AccountId
    """Account of preprod."""
    prod: AccountId
    """Account of prod."""


class Regions(Section):
    """AWS region of each environment, where they differ."""

    dev: Region
    """Region of dev."""
    preprod: Region
    """Region of preprod."""
    prod: Region
    """Region of prod."""


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
    delivery: Delivery | None = None
    """How an approved version is served here; none means that nothing is deployed."""


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
    regions: Regions | None = None
    """The region of each environment; the stack's own for all three where absent."""
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
    delete_images: bool = False
    """Delete image repositories although they hold images when the stack goes. For review environments: refused in the
    stack dev, whose images other environments run, outside the environment dev, and beside `retain_data: true`."""
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
    studio: Studio | None = None
    """SageMaker Studio, where people work; none where absent."""
    github: GitHub | None = None
    """The organisation on GitHub, in dev only; none where absent."""
    projects: Projects | None = None
    """Whose repositories may deploy to this account; none where absent."""
    catalog: Catalog | None = None
    """The project templates that people may launch, in dev only; none where absent."""
    people: People | None = None
    """Who may take on the approver's and the viewer's role; whoever Identity Center lets in where absent."""

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
    def notices(self) -> tuple[str, ...]:
        """What these settings ask for and cannot have, though nothing about them is wrong; sentences for people."""
        return () if self.github is None else self.github.notices

    @property
    def names(self) -> Names:
        """The physical names of this stack."""
        return self.names_of(self.environment)

    def names_of(self, environment: Environment) -> Names:
        """Return the physical names of another environment's stack, known before that stack exists."""
        return Names(
            organisation=self.organisation,
            unit=self.unit,
            environment=environment.value,
            region=self.region if self.regions is None else str(getattr(self.regions, environment.value)),
            account=str(getattr(self.accounts, environment.value)),
            image_account=self.accounts.dev,
        )

    @property
    def previous_environment(self) -> Environment | None:
        """The environment whose approved versions are promoted here; None in dev."""
        order = list(Environment)
        place = order.index(self.environment)
        return order[place - 1] if place else None

    @property
    def next_environment(self) -> Environment | None:
        """The environment to which approved versions of this one are announced; None in prod."""
        return dict(zip(Environment, list(Environment)[1:], strict=False)).get(self.environment)

    @property
    def parameters(self) -> ParameterPaths:
        """The SSM paths of this stack."""
        return ParameterPaths(
            organisation=self.organisation, unit=self.unit, environment=self.environment.value, region=self.region
        )

    def input_prefix(self, model: str) -> str:
        """Prefix in the data bucket that the model's runs read, ending in a slash."""
        return self.models[model].input_prefix or f"{model}/latest/"

    def delivery(self, model: str) -> delivery_config.Delivery | None:
        """How the model is served here, as functions and components read it; None where nothing is deployed."""
        section = self.models[model].delivery
        if section is None:
            return None
        instance_type = section.instance_type or self.models[model].inference_instance
        return delivery_config.delivery_from({**section.model_dump(mode="json"), "instance_type": instance_type})

    def promoted_from(self, model: str) -> delivery_config.PreviousEnvironment | None:
        """Where the model's versions come from; None where this environment trains its own, or delivers none."""
        section, previous = self.models[model].delivery, self.previous_environment
        if section is None or previous is None or section.source is not delivery_config.Source.PROMOTE:
            return None
        names = self.names_of(previous)
        return delivery_config.PreviousEnvironment(
            environment=previous.value,
            account=names.account,
            region=names.region,
            group_arn=names.model_package_group_arn(model),
        )
