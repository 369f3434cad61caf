"""The one reader of Pulumi config: a stack's `mlops:settings` object becomes a frozen, validated `StackSettings`."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.limits import MODEL_NAME_LENGTH
from contracts.names import Names
from contracts.parameters import ParameterPaths


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
    """A part of the settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,11}$")]
AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
ModelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=MODEL_NAME_LENGTH)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=3650)]


class Accounts(Section):
    """AWS account ids, quoted in YAML so that a leading zero survives."""

    dev: AccountId
    preprod: AccountId
    prod: AccountId


class ExistingVpc(Section):
    """A VPC that somebody else owns. Its endpoints and routes stay theirs; jobs run in the subnets named here."""

    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    private_subnet_ids: Annotated[list[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]], Field(min_length=2)]
    cidr: str
    """The VPC's own range, for security group rules."""


class Network(Section):
    """The VPC in which every job runs: a new one by `cidr` and `zones`, or an existing one."""

    cidr: str | None = None
    zones: list[str] = Field(default_factory=list)
    nat: Nat = Nat.NONE
    existing: ExistingVpc | None = None
    flow_log_retention_days: int = 365


class Storage(Section):
    """Lifecycle of the buckets, in days after an object's creation."""

    standard_ia_after_days: Days = 30
    glacier_after_days: Days = 90
    expire_after_days: Days | None = None
    noncurrent_expire_after_days: Days = 365
    access_log_expire_after_days: Days = 400


class Gate(Section):
    """Least metric values with which a model version is registered; `accuracy` decides, the others may be added."""

    accuracy: Fraction
    precision: Fraction | None = None
    recall: Fraction | None = None
    roc_auc: Fraction | None = None
    pr_auc: Fraction | None = None


class Model(Section):
    """One model: its pipeline, gate, triggers and image in this environment."""

    gate: Gate
    image: str
    """Tag or digest of the training and inference image, `dev`, `v2.1.0` or `sha256:...`."""
    approval: Approval = Approval.MANUAL
    schedule: str | None = None
    """EventBridge Scheduler expression in UTC, `cron(0 6 * * ? *)`; none means on demand and new data only."""
    start_on_new_data: bool = True
    pipeline: str = "tabular_classification"
    """Module under `pipeline_defs/` that composes the pipeline."""
    data_schema: str | None = None
    """File under `pipeline_defs/schemas/`, without `.json`; the model's name with underscores where absent."""
    input_prefix: str | None = None
    """Prefix in the data bucket that each run reads; `<model>/latest/` where absent."""
    hyperparameters: dict[str, int | float | str] = Field(default_factory=dict)
    preprocessing_instance: str = "ml.m5.large"
    training_instance: str = "ml.m5.xlarge"
    evaluation_instance: str = "ml.m5.large"
    inference_instance: str = "ml.m5.xlarge"
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 30
    max_runtime_minutes: Annotated[int, Field(ge=1, le=40320)] = 120


class StackSettings(Section):
    """Everything that one stack's config says."""

    organisation: Label
    unit: Label
    environment: Environment
    region: str
    accounts: Accounts
    single_account: bool = False
    owner: str
    cost_center: str
    data_classification: Classification = Classification.CONFIDENTIAL
    tags: dict[str, str] = Field(default_factory=dict)
    retain_data: bool | None = None
    """Protect stores from deletion and keep them when the stack goes; true in prod where absent."""
    alert_emails: list[str] = Field(default_factory=list)
    log_retention_days: int = 365
    network: Network
    storage: Storage = Field(default_factory=Storage)
    models: dict[ModelName, Model] = Field(default_factory=dict)

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
