"""How an update shifts traffic: the DeploymentConfig of `sagemaker.update_endpoint`."""

from contracts.delivery_config import Delivery, Kind, Rollout, Strategy
from contracts.endpoint_plan.alarming import alarm_names
from contracts.endpoint_plan.inputs import Request
from contracts.names import Names

LEAST_EXECUTION_SECONDS = 600
MOST_EXECUTION_SECONDS = 28800
"""BlueGreenUpdatePolicy and RollingUpdatePolicy, MaximumExecutionTimeoutInSeconds."""
PROVISION_SECONDS = 1800
"""Ours: what bringing up instances, downloading the model and passing health checks may take beside the waits."""

_TRAFFIC = {Strategy.ALL_AT_ONCE: "ALL_AT_ONCE", Strategy.CANARY: "CANARY", Strategy.LINEAR: "LINEAR"}


def deployment_config(names: Names, model: str, delivery: Delivery) -> Request | None:
    """Return the DeploymentConfig of an update, None where guardrails do not apply (serverless, batch)."""
    if delivery.kind not in (Kind.REALTIME, Kind.ASYNC):
        return None
    rollout = delivery.rollout
    config: Request = (
        {"RollingUpdatePolicy": _rolling(rollout)}
        if rollout.strategy is Strategy.ROLLING
        else {"BlueGreenUpdatePolicy": _blue_green(rollout)}
    )
    watched = alarm_names(names, model, delivery)
    if watched:
        config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in watched]}
    return config


def waiting_seconds(strategy: str, step_percent: int, wait_seconds: int, bake_seconds: int) -> int:
    """Return how long a rollout waits in all, beside the time that instances need to come up."""
    if strategy == Strategy.ROLLING:
        return _steps(step_percent) * wait_seconds
    if strategy == Strategy.LINEAR:
        return _steps(step_percent) * wait_seconds + bake_seconds
    return (2 if strategy == Strategy.CANARY else 1) * wait_seconds + bake_seconds


def _steps(percent: int) -> int:
    return -(-100 // percent)


def _timeout(rollout: Rollout) -> int:
    waits = waiting_seconds(rollout.strategy, rollout.step_percent, rollout.wait_seconds, rollout.bake_seconds)
    return min(max(waits + PROVISION_SECONDS, LEAST_EXECUTION_SECONDS), MOST_EXECUTION_SECONDS)


def _size(percent: int) -> dict[str, object]:
    return {"Type": "CAPACITY_PERCENT", "Value": percent}


def _blue_green(rollout: Rollout) -> dict[str, object]:
    traffic: dict[str, object] = {
        "Type": _TRAFFIC[rollout.strategy],
        "WaitIntervalInSeconds": rollout.wait_seconds,
    }
    if rollout.strategy is Strategy.CANARY:
        traffic["CanarySize"] = _size(rollout.step_percent)
    elif rollout.strategy is Strategy.LINEAR:
        traffic["LinearStepSize"] = _size(rollout.step_percent)
    return {
        "TrafficRoutingConfiguration": traffic,
        "TerminationWaitInSeconds": rollout.bake_seconds,
        "MaximumExecutionTimeoutInSeconds": _timeout(rollout),
    }


def _rolling(rollout: Rollout) -> dict[str, object]:
    return {
        "MaximumBatchSize": _size(rollout.step_percent),
        "WaitIntervalInSeconds": rollout.wait_seconds,
        "MaximumExecutionTimeoutInSeconds": _timeout(rollout),
    }
