"""How a model is promoted and served: the JSON that a stack publishes in SSM and that the functions read.

A stack writes `encode(config)` to `parameters.delivery(model)`, the functions read it with `decode`. The sections have
the names and units that they have in the stack's settings.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

MOST_BYTES = 4096
"""SSM PutParameter: the value of a standard parameter (an advanced one costs money and may hold 8 KB)."""
SMOKE_BYTES = 1536
"""Ours: what smoke payloads may take of that, as JSON; the rest is names, ARNs and the other sections."""


class DeliveryConfigError(ValueError):
    """A published document is not one of ours. Deploying the stack again publishes a right one."""


class Owner(StrEnum):
    """Who deploys a model's endpoint."""

    PLATFORM = "platform"
    """The platform's functions, on approval."""
    REPOSITORY = "repository"
    """The model's own repository, with the `ModelEndpoint` component; the platform creates no rule for it."""


class Source(StrEnum):
    """Where an environment's versions come from."""

    TRAIN = "train"
    """The environment's own pipeline."""
    PROMOTE = "promote"
    """The previous environment's approved versions, copied."""


class Kind(StrEnum):
    """How a model answers."""

    REALTIME = "realtime"
    SERVERLESS = "serverless"
    ASYNC = "async"
    BATCH = "batch"


class Strategy(StrEnum):
    """How an endpoint's update shifts traffic."""

    ALL_AT_ONCE = "all_at_once"
    CANARY = "canary"
    LINEAR = "linear"
    ROLLING = "rolling"


@dataclass(frozen=True, kw_only=True, slots=True)
class Instances:
    """How many instances an endpoint has; with `max` above `min` it scales by itself."""

    min: int = 1
    max: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Serverless:
    """Size of a serverless endpoint."""

    memory_mb: int = 2048
    max_concurrency: int = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Asynchronous:
    """Limits of an asynchronous endpoint; results go under `async/<model>/` of the artifact bucket."""

    max_concurrent: int = 4
    """Requests that one instance works on at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """When batch transform runs and what it reads."""

    schedule: str
    """EventBridge Scheduler expression, UTC."""
    input_prefix: str | None = None
    """Prefix in the data bucket; `<model>/batch/` where absent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scaling:
    """Target tracking between `instances.min` and `instances.max`."""

    target_invocations_per_instance: int = 1000
    """Requests per instance and minute; for an asynchronous endpoint, waiting requests per instance."""
    scale_in_cooldown_s: int = 300
    scale_out_cooldown_s: int = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Capture:
    """Share of requests and answers that are kept, encrypted, under `capture/<model>/` of the capture bucket."""

    percent: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """How an update shifts traffic, and for how long alarms are watched."""

    strategy: Strategy = Strategy.ALL_AT_ONCE
    step_percent: int = 10
    """Canary size, linear step or rolling batch, in percent of capacity; not used by all_at_once."""
    wait_seconds: int = 300
    """Baking time after each step."""
    bake_seconds: int = 300
    """How long the old fleet stays after all traffic has moved; not used by rolling."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarms:
    """What rolls an update back."""

    max_5xx_rate: float = 0.01
    """Largest share of requests that the model answers with 5xx, 0 to 1."""
    max_latency_ms: int = 1000
    """Largest p99 of the model's latency, in milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shadow:
    """A second version that receives copies of requests and whose answers nobody gets."""

    version: int
    """Version number in this environment's package group."""
    percent: int = 100
    """Share of requests that are copied to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Smoke:
    """One recorded request and what its answer must be like."""

    payload: Any
    """The request's body as JSON."""
    expect_label: str | int | bool | None = None
    """Label that the answer must have; not looked at where absent."""
    max_latency_ms: int | None = None
    """Longest time to the answer, in milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A model's delivery in one environment, as in the settings."""

    source: Source
    owner: Owner = Owner.PLATFORM
    kind: Kind = Kind.REALTIME
    instance_type: str = "ml.m5.large"
    instances: Instances | None = None
    """One instance where absent."""
    serverless: Serverless | None = None
    asynchronous: Asynchronous | None = None
    batch: Batch | None = None
    scaling: Scaling | None = None
    capture: Capture | None = None
    rollout: Rollout = field(default_factory=Rollout)
    alarms: Alarms | None = None
    shadow: Shadow | None = None
    keep: int = 3
    """Configs and models kept for rolling back, beside the one in service."""
    smoke: tuple[Smoke, ...] = ()

    @property
    def least_instances(self) -> int:
        """How many instances there are at least."""
        return 1 if self.instances is None else self.instances.min

    @property
    def most_instances(self) -> int:
        """How many instances there are at most."""
        return 1 if self.instances is None else self.instances.max

    @property
    def scales(self) -> bool:
        """Whether the number of instances changes by itself."""
        return self.kind in (Kind.REALTIME, Kind.ASYNC) and self.most_instances > self.least_instances


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviousEnvironment:
    """Where the versions of `source: promote` come from."""

    environment: str
    account: str
    region: str
    group_arn: str
    """ARN of the model's package group there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryConfig:
    """Everything that the functions must know about one model in one environment."""

    model: str
    environment: str
    group: str
    """Name of the model's package group in this environment."""
    approval: str
    """`automatic` or `manual`: the status with which a promoted version is registered."""
    gate: Mapping[str, float]
    """Least metric values, for a promoted version too."""
    delivery: Delivery
    role_arn: str
    """Role that the endpoint's containers run as."""
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    key_arn: str
    """Key of data, artifacts, captures and volumes."""
    artifact_bucket: str
    capture_bucket: str
    data_bucket: str
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of everything that the functions create."""
    previous: PreviousEnvironment | None = None
    """Set where `delivery.source` is `promote`."""


def encode(config: DeliveryConfig) -> str:
    """Return the config as the shortest JSON, sorted; equal configs give equal texts.

    Raises DeliveryConfigError where SSM would not take it, which is the settings' doing: shorten the smoke payloads.
    """
    text = json.dumps(asdict(config), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    size = len(text.encode())
    if size > MOST_BYTES:
        raise DeliveryConfigError(
            f"models.{config.model}.delivery takes {size} bytes as JSON; an SSM parameter holds {MOST_BYTES}:"
            " shorten the smoke payloads or remove tags"
        )
    return text


def decode(text: str) -> DeliveryConfig:
    """Return the config in a published text. Raises DeliveryConfigError where it is none.

    An unknown key is ignored, so that functions of the previous release read the next one's document.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DeliveryConfigError(f"the delivery parameter is no JSON: {error}") from None
    config: DeliveryConfig = _read(DeliveryConfig, document, "")
    return config


def delivery_from(document: Mapping[str, Any]) -> Delivery:
    """Return the delivery in a mapping of plain values, such as the settings' section dumped in JSON mode."""
    delivery: Delivery = _read(Delivery, document, "delivery")
    return delivery


def smoke_bytes(payloads: object) -> int:
    """Return how many bytes smoke entries take as JSON."""
    return len(json.dumps(payloads, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode())


def _read(kind: Any, document: object, path: str) -> Any:
    """Build a dataclass from plain values by the types of its fields."""
    if not isinstance(document, Mapping):
        raise DeliveryConfigError(f"{path or 'the document'} is keys with values, not {type(document).__name__}")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for item in fields(kind):
        where = f"{path}.{item.name}" if path else item.name
        if item.name in document:
            values[item.name] = _value(hints[item.name], document[item.name], where)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise DeliveryConfigError(f"{where} is missing")
    return kind(**values)


def _value(kind: Any, value: Any, path: str) -> Any:
    if get_origin(kind) in (Union, UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        if value is None or len(options) > 1:
            return value
        return _value(options[0], value, path)
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise DeliveryConfigError(f"{path} is a list, not {type(value).__name__}")
        return tuple(_value(get_args(kind)[0], part, f"{path}[{index}]") for index, part in enumerate(value))
    if is_dataclass(kind):
        return _read(kind, value, path)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError:
            raise DeliveryConfigError(f"{path} is one of {', '.join(kind)}, not {value!r}") from None
    return value
