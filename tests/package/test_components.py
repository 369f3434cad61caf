"""Every packaged component, made as the host makes it, and compared with the component that it stands for."""

import pulumi
import pytest
from pulumi.errors import InputPropertiesError, InputPropertyError

from components import network as inside
from components.network import NatMode
from components.packaged import COMPONENTS, NAME
from components.packaged.host import PackageProvider
from contracts.names import Names
from local.computed_properties import computed
from local.recorder import duplicates, record
from tests.package.consumers import ARGS, KEY, STACK

PROVIDER = PackageProvider()
WHOLE_NUMBERS = ("instancesMin", "instancesMax", "capturePercent")
TOKENS = {component.__name__: f"{NAME}:index:{component.__name__}" for component in COMPONENTS}


def construct(kind, *, preview=False, result=None, **changed):
    """Construct a component through the host's own code and return the graph."""
    given = {key: value for key, value in {**ARGS[kind], **changed}.items() if value is not None}

    def program():
        made = PROVIDER.construct("one", TOKENS[kind], given, pulumi.ResourceOptions())
        if result is not None:
            result.update(made.state)

    return record(program, stack="dev", account=STACK["account"], region=STACK["region"], preview=preview)


def refusal(kind, **changed):
    with pytest.raises((InputPropertiesError, InputPropertyError)) as raised:
        construct(kind, **changed)
    return {entry["property_path"]: entry["reason"] for entry in raised.value.errors}


def test_each_component_has_a_case():
    assert set(ARGS) == set(TOKENS)


@pytest.mark.parametrize("kind", sorted(ARGS))
def test_the_component_is_one_resource_of_its_token_with_everything_below_it(kind):
    graph = construct(kind)
    own, *others = graph.registrations
    assert (own.type, own.name, own.custom) == (TOKENS[kind], "one", False)
    assert [r.type for r in others].count(TOKENS[kind]) == 0, "a component within a component would double its URNs"
    assert others, "it made nothing"
    assert all(r.parent for r in others), "a child of the stack would be nobody's"
    assert all(r.name.startswith("one-") for r in others), "two of a kind would collide"
    assert duplicates(r.urn for r in graph) == []
    assert {r.urn for r in construct(kind, preview=True)} == {r.urn for r in graph}


@pytest.mark.parametrize("kind", sorted(ARGS))
def test_the_state_holds_every_output_of_the_schema(kind):
    state = {}
    construct(kind, result=state)
    assert set(state) == set(PROVIDER._component_defs[kind].outputs)


@pytest.mark.parametrize("kind", sorted(ARGS))
def test_wrong_coordinates_are_refused_together_before_anything_is_registered(kind):
    found = refusal(kind, unit="fraud-team", region="us-east-9", account="1")
    assert {"unit", "region", "account"} <= set(found)
    assert "'fraud-team'" in found["unit"]
    assert "no hyphen" in found["unit"], found["unit"]


@pytest.mark.parametrize("kind", sorted(ARGS))
def test_an_environment_that_is_none_is_refused_with_the_one_that_was_meant(kind):
    assert "did you mean prod?" in refusal(kind, environment="prd")["environment"]


def test_the_packaged_network_is_the_platforms_own_to_the_last_input():
    def platform():
        names = Names(**STACK, image_account=STACK["account"])
        inside.Network(
            "one",
            inside.NetworkArgs(
                names=names,
                cidr="10.20.0.0/16",
                zones=["us-east-1a", "us-east-1b"],
                nat=NatMode.SINGLE,
                trusted_accounts=[STACK["account"]],
                logs_key_arn=KEY,
                log_retention_days=30,
                retain_logs=True,
            ),
        )

    ours = record(platform, stack="dev", account=STACK["account"], region=STACK["region"]).by_urn()
    theirs = construct("Network").by_urn()
    assert set(ours) == set(theirs), "a repository that moves to the package would replace its VPC"
    for urn, registration in ours.items():
        assert registration.inputs == theirs[urn].inputs, urn


class TestNetwork:
    def test_the_stated_retention_reaches_the_log_group(self):
        assert construct("Network").one("cloudwatch:LogGroup").inputs["retentionInDays"] == 30

    def test_defaults_are_safe_no_nat_a_year_of_logs_and_logs_stay(self):
        graph = construct("Network", nat=None, logRetentionDays=None)
        assert graph.of_type("ec2:NatGateway") == []
        group = graph.one("cloudwatch:LogGroup")
        assert group.inputs["retentionInDays"] == 365
        assert group.retain_on_delete, "flow logs are evidence"

    def test_endpoints_can_be_fewer(self):
        graph = construct("Network", endpoints=["sagemaker.runtime"])
        names = sorted(r.name for r in graph.of_type("ec2:VpcEndpoint"))
        assert names == ["one-endpoint-s3", "one-endpoint-sagemaker.runtime"]

    @pytest.mark.parametrize(
        ("argument", "value", "said"),
        [
            ("cidr", "10.20.0.1/16", "write 10.20.0.0/16"),
            ("zones", ["us-east-1a"], "at least two availability zones"),
            ("zones", ["us-east-1a", "us-east-1a"], "each named once"),
            ("zones", ["us-east-1a", "eu-west-1b"], "the region is us-east-1"),
            ("logRetentionDays", 31.0, "write 60"),
            ("logRetentionDays", 30.5, "whole number"),
            ("trustedAccounts", ["12"], "12 digits"),
            ("endpoints", ["sagemaker.run"], "did you mean sagemaker.runtime?"),
        ],
    )
    def test_what_aws_would_refuse_is_refused_with_the_way_out(self, argument, value, said):
        assert said in refusal("Network", **{argument: value})[argument]

    def test_the_subnets_come_in_the_order_of_the_zones(self):
        zones = ["us-east-1b", "us-east-1a"]

        def program():
            made = PROVIDER.construct("one", TOKENS["Network"], {**ARGS["Network"], "zones": zones}, None)
            pulumi.export("ids", made.state["privateSubnetIds"])

        ids = record(program, stack="dev").exports["ids"]
        known = {"account": STACK["account"], "region": STACK["region"]}
        expected = [computed("aws:ec2/subnet:Subnet", f"one-private-{zone}", {}, **known)[0] for zone in zones]
        assert ids == expected, "a program that takes the first subnet means the first zone"


class TestSecureBucket:
    def test_it_stays_when_the_stack_goes_unless_told_otherwise(self):
        assert construct("SecureBucket").one("s3:Bucket").protect
        assert not construct("SecureBucket", retain=False).one("s3:Bucket").protect

    def test_a_bucket_without_a_key_is_refused_unless_it_holds_access_logs(self):
        assert "encrypted by a customer key" in refusal("SecureBucket", keyArn=None)["keyArn"]
        logs = construct("SecureBucket", purpose="logs", keyArn=None, accessLogBucket=None)
        assert logs.one("s3:BucketLifecycleConfiguration").inputs["rules"][0].get("transitions", []) == []

    @pytest.mark.parametrize(
        ("argument", "value", "said"),
        [
            ("glacierAfterDays", 40.0, "write 60 or more"),
            ("expireAfterDays", 80.0, "write 91 or more"),
            ("standardIaAfterDays", 0.0, "1 or more"),
            ("purpose", "Features", "lower-case"),
            ("classification", "a<b", "tag value"),
        ],
    )
    def test_what_s3_would_refuse_is_refused_with_the_way_out(self, argument, value, said):
        assert said in refusal("SecureBucket", **{argument: value})[argument]


class TestModelEndpoint:
    def test_a_second_instance_is_demanded_in_prod_without_a_trace_of_our_files(self):
        with pytest.raises(InputPropertiesError, match="instances_min 1"):
            construct("ModelEndpoint", environment="prod", instancesMin=1.0)

    def test_an_id_that_is_not_known_yet_leaves_the_graph_as_it_is(self):
        def program():
            later = pulumi.Output.from_input("sg-9")
            given = {**ARGS["ModelEndpoint"], "securityGroupIds": [later]}
            PROVIDER.construct("one", TOKENS["ModelEndpoint"], given, pulumi.ResourceOptions())

        graph = record(program, stack="dev")
        assert graph.one("sagemaker:Model").inputs["vpcConfig"]["securityGroupIds"] == ["sg-9"]

    def test_a_config_made_from_floats_has_the_name_of_one_made_from_integers(self):
        whole = {key: int(value) for key, value in ARGS["ModelEndpoint"].items() if key in WHOLE_NUMBERS}
        names = {
            construct("ModelEndpoint", **changed).one("sagemaker:EndpointConfiguration").inputs["name"]
            for changed in ({}, whole)
        }
        assert len(names) == 1, "the name is a digest of the content: 20.0 would make a new config beside the one of 20"


def test_a_bad_address_and_a_single_subnet_are_refused():
    assert "e-mail" in refusal("Alerts", emails=["nobody"])["emails"]
    assert "two different subnets" in refusal("AdoptedNetwork", privateSubnetIds=["subnet-1"])["privateSubnetIds"]
