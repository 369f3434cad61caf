"""The network carries the traffic that it is paid for."""

import json
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.endpoint_services import INTERFACE_SERVICES
from components.network import NatMode, Network, NetworkArgs
from components.subnet_plan import Tier, plan_subnets
from tests.components.test_job_guardrails import NAMES
from tests.harness import STACKS, deploy, deploy_stack, raw_settings, stack_graph

every_stack = pytest.mark.parametrize("stack", STACKS)


def network(nat, zones=("us-east-1a", "us-east-1b")):
    args = NetworkArgs(
        names=NAMES,
        cidr="10.0.0.0/16",
        zones=zones,
        nat=nat,
        trusted_accounts=["333333333333"],
        logs_key_arn="arn:aws:kms:us-east-1:333333333333:key/1",
        log_retention_days=365,
        retain_logs=True,
    )
    return deploy(lambda: Network("network", args))


@every_stack
def test_every_interface_endpoint_answers_to_the_services_own_name(stack):
    endpoints = [e for e in stack_graph(stack).of_type("ec2:VpcEndpoint") if e.inputs["vpcEndpointType"] == "Interface"]
    assert len(endpoints) == len(INTERFACE_SERVICES)
    for endpoint in endpoints:
        assert endpoint.inputs["privateDnsEnabled"] is True, f"{endpoint.name}: without private DNS clients use NAT"
        assert endpoint.inputs["subnetIds"], f"{endpoint.name} has no subnets"
        assert endpoint.inputs["securityGroupIds"], f"{endpoint.name} would get the closed default group"


@every_stack
def test_s3_is_in_every_route_table_that_jobs_use(stack):
    graph = stack_graph(stack)
    (s3,) = [e for e in graph.of_type("ec2:VpcEndpoint") if e.inputs["vpcEndpointType"] == "Gateway"]
    tables = [t for t in graph.of_type("ec2:RouteTable") if "public" not in t.name]
    assert len(s3.inputs["routeTableIds"]) == len(tables), "a table without the endpoint sends S3 through NAT"


@every_stack
def test_the_vpc_resolves_names(stack):
    vpc = stack_graph(stack).one("ec2:Vpc").inputs
    assert (vpc["enableDnsSupport"], vpc["enableDnsHostnames"]) == (True, True), "private DNS needs both"


@every_stack
def test_jobs_reach_endpoints_and_s3(stack):
    graph = stack_graph(stack)
    out = {r.name.removeprefix("platform-network-jobs-to-") for r in graph.of_type("vpc:SecurityGroupEgressRule")}
    assert {"endpoints", "s3", "members"} <= out
    (s3,) = [r for r in graph.of_type("vpc:SecurityGroupEgressRule") if r.name.endswith("-to-s3")]
    assert s3.inputs["prefixListId"].startswith("pl-")


@every_stack
def test_the_endpoints_listen_to_the_whole_vpc(stack):
    graph = stack_graph(stack)
    rule = graph.one("vpc:SecurityGroupIngressRule", "platform-network-endpoints-from-vpc").inputs
    assert rule["cidrIpv4"] == graph.one("ec2:Vpc").inputs["cidrBlock"]
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (443, 443, "tcp")


@every_stack
def test_the_default_security_group_is_closed(stack):
    group = stack_graph(stack).one("ec2:DefaultSecurityGroup").inputs
    assert not group.get("ingress")
    assert not group.get("egress")


@every_stack
def test_all_traffic_is_logged_encrypted(stack):
    graph = stack_graph(stack)
    assert graph.one("ec2:FlowLog").inputs["trafficType"] == "ALL"
    assert ":key/" in graph.one("cloudwatch:LogGroup", "platform-network-flow-logs-log-group").inputs["kmsKeyId"]


@pytest.mark.parametrize(("nat", "gateways"), [(NatMode.NONE, 0), (NatMode.SINGLE, 1), (NatMode.PER_ZONE, 2)])
def test_nat_gateways_are_as_many_as_asked(nat, gateways):
    graph = network(nat)
    assert len(graph.of_type("ec2:NatGateway")) == gateways
    assert len(graph.of_type("ec2:Eip")) == gateways


def test_each_zone_uses_its_own_nat_gateway():
    graph = network(NatMode.PER_ZONE)
    for zone in ("us-east-1a", "us-east-1b"):
        route = graph.one("ec2:Route", f"network-private-{zone}-to-nat")
        (used,) = [d for d in route.property_dependencies["natGatewayId"] if "natGateway:NatGateway" in d]
        assert used.endswith(f"nat-{zone}"), "a zone's failure must not take the other zone's way out"


def test_without_nat_nothing_leads_to_the_internet():
    graph = network(NatMode.NONE)
    assert graph.of_type("ec2:InternetGateway") == []
    assert graph.of_type("ec2:Route") == []
    assert not [s for s in graph.of_type("ec2:Subnet") if "public" in s.name]
    assert not [r for r in graph.of_type("vpc:SecurityGroupEgressRule") if r.inputs.get("cidrIpv4") == "0.0.0.0/0"]


def test_one_zone_is_refused():
    with pytest.raises(ValueError, match="at least two different availability zones"):
        network(NatMode.NONE, zones=("us-east-1a", "us-east-1a"))


def test_an_existing_vpc_is_adopted_by_id():
    raw = raw_settings("dev")
    raw["network"] = {
        "existing": {
            "vpc_id": "vpc-0123456789abcdef0",
            "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        }
    }
    graph = deploy_stack(raw)
    assert graph.of_type("ec2:Vpc") == []
    assert graph.of_type("ec2:VpcEndpoint") == []
    pipeline = json.loads(graph.one("sagemaker:Pipeline").inputs["pipelineDefinition"])
    train = next(step for step in pipeline["Steps"] if step["Name"] == "Train")
    assert train["Arguments"]["VpcConfig"]["Subnets"] == raw["network"]["existing"]["private_subnet_ids"]


class TestEndpointPolicies:
    def statements(self, service):
        (endpoint,) = [e for e in network(NatMode.NONE).of_type("ec2:VpcEndpoint") if e.name.endswith(f"-{service}")]
        return {s["Sid"]: s for s in json.loads(endpoint.inputs["policy"])["Statement"]}

    def test_only_our_accounts_pass_an_interface_endpoint(self):
        condition = self.statements("kms")["OurAccountsOnly"]["Condition"]
        assert condition == {"StringEquals": {"aws:PrincipalAccount": ["333333333333"]}}

    def test_s3_admits_our_buckets_and_the_ones_that_services_own(self):
        statements = self.statements("s3")
        ours = statements["OurBucketsOnly"]["Condition"]["StringEquals"]
        assert ours == {"aws:PrincipalAccount": ["333333333333"], "aws:ResourceAccount": ["333333333333"]}
        assert "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*" in statements["ReadAwsOwnedBuckets"]["Resource"], (
            "image layers come from this bucket"
        )
        assert "cloudformation-custom-resource-response-useast1" in str(statements["AnswerCloudFormation"]["Resource"])


zones = st.lists(st.sampled_from([f"us-east-1{letter}" for letter in "abcdef"]), min_size=2, max_size=6, unique=True)
ranges = st.builds(
    lambda second, prefix: str(IPv4Network(f"10.{second}.0.0/{prefix}")), st.integers(0, 255), st.integers(16, 23)
)


class TestSubnetPlan:
    @given(cidr=ranges, zones=zones, public=st.booleans())
    def test_subnets_lie_within_the_range_and_never_overlap(self, cidr, zones, public):
        planned = [IPv4Network(s.cidr) for s in plan_subnets(cidr, zones, public=public)]
        assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in planned)
        assert not any(a.overlaps(b) for i, a in enumerate(planned) for b in planned[:i])
        assert all(subnet.prefixlen <= 28 for subnet in planned), "AWS admits nothing smaller than /28"

    @given(cidr=ranges, zones=zones, public=st.booleans())
    def test_adding_a_zone_moves_no_other_subnet(self, cidr, zones, public):
        before = {(s.tier, s.zone): s.cidr for s in plan_subnets(cidr, zones[:-1], public=public)}
        after = {(s.tier, s.zone): s.cidr for s in plan_subnets(cidr, zones, public=public)}
        assert before.items() <= after.items()

    @given(cidr=ranges, zones=zones)
    def test_every_zone_has_every_tier(self, cidr, zones):
        planned = plan_subnets(cidr, zones, public=True)
        assert {(s.tier, s.zone) for s in planned} == {(tier, zone) for tier in Tier for zone in zones}

    def test_a_range_too_small_is_refused_with_the_fix(self):
        with pytest.raises(ValueError, match=r"10\.0\.0\.0/24 is too small: set a range of /23 or larger\."):
            plan_subnets("10.0.0.0/24", ["us-east-1a"], public=True)
