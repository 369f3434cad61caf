"""The standing cost before and after a change: what is counted, and what is said where it cannot be."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.costs.delta import cost_delta, cost_of
from portal.costs.endpoints import CONFIGURATION, ENDPOINT
from portal.costs.model import Standing
from portal.costs.prices import load_prices, parse_prices
from portal.events import UNKNOWN
from tests.harness import PUBLISHING, stack_graph

REGION = "us-east-1"
NAT, KEY = "aws:ec2/natGateway:NatGateway", "aws:kms/key:Key"
INTERFACE, ALARM = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:cloudwatch/metricAlarm:MetricAlarm"
TABLE, PARAMETER = "aws:dynamodb/table:Table", "aws:ssm/parameter:Parameter"
FILES = "aws:efs/fileSystem:FileSystem"
METRIC = {"metric": {"period": 60}}
PRICES = load_prices()


def standing(kind, inputs=None, name="it"):
    return Standing(urn=f"urn:{kind}:{name}", name=name, type=kind, inputs=inputs)


def monthly(kind, inputs=None):
    (line,) = cost_of([standing(kind, inputs)], PRICES, REGION).lines
    return line.after


def unpriced(kind, inputs=None, *, region=REGION):
    found = cost_of([standing(kind, inputs)], PRICES, region)
    assert (found.after, found.complete) == (0, False)
    return found.unpriced[0].reason


@pytest.mark.parametrize(
    ("kind", "inputs", "amount"),
    [
        (NAT, {}, "32.85"),
        (NAT, None, "32.85"),
        (NAT, {"region": "eu-west-1"}, "35.04"),
        (KEY, None, "1.00"),
        ("aws:ec2/eip:Eip", {"domain": "vpc"}, "3.65"),
        ("aws:secretsmanager/secret:Secret", {}, "0.40"),
        ("aws:cloudwatch/dashboard:Dashboard", {}, "3.00"),
        (INTERFACE, {"vpcEndpointType": "Interface", "subnetIds": ["a", UNKNOWN, UNKNOWN]}, "21.90"),
        (ALARM, {"period": 300.0}, "0.10"),
        (ALARM, {"period": 10}, "0.30"),
        (ALARM, {"metricQueries": [METRIC, METRIC, {"expression": "a/b"}]}, "0.20"),
        (ALARM, {"metricQueries": [METRIC, {"expression": "ANOMALY_DETECTION_BAND(m)"}]}, "0.30"),
        (TABLE, {"readCapacity": 10, "writeCapacity": 5}, "3.32"),
        (PARAMETER, {"tier": "Advanced"}, "0.05"),
        (FILES, {"throughputMode": "provisioned", "provisionedThroughputInMibps": 2}, "12.00"),
    ],
)  # fmt: skip
def test_what_costs_by_standing_there_is_priced(kind, inputs, amount):
    assert monthly(kind, inputs) == Decimal(amount)


@pytest.mark.parametrize(
    ("kind", "inputs", "reason"),
    [
        ("aws:mars/rover:Rover", {}, "nobody has said yet"),
        (INTERFACE, None, "not in the plan"),
        (INTERFACE, {"vpcEndpointType": UNKNOWN}, "vpcEndpointType is not known yet"),
        (INTERFACE, {"vpcEndpointType": "Interface", "subnetIds": UNKNOWN}, "subnetIds is not known yet"),
        (INTERFACE, {"vpcEndpointType": "Interface"}, "subnets are not stated"),
        (INTERFACE, {"vpcEndpointType": "Resource"}, "kind Resource"),
        (ALARM, {"metricQueries": UNKNOWN}, "metricQueries is not known yet"),
        (ALARM, {"metricQueries": [UNKNOWN]}, "metricQueries is not known yet"),
        (ALARM, {"period": UNKNOWN}, "period is not known yet"),
        (TABLE, {"billingMode": UNKNOWN}, "billingMode is not known yet"),
        (TABLE, {"readCapacity": 1}, "writeCapacity is not stated"),
        (PARAMETER, {"tier": "Intelligent-Tiering"}, "leaves it to AWS"),
        (NAT, {"region": "mars-1"}, "no region mars-1"),
        ("aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer", {}, "no mlflow_server_small_hour"),
    ],
)  # fmt: skip
def test_what_cannot_be_priced_is_said_and_never_zero_in_silence(kind, inputs, reason):
    assert reason in unpriced(kind, inputs)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        (INTERFACE, {"vpcEndpointType": "Gateway"}),
        (INTERFACE, {}),
        (TABLE, {"billingMode": "PAY_PER_REQUEST"}),
        (PARAMETER, {"type": "String"}),
        ("aws:ec2/eip:Eip", {"publicIpv4Pool": "ipv4pool-ec2-1"}),
        ("aws:iam/role:Role", {}),
        ("mlops:index:Network", {}),
    ],
)
def test_what_costs_nothing_by_standing_there_has_no_line(kind, inputs):
    found = cost_of([standing(kind, inputs)], PRICES, REGION)
    assert (found.lines, found.unpriced, found.complete) == ((), (), True)


def served(*variants, shadows=(), config="c-1", name="c-1"):
    inputs = {"name": name, "productionVariants": list(variants), "shadowProductionVariants": list(shadows)}
    return [standing(ENDPOINT, {"endpointConfigName": config}), standing(CONFIGURATION, inputs)]


def test_an_endpoint_costs_the_instances_of_its_configuration():
    two = {"instanceType": "ml.m5.large", "initialInstanceCount": 2.0}
    found = cost_of(served(two, shadows=[{"instanceType": "ml.c5.large"}]), PRICES, REGION)
    assert found.after == Decimal("242.36")
    assert "2 ml.m5.large at 0.115 an hour for 730 h; 1 ml.c5.large" in found.lines[0].reason


def test_an_endpoint_s_volumes_are_counted():
    with_volume = {"instanceType": "ml.m5.large", "initialInstanceCount": 2, "volumeSizeInGb": 100}
    assert cost_of(served(with_volume), PRICES, REGION).after == Decimal("195.90")


def test_serverless_costs_only_what_is_provisioned():
    assert cost_of(served({"serverlessConfig": {"memorySizeInMb": 2048}}), PRICES, REGION).lines == ()
    provisioned = {"serverlessConfig": {"memorySizeInMb": 2048, "provisionedConcurrency": 2}}
    (without,) = cost_of(served(provisioned), PRICES, REGION).unpriced
    assert "serverless_provisioned_gb_second" in without.reason, "our own table does not know that price"
    ours = parse_prices(
        "{as_of: 2026-01-01, currency: USD, source: s, regions: {us-east-1: "
        "{units: {serverless_provisioned_gb_second: 0.00001}, instances: {}}}}"
    )
    assert cost_of(served(provisioned), ours, REGION).after == Decimal("105.12")


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        (served({"instanceType": "ml.mars.large"}), "no instance type ml.mars.large"),
        (served({"instanceType": UNKNOWN}), "instanceType is not known yet"),
        (served({"modelName": "m"}), "states no instance type"),
        (served(), "states no variants"),
        (served(UNKNOWN), "a variant is not known yet"),
        (served({"serverlessConfig": UNKNOWN}), "serverlessConfig is not known yet"),
        (served({"instanceType": "ml.m5.large"}, config="c-2"), "c-2: its properties are not in the plan"),
        (served({"instanceType": "ml.m5.large"}, config=UNKNOWN), "endpointConfigName is not known yet"),
    ],
)  # fmt: skip
def test_an_endpoint_that_cannot_be_priced_says_why(resources, reason):
    (found,) = cost_of(resources, PRICES, REGION).unpriced
    assert reason in found.reason


def test_a_change_is_before_after_and_difference():
    before = [standing(NAT, {}, "a"), standing(KEY, {})]
    after = [standing(NAT, {}, "b"), standing(NAT, {}, "c"), standing(KEY, {})]
    found = cost_delta(before, after, PRICES, REGION)
    assert (found.before, found.after, found.delta) == (Decimal("33.85"), Decimal("66.70"), Decimal("32.85"))
    assert [line.name for line in found.lines] == ["b", "c", "a", "it"], "what changes stands first"


def test_a_configuration_s_change_is_seen_at_its_endpoint():
    small = served({"instanceType": "ml.m5.large"})
    large = served({"instanceType": "ml.m5.xlarge"}, config="c-2", name="c-2")
    found = cost_delta(small, large, PRICES, REGION)
    assert found.delta == Decimal("83.95")
    assert "(before: 1 ml.m5.large" in found.lines[0].reason


def test_a_missing_price_never_looks_like_a_saving():
    known = served({"instanceType": "ml.m5.large"})
    unknown = served({"instanceType": "ml.mars.large"})
    found = cost_delta(known, unknown, PRICES, REGION)
    assert (found.before, found.after, found.delta) == (0, 0, 0)
    assert [one.when for one in found.unpriced] == ["after"]


def test_a_deleted_resource_whose_properties_nobody_says_is_unpriced_before():
    found = cost_delta([standing(ALARM)], [], PRICES, REGION)
    assert [(one.when, found.complete) for one in found.unpriced] == [("before", False)]


def test_use_is_listed_with_unit_prices_and_counts():
    found = cost_delta([standing(NAT, {}, "a")], [standing(NAT, {}, "a"), standing(NAT, {}, "b")], PRICES, REGION)
    (use,) = found.usage
    assert (use.before, use.after, use.changed) == (1, 2, True)
    assert use.unit_prices[0].price == Decimal("0.045")


def test_use_in_a_region_without_prices_is_listed_without_them():
    (use,) = cost_of([standing("aws:s3/bucket:Bucket", {})], PRICES, "mars-1").usage
    assert [each.price for each in use.unit_prices] == [None]


def test_schedules_and_pipelines_say_when_and_what_they_rent():
    graph = stack_graph(PUBLISHING)
    found = cost_of([Standing(urn=r.urn, name=r.name, type=r.type, inputs=r.inputs) for r in graph], PRICES, REGION)
    details = "\n".join(detail for use in found.usage for detail in use.details)
    assert "Train rents 1 ml.m5.xlarge, 0.23 USD an hour each" in details
    assert "cron(0 6 * * ? *), UTC" in details
    assert found.complete, f"everything in the stack has a price: {found.unpriced}"
    assert found.after == sum(line.after for line in found.lines) > 100
    json.dumps(found.to_json())


def test_a_pipeline_whose_definition_is_not_known_yet_says_so():
    (use,) = cost_of(
        [standing("aws:sagemaker/pipeline:Pipeline", {"pipelineDefinition": UNKNOWN})], PRICES, REGION
    ).usage
    assert "only known once" in use.details[0]


KINDS = st.sampled_from([NAT, KEY, INTERFACE, ALARM, TABLE, "aws:mars/rover:Rover", "aws:s3/bucket:Bucket"])
INPUTS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "vpcEndpointType": st.sampled_from(["Interface", "Gateway", UNKNOWN]),
        "subnetIds": st.lists(st.just("s"), max_size=3) | st.just(UNKNOWN),
        "billingMode": st.sampled_from(["PROVISIONED", "PAY_PER_REQUEST", UNKNOWN]),
        "readCapacity": st.integers(0, 9) | st.just(UNKNOWN),
        "writeCapacity": st.integers(0, 9),
        "period": st.sampled_from([10, 60, 300, None, True]),
    },
)
STATES = st.lists(st.builds(standing, KINDS, INPUTS, st.sampled_from("abc")), max_size=8)


@settings(max_examples=60, deadline=None)
@given(STATES, STATES)
def test_laws_of_a_difference(before, after):
    there, back = cost_delta(before, after, PRICES, REGION), cost_delta(after, before, PRICES, REGION)
    assert there.delta == there.after - there.before == -back.delta, "undoing a change costs its opposite"
    named = {line.urn for line in there.lines} & {one.urn for one in there.unpriced}
    assert not named, "a resource is in the sums or said to be in none"
    same = cost_delta(after, after, PRICES, REGION)
    assert same.delta == 0, "no change costs nothing"
    json.dumps(there.to_json())
