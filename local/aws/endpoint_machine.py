"""An endpoint as SageMaker moves it: phases of a deployment, rollback, and the events on the way. Nothing waits here.

Time is explicit: `advance` moves every endpoint by one phase. Facts: the descriptions of DescribeEndpoint and
UpdateEndpoint in the API reference, and "Deployment guardrails" and "Automating SageMaker AI with EventBridge" in the
developer guide. An update that fails ends InService on the old config, and DescribeEndpoint gives no reason for it.
"""

import copy
import datetime as dt
from dataclasses import dataclass
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.sagemaker.models import FakeEndpoint, sagemaker_backends

from local.aws import hosting, notices
from local.aws.hosting import FleetId

IN_PROGRESS = ("Creating", "Updating", "RollingBack", "Deleting", "SystemUpdating")
PING = (
    "The primary container for production variant {variant} did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint. ({reason})"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One stage of a deployment, with the secondary status that events and DescribeEndpoint show in it."""

    status: str
    """A VariantStatus: Creating, Updating, ActivatingTraffic, Baking, Deleting."""
    message: str
    traffic: float = 0.0
    """Share of requests that the new fleet answers, 0 to 1."""


@dataclass(kw_only=True)
class Deployment:
    """A change under way."""

    config: dict[str, Any]
    """The new config, as DescribeEndpointConfig gives it: deleting the original changes nothing here."""
    variants: list[dict[str, Any]]
    deployment_config: dict[str, Any] | None
    phases: list[Phase]
    started: dt.datetime
    rolling_back: bool = False
    answered: int = 0
    """Requests so far, so that a canary gets its share."""


class Endpoint(FakeEndpoint):
    """moto's endpoint with a course. Plain values only: the state is stored between two commands."""

    account_id: str
    region: str
    config: dict[str, Any]
    """What it serves: the config's content when it was deployed."""
    shadows: list[dict[str, Any]]
    pending: Deployment | None
    last_deployment: dict[str, Any] | None
    failure_reason: Any
    why_rolled_back: str | None
    """For this machine's reports only; the service does not say."""

    @property
    def fleet(self) -> FleetId:
        """The instances that serve."""
        return FleetId(self.account_id, self.region, self.endpoint_name, self.endpoint_config_name)

    @property
    def new_fleet(self) -> FleetId:
        """The instances of the change under way."""
        assert self.pending is not None  # noqa: S101  # callers look first
        return FleetId(self.account_id, self.region, self.endpoint_name, self.pending.config["EndpointConfigName"])


def all_endpoints() -> list[Endpoint]:
    """Return the endpoints of every account and region."""
    backends: Any = sagemaker_backends
    return [e for _, _, b in backends.iter_backends() for e in list(b.endpoints.values()) if isinstance(e, Endpoint)]


def advance() -> list[str]:
    """Move every endpoint in transition by one phase; return the names of those that moved."""
    moving = [e for e in all_endpoints() if e.pending is not None or e.endpoint_status == "Deleting"]
    for endpoint in moving:
        _step(endpoint)
    return [endpoint.endpoint_name for endpoint in moving]


def _step(endpoint: Endpoint) -> None:
    if endpoint.endpoint_status == "Deleting":
        hosting.current().stop(endpoint.fleet)
        backend: Any = sagemaker_backends[endpoint.account_id][endpoint.region]
        del backend.endpoints[endpoint.endpoint_name]
        return
    change = endpoint.pending
    if change is None:
        return
    if change.rolling_back:
        _rolled_back(endpoint)
        return
    trouble = _trouble(endpoint, change, change.phases[0])
    if trouble is not None:
        _give_up(endpoint, change, trouble)
        return
    change.phases.pop(0)
    if change.phases:
        _tell_deployment(endpoint)
    else:
        _finish(endpoint, change)


def _trouble(endpoint: Endpoint, change: Deployment, phase: Phase) -> str | None:
    """Return why a deployment cannot leave its phase."""
    if phase.status == "Creating":
        started = containers(endpoint, change.config)
        missing = [variant for variant, container in started.items() if not container]
        if missing:
            return f"the model of production variant {missing[0]} does not exist"
        reason = hosting.current().start(endpoint.new_fleet, started)
        return PING.format(variant=next(iter(started)), reason=reason) if reason else None
    if phase.status != "Baking":
        return None
    alarms = ((change.deployment_config or {}).get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    if not alarms:
        return None  # nobody watches, so whatever happens, the deployment goes on
    names = [alarm["AlarmName"] for alarm in alarms]
    known = cloudwatch_backends[endpoint.account_id][endpoint.region].alarms
    ringing = [name for name in names if name in known and known[name].state_value == "ALARM"]
    if ringing:
        return f"alarm {ringing[0]} is in ALARM"
    return hosting.current().trouble(endpoint.new_fleet)


def containers(endpoint: Endpoint, config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the container of each variant of a config, as DescribeModel gives it; empty where the model is gone."""
    backend: Any = sagemaker_backends[endpoint.account_id][endpoint.region]
    found = {}
    for variant in [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]:
        model = backend._models.get(variant["ModelName"])  # noqa: SLF001  # moto's store of models
        found[variant["VariantName"]] = (model.primary_container or model.containers[0]) if model else {}
    return found


def begin(endpoint: Endpoint, change: Deployment, status: str) -> None:
    """Start a change and tell it."""
    endpoint.pending = change
    _set_status(endpoint, status)
    _tell_deployment(endpoint)


def _set_status(endpoint: Endpoint, status: str) -> None:
    endpoint.endpoint_status = status
    endpoint.last_modified_time = notices.now()
    _tell(endpoint, notices.ENDPOINT)


def delete(endpoint: Endpoint) -> None:
    """Begin to delete an endpoint."""
    _set_status(endpoint, "Deleting")


def _give_up(endpoint: Endpoint, change: Deployment, reason: str) -> None:
    hosting.current().stop(endpoint.new_fleet)
    if endpoint.endpoint_status == "Creating":
        endpoint.pending = None
        endpoint.failure_reason = reason
        _set_status(endpoint, "Failed")
        return
    endpoint.why_rolled_back = reason
    change.rolling_back = True
    count = sum(int(v.get("DesiredInstanceCount") or 0) for v in change.variants)
    change.phases = [Phase(status="Deleting", message=f"Terminating {count} instance(s).")]
    _tell_deployment(endpoint)


def _rolled_back(endpoint: Endpoint) -> None:
    endpoint.pending = None
    _tell(endpoint, notices.DEPLOYMENT)
    _set_status(endpoint, "InService")


def _finish(endpoint: Endpoint, change: Deployment) -> None:
    old = endpoint.fleet
    endpoint.config = change.config
    endpoint.endpoint_config_name = change.config["EndpointConfigName"]
    endpoint.production_variants = [{**v, **_current(v)} for v in change.variants]
    endpoint.shadows = _shadows(change.config)
    endpoint.last_deployment = change.deployment_config
    endpoint.why_rolled_back = None
    endpoint.failure_reason = None
    endpoint.pending = None
    if old != endpoint.fleet:
        hosting.current().stop(old)
    _tell(endpoint, notices.DEPLOYMENT)
    _set_status(endpoint, "InService")


def _current(variant: dict[str, Any]) -> dict[str, Any]:
    pairs = (("Weight", float), ("InstanceCount", int), ("ServerlessConfig", dict))
    return {f"Current{n}": kind(variant[f"Desired{n}"]) for n, kind in pairs if f"Desired{n}" in variant}


def variants_of(config: dict[str, Any], members: str = "ProductionVariants") -> list[dict[str, Any]]:
    """Return a config's variants as DescribeEndpoint shows them while their instances are still to come."""
    shown = []
    for variant in config.get(members, []):
        summary: dict[str, Any] = {
            "VariantName": variant["VariantName"],
            "DesiredWeight": float(variant.get("InitialVariantWeight", 1.0)),  # the API's default
        }
        if "InitialInstanceCount" in variant:
            summary["DesiredInstanceCount"] = variant["InitialInstanceCount"]
        if "ServerlessConfig" in variant:
            summary["DesiredServerlessConfig"] = variant["ServerlessConfig"]
        shown.append(summary)
    return shown


def _shadows(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**v, **_current(v)} for v in variants_of(config, "ShadowProductionVariants")]


def _tell_deployment(endpoint: Endpoint) -> None:
    _tell(endpoint, notices.DEPLOYMENT)


def pending_summary(endpoint: Endpoint) -> dict[str, Any]:
    """Return PendingDeploymentSummary as DescribeEndpoint gives it, with what each variant is doing."""
    change = endpoint.pending
    assert change is not None  # noqa: S101  # callers look first
    phase = change.phases[0]
    status = {"Status": phase.status, "StatusMessage": phase.message, "StartTime": change.started}
    return {
        "EndpointConfigName": change.config["EndpointConfigName"],
        "ProductionVariants": [{**copy.deepcopy(v), "VariantStatus": [dict(status)]} for v in change.variants],
        "StartTime": change.started,
    }


def _tell(endpoint: Endpoint, kind: str) -> None:
    from contracts.delivery_events import event_status

    detail: dict[str, Any] = {
        "EndpointName": endpoint.endpoint_name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.endpoint_config_name,
        "ProductionVariants": copy.deepcopy(endpoint.production_variants),
        "EndpointStatus": event_status(endpoint.endpoint_status),
        "CreationTime": notices.milliseconds(endpoint.creation_time),
        "LastModifiedTime": notices.milliseconds(endpoint.last_modified_time),
        "Tags": {tag["Key"]: tag["Value"] for tag in endpoint.tags},
    }
    if endpoint.failure_reason:
        detail["FailureReason"] = endpoint.failure_reason
    if kind == notices.DEPLOYMENT and endpoint.pending is not None:
        detail["PendingDeploymentSummary"] = _in_milliseconds(pending_summary(endpoint))
    notices.OUTBOX.send(endpoint.account_id, endpoint.region, kind, endpoint.arn, detail)


def _in_milliseconds(value: Any) -> Any:  # JSON, with times
    if isinstance(value, dt.datetime):
        return notices.milliseconds(value)
    if isinstance(value, dict):
        return {key: _in_milliseconds(item) for key, item in value.items()}
    return [_in_milliseconds(item) for item in value] if isinstance(value, list) else value
