"""How a model is delivered in an environment: the sections of `models.<name>.delivery`.

What they say is published as JSON; `contracts.delivery_config` has the same sections for those who read it.
"""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from contracts.delivery_config import Kind, Owner, Source, Strategy
from contracts.limits import (
    ASYNC_CONCURRENCY,
    INVOCATION_MS,
    KEPT_VERSIONS,
    SERVERLESS_CONCURRENCY,
    SERVERLESS_MEMORY_MB,
    SMOKE_PAYLOADS,
    WAIT_SECONDS,
)
from contracts.rules import BrokenRuleError
from settings.fields import Choice, Fraction, Hosting, Prefix, Schedule, Section


def _check_memory(megabytes: int) -> int:
    if megabytes in SERVERLESS_MEMORY_MB:
        return megabytes
    larger = [size for size in SERVERLESS_MEMORY_MB if size > megabytes]
    raise BrokenRuleError(
        f"a serverless endpoint has {', '.join(map(str, SERVERLESS_MEMORY_MB))} MB",
        f"write {larger[0] if larger else SERVERLESS_MEMORY_MB[-1]}",
    )


def _check_payload(payload: object) -> object:
    try:
        json.dumps(payload, allow_nan=False)
    except (TypeError, ValueError):
        raise BrokenRuleError("a payload is sent as JSON", "write dates and times in quotes, and no .nan") from None
    return payload


def _check_label(label: object) -> object:
    if label is None or isinstance(label, str | int):
        return label
    raise BrokenRuleError("a label is text, a whole number, true or false", "write it as the model's schema does")


Memory = Annotated[
    int, AfterValidator(_check_memory), Field(json_schema_extra={"enum": list(SERVERLESS_MEMORY_MB)})
]  # fmt: skip
Count = Annotated[int, Field(ge=1)]
Percent = Annotated[int, Field(ge=1, le=100)]
Wait = Annotated[int, Field(ge=0, le=WAIT_SECONDS)]
Milliseconds = Annotated[int, Field(ge=1, le=INVOCATION_MS)]
Payload = Annotated[
    Any,
    BeforeValidator(_check_payload),
    WithJsonSchema({"type": ["object", "array", "string", "number", "boolean", "null"]}),
]
ExpectedLabel = Annotated[
    Any, BeforeValidator(_check_label), WithJsonSchema({"type": ["string", "integer", "boolean", "null"]})
]


class Instances(Section):
    """How many instances serve the model; with `max` above `min` the endpoint scales by itself."""

    min: Count = 1
    """Instances at least, and at the start; 2 in prod, so that a zone may fail."""
    max: Count = 1
    """Instances at most."""


class Serverless(Section):
    """Size of a serverless endpoint."""

    memory_mb: Memory = 2048
    """Memory, in MB: a multiple of 1024 up to 6144."""
    max_concurrency: Annotated[int, Field(ge=1, le=SERVERLESS_CONCURRENCY)] = 5
    """Requests at once, before it throttles."""


class Asynchronous(Section):
    """Limits of an asynchronous endpoint; results go under `async/<model>/` of the artifact bucket."""

    max_concurrent: Annotated[int, Field(ge=1, le=ASYNC_CONCURRENCY)] = 4
    """Requests that one instance works on at once."""


class Batch(Section):
    """When batch transform runs and what it reads; results go under `batch/<model>/` of the artifact bucket."""

    schedule: Schedule
    """EventBridge Scheduler expression in UTC, `cron(0 3 * * ? *)`."""
    input_prefix: Prefix | None = None
    """Prefix in the data bucket that each run reads; `<model>/batch/` where absent."""


class Scaling(Section):
    """When the endpoint scales between `instances.min` and `instances.max`."""

    target_invocations_per_instance: Count = 1000
    """Requests per instance and minute to aim at; for an asynchronous endpoint, waiting requests per instance."""
    scale_in_cooldown_s: Wait = 300
    """Seconds before another instance may go."""
    scale_out_cooldown_s: Wait = 60
    """Seconds before another instance may come."""


class Capture(Section):
    """Requests and answers that are kept, encrypted, for monitoring."""

    percent: Percent = 100
    """Share of requests and answers, in percent."""


class Rollout(Section):
    """How an update shifts traffic to the new version, and for how long the alarms are watched."""

    strategy: Annotated[Strategy, Choice] = Strategy.ALL_AT_ONCE
    """All at once, one small step first (canary), equal steps (linear), or instance by instance (rolling)."""
    step_percent: Percent = 10
    """Size of a step, in percent of the capacity; not used by `all_at_once`."""
    wait_seconds: Wait = 300
    """Seconds for which the alarms are watched after each step."""
    bake_seconds: Wait = 300
    """Seconds that the old instances stay after all traffic has moved; not used by `rolling`."""


class Alarms(Section):
    """What rolls an update back, and alarms at any other time."""

    max_5xx_rate: Fraction = 0.01
    """Largest share of requests that the model fails with 5xx, 0 to 1."""
    max_latency_ms: Milliseconds = 1000
    """Largest latency of the slowest of a hundred requests, in milliseconds."""


class Shadow(Section):
    """A second version that gets copies of requests and whose answers nobody receives."""

    version: Count
    """Number of the version in this environment's package group."""
    percent: Percent = 100
    """Share of requests that are copied, in percent."""


class Smoke(Section):
    """One recorded request that is sent after each deployment, and what its answer must be like."""

    payload: Payload
    """Body of the request, as JSON."""
    expect_label: ExpectedLabel = None
    """Label that the answer must have; any where absent."""
    max_latency_ms: Milliseconds | None = None
    """Longest time to the answer, in milliseconds; any where absent."""


class Delivery(Section):
    """How a model's approved versions are served in this environment."""

    source: Annotated[Source, Choice]
    """Where versions come from: `train` here, or `promote` from the environment before."""
    owner: Annotated[Owner, Choice] = Owner.PLATFORM
    """Who deploys: the platform's functions, or the model's own repository."""
    kind: Annotated[Kind, Choice] = Kind.REALTIME
    """How the model answers."""
    instance_type: Hosting | None = None
    """Instance type of the endpoint; the model's `inference_instance` where absent."""
    instances: Instances | None = None
    """How many instances; one where absent."""
    serverless: Serverless | None = None
    """Size of a serverless endpoint."""
    asynchronous: Asynchronous | None = None
    """Limits of an asynchronous endpoint."""
    batch: Batch | None = None
    """When batch transform runs; required for that kind."""
    scaling: Scaling | None = None
    """When the endpoint scales; by default values where absent and `instances` leaves room."""
    capture: Capture | None = None
    """What is captured; nothing where absent."""
    rollout: Rollout = Field(default_factory=Rollout)
    """How an update shifts traffic."""
    alarms: Alarms | None = None
    """What rolls an update back; nothing where absent."""
    shadow: Shadow | None = None
    """A second version that gets copies of requests."""
    keep: Annotated[int, Field(ge=1, le=KEPT_VERSIONS)] = 3
    """Earlier configs and models that are kept to roll back to."""
    smoke: Annotated[list[Smoke], Field(max_length=SMOKE_PAYLOADS)] = Field(default_factory=list)
    """Requests that every deployment must answer before it counts as done."""
