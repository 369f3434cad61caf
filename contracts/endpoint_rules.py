"""Which combinations of a delivery SageMaker allows, and what prod asks for beyond that.

Each rule is a pure function over a delivery, whose parts it reads by name, so that the settings run it on what is
valid of a broken file too. Sources: SageMaker developer guide, "Deploy models with Serverless Inference" (feature
exclusions), "Deployment guardrails, Exclusions", "Shadow variants"; API reference of TrafficRoutingConfig,
RollingUpdatePolicy and BlueGreenUpdatePolicy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contracts.delivery_config import SMOKE_BYTES, Kind, Owner, Source, Strategy, smoke_bytes
from contracts.endpoint_plan.rollout import MOST_EXECUTION_SECONDS, PROVISION_SECONDS, waiting_seconds
from contracts.instances import TRANSFORM

STEP_PERCENT = {Strategy.CANARY: (1, 50), Strategy.LINEAR: (10, 50), Strategy.ROLLING: (5, 50)}
"""CanarySize at most 50 % of capacity, LinearStepSize 10 to 50 %, MaximumBatchSize 5 to 50 %."""
LEAST_STEPPED = 2
"""A step is one instance at least and half of the capacity at most."""
LEAST_IN_PROD = 2
"""Ours: one instance is one zone; SageMaker spreads two or more over zones."""
FIRST_ENVIRONMENT = "dev"
NO_GUARDRAILS = ("inf1",)
"""Instance families whose endpoints fall back to all at once, without a final baking period."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A broken rule: `path` is below `delivery`, `fix` says what to write instead."""

    path: tuple[str, ...]
    value: object
    rule: str
    fix: str


Faults = Iterator[Fault]


def sections_belong_to_the_kind(delivery: Any, environment: str) -> Faults:
    """`serverless`, `asynchronous` and `batch` stand beside the kind of that name only."""
    del environment
    for section, kind in (("serverless", Kind.SERVERLESS), ("asynchronous", Kind.ASYNC), ("batch", Kind.BATCH)):
        if getattr(delivery, section) is not None and delivery.kind != kind:
            yield Fault(
                path=("kind",),
                value=str(delivery.kind),
                rule=f"the section {section} has no effect on an endpoint of this kind",
                fix=f"write {kind.value}, or remove {section}",
            )


def batch_needs_its_schedule(delivery: Any, environment: str) -> Faults:
    """Say when a model served in batches runs."""
    del environment
    if delivery.kind == Kind.BATCH and delivery.batch is None:
        yield Fault(
            path=("batch",), value="", rule="batch transform runs on a schedule",
            fix="write batch and below it schedule, for example cron(0 3 * * ? *)",
        )  # fmt: skip


def serverless_excludes(delivery: Any, environment: str) -> Faults:
    """A serverless endpoint has no data capture, shadow, guardrails or instances of its own."""
    del environment
    if delivery.kind != Kind.SERVERLESS:
        return
    yield from _excluded(delivery, "a serverless endpoint", ("capture", "shadow", "scaling", "instances"))
    yield from _stepped(delivery, "a serverless endpoint has no deployment guardrails; it moves all at once")


def async_excludes(delivery: Any, environment: str) -> Faults:
    """Refuse what an asynchronous endpoint lacks: data capture, shadow and the metrics of answers."""
    del environment
    if delivery.kind != Kind.ASYNC:
        return
    yield from _excluded(delivery, "an asynchronous endpoint", ("shadow",))
    if delivery.capture is not None:
        yield _absent(
            "capture", "an asynchronous endpoint keeps each request and answer in S3 anyway; capture is for realtime"
        )
    if delivery.alarms is not None:
        yield _absent("alarms", "the alarms watch the answers of a request, which an asynchronous endpoint queues")


def batch_excludes(delivery: Any, environment: str) -> Faults:
    """Refuse what belongs to an endpoint, where a model is served in batches and has none."""
    del environment
    if delivery.kind != Kind.BATCH:
        return
    yield from _excluded(delivery, "batch transform has no endpoint, so it", ("capture", "shadow", "scaling", "alarms"))
    if delivery.smoke:
        yield _absent("smoke", "batch transform has no endpoint that could answer a smoke payload")
    yield from _stepped(delivery, "batch transform has no endpoint and therefore no rollout")


def batch_instance_is_offered(delivery: Any, environment: str) -> Faults:
    """Use an instance type that transform jobs have."""
    del environment
    if delivery.kind == Kind.BATCH and delivery.instance_type is not None and delivery.instance_type not in TRANSFORM:
        yield Fault(
            path=("instance_type",), value=delivery.instance_type,
            rule="SageMaker offers the instance type for batch transform", fix="write for example ml.m5.xlarge",
        )  # fmt: skip


def instances_are_in_order(delivery: Any, environment: str) -> Faults:
    """`instances.max` is at least `instances.min`."""
    del environment
    instances = delivery.instances
    if instances is not None and instances.max < instances.min:
        yield Fault(
            path=("instances", "max"), value=instances.max, rule="an endpoint scales from min up to max",
            fix=f"write {instances.min} or more",
        )  # fmt: skip


def batch_instances_are_fixed(delivery: Any, environment: str) -> Faults:
    """A transform job does not scale."""
    del environment
    instances = delivery.instances
    if delivery.kind == Kind.BATCH and instances is not None and instances.max > instances.min:
        yield Fault(
            path=("instances", "max"), value=instances.max, rule="a transform job keeps its number of instances",
            fix=f"write {instances.min}",
        )  # fmt: skip


def scaling_has_room(delivery: Any, environment: str) -> Faults:
    """Scaling is stated only where `instances` leaves it room."""
    del environment
    instances = delivery.instances
    if (
        delivery.scaling is not None
        and delivery.kind in (Kind.REALTIME, Kind.ASYNC)
        and (instances is None or instances.max <= instances.min)
    ):
        least = 1 if instances is None else instances.min
        yield Fault(
            path=("instances", "max"), value=1 if instances is None else instances.max,
            rule="scaling moves between instances.min and instances.max, and they are equal",
            fix=f"write {least + 1} or more, or remove scaling",
        )  # fmt: skip


def prod_survives_a_zone(delivery: Any, environment: str) -> Faults:
    """Two instances or more for a realtime endpoint in prod."""
    instances = delivery.instances
    least = 1 if instances is None else instances.min
    if environment == "prod" and delivery.kind == Kind.REALTIME and least < LEAST_IN_PROD:
        yield Fault(
            path=("instances", "min"), value=least,
            rule="in prod a realtime endpoint has at least 2 instances, which SageMaker places in different zones",
            fix="write 2 or more",
        )  # fmt: skip


def steps_are_within_limits(delivery: Any, environment: str) -> Faults:
    """Keep a step within what SageMaker takes: a canary up to 50 %, linear 10 to 50 %, rolling 5 to 50 %."""
    del environment
    rollout = delivery.rollout
    bounds = STEP_PERCENT.get(rollout.strategy)
    if bounds is not None and not bounds[0] <= rollout.step_percent <= bounds[1]:
        yield Fault(
            path=("rollout", "step_percent"), value=rollout.step_percent,
            rule=f"a {rollout.strategy} step is {bounds[0]} to {bounds[1]} percent of the capacity",
            fix=f"write {min(max(rollout.step_percent, bounds[0]), bounds[1])}",
        )  # fmt: skip


def steps_have_instances(delivery: Any, environment: str) -> Faults:
    """Two instances or more where traffic moves in steps."""
    del environment
    instances, strategy = delivery.instances, delivery.rollout.strategy
    least = 1 if instances is None else instances.min
    if delivery.kind in (Kind.REALTIME, Kind.ASYNC) and strategy in STEP_PERCENT and least < LEAST_STEPPED:
        yield Fault(
            path=("instances", "min"), value=least,
            rule=f"a {strategy} step is a whole instance and at most half of them, so it takes 2",
            fix="write 2 or more, or all_at_once as rollout.strategy",
        )  # fmt: skip


def rollout_ends_in_time(delivery: Any, environment: str) -> Faults:
    """All waits of a rollout fit into SageMaker's eight hours, with half an hour for the instances to come up."""
    del environment
    rollout = delivery.rollout
    waits = waiting_seconds(rollout.strategy, rollout.step_percent, rollout.wait_seconds, rollout.bake_seconds)
    if waits > MOST_EXECUTION_SECONDS - PROVISION_SECONDS:
        yield Fault(
            path=("rollout", "wait_seconds"), value=rollout.wait_seconds,
            rule=(
                f"a rollout ends within {MOST_EXECUTION_SECONDS} seconds, {PROVISION_SECONDS} of them for the instances"
                f" to come up, and its waits add up to {waits}"
            ),
            fix="write less, or a larger step_percent",
        )  # fmt: skip


def rolling_has_one_variant(delivery: Any, environment: str) -> Faults:
    """Not rolling beside a shadow variant."""
    del environment
    if delivery.rollout.strategy == Strategy.ROLLING and delivery.shadow is not None:
        yield Fault(
            path=("rollout", "strategy"), value="rolling",
            rule="a rolling update takes an endpoint with one variant, and a shadow is a second one",
            fix="write canary or linear, or remove shadow",
        )  # fmt: skip


def guardrails_need_their_instances(delivery: Any, environment: str) -> Faults:
    """No steps on Inf1."""
    del environment
    instance = delivery.instance_type
    if instance is None or delivery.kind not in (Kind.REALTIME, Kind.ASYNC):
        return
    if instance.split(".")[1] in NO_GUARDRAILS and delivery.rollout.strategy != Strategy.ALL_AT_ONCE:
        yield Fault(
            path=("rollout", "strategy"), value=str(delivery.rollout.strategy),
            rule="SageMaker moves an endpoint on Inf1 instances all at once, whatever is asked for",
            fix="write all_at_once, or another instance_type",
        )  # fmt: skip


def steps_are_watched(delivery: Any, environment: str) -> Faults:
    """Alarms wherever a realtime endpoint's traffic moves in steps, or the steps would only be slow."""
    del environment
    if delivery.kind == Kind.REALTIME and delivery.rollout.strategy in STEP_PERCENT and delivery.alarms is None:
        yield Fault(
            path=("alarms",), value="",
            rule=f"a {delivery.rollout.strategy} rollout goes back by alarms, and there are none",
            fix="write alarms with max_5xx_rate and max_latency_ms, or all_at_once as rollout.strategy",
        )  # fmt: skip


def dev_has_nothing_to_promote_from(delivery: Any, environment: str) -> Faults:
    """`source: promote` outside dev only."""
    if environment == FIRST_ENVIRONMENT and delivery.source == Source.PROMOTE:
        yield Fault(
            path=("source",), value="promote", rule="no environment stands before dev, so nothing is promoted into it",
            fix="write train",
        )  # fmt: skip


def repository_states_its_own_endpoint(delivery: Any, environment: str) -> Faults:
    """Smoke payloads are sent by the platform, so only where it deploys."""
    del environment
    if delivery.owner == Owner.REPOSITORY and delivery.smoke:
        yield Fault(
            path=("smoke",), value="", rule="the model's own repository deploys and verifies its endpoint",
            fix="remove smoke, or write platform as owner",
        )  # fmt: skip


def smoke_payloads_are_short(delivery: Any, environment: str) -> Faults:
    """Smoke payloads fit into the parameter that the functions read."""
    del environment
    size = smoke_bytes([_plain(entry) for entry in delivery.smoke])
    if size > SMOKE_BYTES:
        yield Fault(
            path=("smoke",), value=f"{size} bytes as JSON",
            rule=f"smoke payloads take at most {SMOKE_BYTES} bytes as JSON, because an SSM parameter holds them",
            fix="remove or shorten some",
        )  # fmt: skip


RULES: tuple[Callable[[Any, str], Faults], ...] = (
    sections_belong_to_the_kind,
    batch_needs_its_schedule,
    serverless_excludes,
    async_excludes,
    batch_excludes,
    batch_instance_is_offered,
    batch_instances_are_fixed,
    instances_are_in_order,
    scaling_has_room,
    prod_survives_a_zone,
    steps_are_within_limits,
    steps_have_instances,
    rollout_ends_in_time,
    rolling_has_one_variant,
    guardrails_need_their_instances,
    steps_are_watched,
    dev_has_nothing_to_promote_from,
    repository_states_its_own_endpoint,
    smoke_payloads_are_short,
)


def faults(delivery: Any, environment: str) -> list[Fault]:
    """Return every broken rule of a whole delivery, for callers without settings, such as a component."""
    return [fault for rule in RULES for fault in rule(delivery, environment)]


def _excluded(delivery: Any, subject: str, sections: tuple[str, ...]) -> Faults:
    for section in sections:
        if getattr(delivery, section) is not None:
            yield _absent(section, f"{subject} takes no {section}")


def _absent(section: str, rule: str) -> Fault:
    return Fault(path=(section,), value="", rule=rule, fix="remove it, or choose another kind")


def _stepped(delivery: Any, rule: str) -> Faults:
    if delivery.rollout.strategy != Strategy.ALL_AT_ONCE:
        yield Fault(
            path=("rollout", "strategy"), value=str(delivery.rollout.strategy), rule=rule, fix="write all_at_once"
        )


def _plain(entry: Any) -> dict[str, Any]:
    """Return a smoke entry as it is published."""
    return {name: getattr(entry, name) for name in ("payload", "expect_label", "max_latency_ms")}
