"""What costs by its use: listed with the prices of a unit, because nobody can say from a plan how much it will be."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from portal.costs.model import Standing, UnitPrice, Usage
from portal.costs.prices import NotPricedError, PriceTable, Rates
from portal.costs.rules import said
from portal.costs.units import UNITS
from portal.plan.definition import DefinitionError, parse

PIPELINE = "aws:sagemaker/pipeline:Pipeline"
SCHEDULE = "aws:scheduler/schedule:Schedule"


@dataclass(frozen=True, slots=True)
class Use:
    """What a type of resource is paid for, and the units of it that have a price."""

    what: str
    units: tuple[str, ...] = ()


USAGE: Mapping[str, Use] = {
    PIPELINE: Use("each run: the hours of the machines that its steps rent"),
    SCHEDULE: Use("each run, and the hours of what it starts", ("schedule_million",)),
    "aws:ec2/natGateway:NatGateway": Use("traffic", ("nat_gateway_gb",)),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Use("traffic through interfaces", ("vpc_endpoint_gb",)),
    "aws:ec2/flowLog:FlowLog": Use("records of the traffic, as logs", ("log_ingestion_gb", "log_storage_gb_month")),
    "aws:kms/key:Key": Use("requests", ("kms_million_requests",)),
    "aws:s3/bucket:Bucket": Use("what it holds, requests, traffic out of AWS", ("s3_storage_gb_month",)),
    "aws:dynamodb/table:Table": Use(
        "requests, where it is on demand, and what it holds", ("dynamodb_million_reads", "dynamodb_million_writes")
    ),
    "aws:efs/fileSystem:FileSystem": Use("what it holds", ("efs_storage_gb_month",)),
    "aws:ecr/repository:Repository": Use("images", ("ecr_storage_gb_month",)),
    "aws:cloudwatch/logGroup:LogGroup": Use(
        "logs, and how long they are kept", ("log_ingestion_gb", "log_storage_gb_month")
    ),
    "aws:cloudwatch/eventBus:EventBus": Use("events", ("event_million",)),
    "aws:cloudwatch/eventRule:EventRule": Use("nothing for AWS's own events; others as events of their bus"),
    "aws:lambda/function:Function": Use("runs", ("lambda_million_requests", "lambda_gb_second")),
    "aws:sqs/queue:Queue": Use("requests", ("sqs_million_requests",)),
    "aws:sns/topic:Topic": Use("messages, and their delivery", ("sns_million_publishes",)),
    "aws:sns/topicSubscription:TopicSubscription": Use("deliveries by e-mail and text message"),
    "aws:cfg/rule:Rule": Use("evaluations", ("config_evaluation",)),
    "aws:cloudtrail/trail:Trail": Use("data events, and every copy of management events after the first"),
    "aws:servicecatalog/portfolio:Portfolio": Use("calls of the service above the free ones"),
    "aws:sagemaker/domain:Domain": Use("home folders in EFS", ("efs_storage_gb_month",)),
    "aws:sagemaker/space:Space": Use("hours of Studio's machines while an app runs, and its volume"),
    "aws:sagemaker/app:App": Use("hours of its machine while it runs"),
    "aws:sagemaker/mlflowApp:MlflowApp": Use("requests and what is recorded"),
    "aws:sagemaker/endpoint:Endpoint": Use("requests, where it is serverless; traffic; captured data"),
    "aws:appautoscaling/target:Target": Use("instances above those that an endpoint starts with"),
}
"""Types that cost by use. Some cost by standing there too, and then have a rule as well."""


def usage_of(
    before: Iterable[Standing], after: Iterable[Standing], changed: frozenset[str], prices: PriceTable, region: str
) -> tuple[Usage, ...]:
    """Return each kind of use in either state, those that change first. `changed` holds URNs."""
    old, new = _by_type(before), _by_type(after)
    found = []
    for kind in old.keys() | new.keys():
        there, then = old.get(kind, []), new.get(kind, [])
        found.append(
            Usage(
                type=kind,
                what=USAGE[kind].what,
                unit_prices=tuple(_unit_price(unit, prices, region) for unit in USAGE[kind].units),
                before=len(there),
                after=len(then),
                changed=any(each.urn in changed for each in (*there, *then)),
                details=tuple(detail for each in then for detail in _details(each, prices, region)),
            )
        )
    return tuple(sorted(found, key=lambda use: (not use.changed, use.type)))


def _by_type(resources: Iterable[Standing]) -> dict[str, list[Standing]]:
    found: dict[str, list[Standing]] = {}
    for each in resources:
        if each.type in USAGE:
            found.setdefault(each.type, []).append(each)
    return found


def _rates(prices: PriceTable, region: str) -> Rates:
    try:
        return prices.rates(region)
    except NotPricedError:  # each price is then said to be missing
        return Rates(region=region, units={}, instances={})


def _unit_price(unit: str, prices: PriceTable, region: str) -> UnitPrice:
    return UnitPrice(meaning=UNITS[unit], price=_rates(prices, region).units.get(unit))


def _details(one: Standing, prices: PriceTable, region: str) -> Iterator[str]:
    inputs = one.inputs or {}
    if one.type == SCHEDULE:
        zone = inputs.get("scheduleExpressionTimezone", "UTC")
        yield f"{one.name}: {inputs.get('scheduleExpression', 'when is not known')}, {zone}"
    elif one.type == PIPELINE:
        try:
            jobs = list(parse(inputs.get("pipelineDefinition")).jobs())
        except DefinitionError as error:
            yield f"{one.name}: {error}"
            return
        rates = _rates(prices, str(inputs.get("region", region)))
        for job in jobs:
            price = rates.instances.get(job.instance_type)
            each = f"{said(price)} {prices.currency} an hour each" if price is not None else "no price in the table"
            yield f"{one.name}: {job.step} rents {job.count} {job.instance_type}, {each}"
