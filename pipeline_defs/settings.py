"""What a pipeline definition is composed from, and what comes out: plain values that survive a trip through JSON."""

import json
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Self

APPROVAL_STATUSES = ("Approved", "PendingManualApproval")
ROLES = ("pipeline", "processing", "training")

_METRIC = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineSettings:
    """One model's pipeline in one environment. Plain values only: an Output of Pulumi cannot go into a definition."""

    model: str
    """The model's name, `fraud-detector`."""
    environment: str
    """dev, preprod or prod; it appears in messages and in the registered version's metadata."""
    region: str
    pipeline: str
    """Module under `pipeline_defs/` that has `build`, `tabular_classification`."""
    pipeline_name: str
    """Physical name of the SageMaker pipeline; every job's output lies under it."""
    role_arns: dict[str, str]
    """ARNs under `pipeline`, `processing` and `training`. A name instead of an ARN would make the SDK ask IAM."""
    model_package_group: str
    artifact_bucket: str
    """Bucket of the step scripts (`code/`) and of every job's output (`pipelines/`)."""
    input_data_uri: str
    """Default of the InputDataUri parameter, `s3://<data bucket>/latest/`."""
    training_image: str
    """Full URI by tag or digest; trains, evaluates and serves."""
    gate: dict[str, float]
    """Least value per metric, 0 to 1. `accuracy` is always there. Literals of the definition, never parameters."""
    approval_status: str
    """`Approved` or `PendingManualApproval`, a literal of the definition."""
    data_schema: str
    """Name of a file in `pipeline_defs/schemas/`, without `.json`."""
    hyperparameters: dict[str, str] = field(default_factory=dict)
    """Passed to training as they are. `max_iterations` and `learning_rate` set the defaults of those parameters."""
    preprocessing_instance: str
    training_instance: str
    evaluation_instance: str
    inference_instance: str
    volume_gb: int
    """Size of each job's encrypted volume, GB."""
    max_runtime_seconds: int
    """Longest run of one job, seconds."""
    tags: dict[str, str]
    """Tags of every job."""

    def __post_init__(self) -> None:
        """Refuse what would weaken the gate, send the SDK to AWS or put an Output of Pulumi into the definition."""
        self._require_plain_values()
        where = f"model {self.model}"
        if "accuracy" not in self.gate:
            raise ValueError(f"{where}: gate has no accuracy (it has {sorted(self.gate)}): add `accuracy: 0.80`")
        for metric, threshold in self.gate.items():
            if not _METRIC.fullmatch(metric):
                raise ValueError(f"{where}: gate metric {metric!r}: use lower case letters, digits and underscores")
            if not 0 <= threshold <= 1:
                raise ValueError(f"{where}: gate.{metric} is {threshold}: a threshold lies between 0 and 1")
        if self.approval_status not in APPROVAL_STATUSES:
            raise ValueError(f"{where}: approval_status {self.approval_status!r}: use one of {APPROVAL_STATUSES}")
        for role in ROLES:
            if not self.role_arns.get(role, "").startswith("arn:"):
                raise ValueError(f"{where}: role_arns[{role!r}] is {self.role_arns.get(role)!r}: give the role's ARN")

    def _require_plain_values(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            for part in value.values() if isinstance(value, dict) else [value]:
                if not isinstance(part, str | int | float):  # named by type: an Output must not be put into a text
                    raise TypeError(
                        f"{item.name} holds {type(part).__name__}: only plain values go into a definition. "
                        "What AWS assigns is a placeholder (pipeline_defs.placeholders)"
                    )

    def to_json(self) -> str:
        """Canonical JSON: the same settings give the same bytes, whatever the order of their keys."""
        return canonical(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote. Raises TypeError for a missing or unknown field."""
        return cls(**json.loads(text))


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineDefinition:
    """A composed, validated definition. Ids that AWS assigns are still placeholders (`placeholders.fill`)."""

    model: str
    text: str
    """Canonical JSON: sorted keys, no spaces."""
    sha256: str
    """Of `text`, hexadecimal."""


def canonical(document: object) -> str:
    """Write the one JSON form in which definitions and settings are hashed and compared."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
