"""What each kind of resource costs by standing there: one rule per type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.costs.prices import HOURS, NotPricedError, Rates
from portal.events import UNKNOWN

NOT_KNOWN = "its properties are not in the plan"


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """What a resource costs each month, and why."""

    monthly: Decimal
    reason: str


Rule = Callable[[Mapping[str, Any], Rates], Charge]


def text(inputs: Mapping[str, Any], name: str, default: str) -> str:
    """Return a text property. Raises `NotPricedError` where it is only known later."""
    value = inputs.get(name, default)
    if not isinstance(value, str) or value == UNKNOWN:
        raise NotPricedError(f"{name} is not known yet")
    return value


def number(inputs: Mapping[str, Any], name: str, default: int | None = None) -> Decimal:
    """Return a number property. Raises `NotPricedError` where it is absent without a default, or only known later."""
    value = inputs.get(name, default)
    if value is None:
        raise NotPricedError(f"{name} is not stated")
    try:
        found = Decimal(str(value)) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite():
        raise NotPricedError(f"{name} is not known yet")
    return found


def items(inputs: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list property; empty where absent. Raises `NotPricedError` where it is only known later."""
    value = inputs.get(name) or []
    if not isinstance(value, list | tuple):
        raise NotPricedError(f"{name} is not known yet")
    return list(value)


def said(amount: Decimal) -> str:
    """Return a number without zeros that say nothing: 2 for 2.0."""
    return format(amount.normalize(), "f")


def hourly(unit: str, what: str) -> Rule:
    """Return the rule of what costs the same for every hour."""

    def rule(_: Mapping[str, Any], rates: Rates) -> Charge:
        price = rates.unit(unit)
        return Charge(monthly=price * HOURS, reason=f"{what}: {said(price)} an hour for {HOURS} h")

    return rule


def monthly(unit: str, what: str) -> Rule:
    """Return the rule of what costs the same for every month."""

    def rule(_: Mapping[str, Any], rates: Rates) -> Charge:
        price = rates.unit(unit)
        return Charge(monthly=price, reason=f"{what}: {said(price)} a month")

    return rule


def public_address(inputs: Mapping[str, Any], rates: Rates) -> Charge:
    """An address of AWS's costs, used or not; one that the organisation brought along does not."""
    if text(inputs, "publicIpv4Pool", "amazon") != "amazon" or inputs.get("customerOwnedIpv4Pool"):
        return Charge(monthly=Decimal(0), reason="an address of the organisation's own")
    return hourly("public_ipv4_hour", "public address, used or not")(inputs, rates)


def vpc_endpoint(inputs: Mapping[str, Any], rates: Rates) -> Charge:
    """An interface costs in each zone, and an endpoint has one subnet in a zone; gateways cost nothing."""
    kind = text(inputs, "vpcEndpointType", "Gateway")
    if kind == "Gateway":
        return Charge(monthly=Decimal(0), reason="gateway endpoints cost nothing")
    if kind not in {"Interface", "GatewayLoadBalancer"}:
        raise NotPricedError(f"endpoints of the kind {kind} have no rule")
    zones = len(items(inputs, "subnetIds")) or len(items(inputs, "subnetConfigurations"))
    if not zones:
        raise NotPricedError("its subnets are not stated, and it costs in each zone")
    price = rates.unit("vpc_endpoint_zone_hour")
    return Charge(
        monthly=price * zones * HOURS,
        reason=f"{zones} zone{'s' if zones > 1 else ''} at {said(price)} an hour for {HOURS} h",
    )


def metric_alarm(inputs: Mapping[str, Any], rates: Rates) -> Charge:
    """Each metric that an alarm looks at costs; a band of expected values counts as two more."""
    queries = items(inputs, "metricQueries")
    if not all(isinstance(query, Mapping) for query in queries):
        raise NotPricedError("metricQueries is not known yet")
    metrics = [query["metric"] for query in queries if isinstance(query.get("metric"), Mapping)]
    count = len(metrics) or 1
    if any("ANOMALY_DETECTION_BAND" in str(query.get("expression", "")) for query in queries):
        count += 2
    periods = [number(metric, "period", 300) for metric in metrics] or [number(inputs, "period", 300)]
    high = min(periods) < 60
    price = rates.unit("alarm_high_resolution_metric_month" if high else "alarm_metric_month")
    kind = " by periods under a minute" if high else ""
    return Charge(
        monthly=price * count, reason=f"{count} metric{'s' if count > 1 else ''}{kind} at {said(price)} a month"
    )


def ssm_parameter(inputs: Mapping[str, Any], rates: Rates) -> Charge:
    """Standard parameters cost nothing; advanced ones do."""
    tier = text(inputs, "tier", "Standard")
    if tier == "Standard":
        return Charge(monthly=Decimal(0), reason="standard parameters cost nothing")
    if tier != "Advanced":
        raise NotPricedError(f"the tier {tier} leaves it to AWS whether it costs")
    return monthly("advanced_parameter_month", "advanced parameter")(inputs, rates)


def dynamodb_table(inputs: Mapping[str, Any], rates: Rates) -> Charge:
    """Provisioned capacity costs by the hour, of the table and of each index; on demand costs by use."""
    if text(inputs, "billingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        return Charge(monthly=Decimal(0), reason="on demand: pays by use")
    capacities = [inputs, *items(inputs, "globalSecondaryIndexes")]
    reads = sum((number(each, "readCapacity") for each in capacities), Decimal(0))
    writes = sum((number(each, "writeCapacity") for each in capacities), Decimal(0))
    price = reads * rates.unit("dynamodb_read_unit_hour") + writes * rates.unit("dynamodb_write_unit_hour")
    return Charge(monthly=price * HOURS, reason=f"{said(reads)} read and {said(writes)} write units for {HOURS} h")


def file_system(inputs: Mapping[str, Any], rates: Rates) -> Charge:
    """Provisioned throughput costs by the month; otherwise a file system costs by what it holds."""
    if text(inputs, "throughputMode", "bursting") != "provisioned":
        return Charge(monthly=Decimal(0), reason="pays by what it holds")
    rate, price = number(inputs, "provisionedThroughputInMibps"), rates.unit("efs_provisioned_mibps_month")
    return Charge(monthly=rate * price, reason=f"{said(rate)} MiB/s provisioned at {said(price)} a month")


def mlflow_server(inputs: Mapping[str, Any], rates: Rates) -> Charge:
    """A tracking server costs for every hour that it runs, by size."""
    size = text(inputs, "trackingServerSize", "Small")
    return hourly(f"mlflow_server_{size.lower()}_hour", f"{size} server")(inputs, rates)


FLAT: Mapping[str, Rule] = {
    "aws:ec2/natGateway:NatGateway": hourly("nat_gateway_hour", "NAT gateway"),
    "aws:ec2/eip:Eip": public_address,
    "aws:kms/key:Key": monthly("kms_key_month", "key; each of its first two rotations adds as much"),
    "aws:kms/replicaKey:ReplicaKey": monthly("kms_key_month", "key in another region"),
    "aws:cloudwatch/dashboard:Dashboard": monthly("dashboard_month", "dashboard"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": monthly("composite_alarm_month", "composite alarm"),
    "aws:secretsmanager/secret:Secret": monthly("secret_month", "secret"),
}
"""Types that cost the same whatever their properties are."""

BY_INPUTS: Mapping[str, Rule] = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": vpc_endpoint,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:ssm/parameter:Parameter": ssm_parameter,
    "aws:dynamodb/table:Table": dynamodb_table,
    "aws:efs/fileSystem:FileSystem": file_system,
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": mlflow_server,
}
"""Types whose cost depends on their properties. Endpoints have portal/costs/endpoints.py."""
