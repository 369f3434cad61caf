"""The phases of a deployment, from its DeploymentConfig ("Deployment guardrails" in the SageMaker developer guide)."""

import math
from typing import Any

from local.aws.endpoint_machine import Phase


def launching(count: int) -> Phase:
    """Return the phase in which instances come up and containers must pass their ping."""
    return Phase(status="Creating", message=f"Launching {count} instance(s).")


def of(deployment_config: dict[str, Any] | None, count: int) -> list[Phase]:
    """Return the phases of an update to `count` instances.

    Without a config all traffic moves at once and no alarm is watched. Blue/green: canary has two traffic steps, linear
    as many as its step size needs; each bakes. Rolling moves batch by batch.
    """
    first = [launching(count)]
    if not deployment_config:
        return [*first, _activating("full", count, 1.0)]
    if rolling := deployment_config.get("RollingUpdatePolicy"):
        wait = rolling.get("WaitIntervalInSeconds", 0)
        return [*first, *_steps(_shares(rolling["MaximumBatchSize"], count), "batch", wait, count)]
    policy = deployment_config.get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {}
    wait = routing.get("WaitIntervalInSeconds", 0)
    kind = routing.get("Type", "ALL_AT_ONCE")
    shares: list[float] = []
    if kind == "CANARY":
        shares = _shares(routing["CanarySize"], count)[:1]
    elif kind == "LINEAR":
        shares = [share for share in _shares(routing["LinearStepSize"], count) if share < 1.0]
    bake = policy.get("TerminationWaitInSeconds", 0)
    last = Phase(
        status="Baking",
        message=f"Baking for {bake} seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of "
        f"{count} instance(s).",
        traffic=1.0,
    )
    return [*first, *_steps(shares, kind.lower(), wait, count), _activating("full", count, 1.0), last]


def _shares(size: dict[str, Any], count: int) -> list[float]:
    """Return the shares of traffic after each step of a size, INSTANCE_COUNT or CAPACITY_PERCENT."""
    part = size["Value"] / 100 if size["Type"] == "CAPACITY_PERCENT" else size["Value"] / max(count, 1)
    steps = max(1, math.ceil(1 / part - 1e-9)) if part > 0 else 1
    return [min(1.0, part * step) for step in range(1, steps + 1)]


def _steps(shares: list[float], what: str, wait: int, count: int) -> list[Phase]:
    phases = []
    for share in shares:
        capacity = max(1, math.ceil(share * count - 1e-9))
        phases.append(_activating(what, capacity, share))
        phases.append(
            Phase(
                status="Baking",
                message=f"Baking for {wait} seconds (WaitIntervalInSeconds) with traffic enabled on {what} capacity of "
                f"{capacity} instance(s).",
                traffic=share,
            )
        )
    return phases


def _activating(what: str, capacity: int, share: float) -> Phase:
    message = f"Activating traffic on {what} capacity of {capacity} instance(s)."
    return Phase(status="ActivatingTraffic", message=message, traffic=share)
