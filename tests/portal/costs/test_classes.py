"""Every type of resource that the platform can make is priced, paid by use, or free: none is forgotten."""

import ast

from portal.costs.classes import FREE, Kind, kinds
from portal.costs.endpoints import ENDPOINT
from portal.costs.prices import load_prices
from portal.costs.rules import BY_INPUTS, FLAT
from portal.costs.usage import USAGE
from portal.plan.resources import short_type
from tests.harness import PUBLISHING, ROOT, stack_graph

FIX = "say how it costs: portal/costs/classes.py (free), usage.py (by use) or rules.py (by standing there)"


def token(module, name):
    """aws:s3/bucket:Bucket for aws.s3.Bucket: the provider's own convention, tried on a stack below."""
    return f"aws:{module.removesuffix('_')}/{name[0].lower()}{name[1:]}:{name}"


def types_in(source):
    """The resources of `pulumi_aws` that a module makes: aws.s3.Bucket(…). Loads nothing."""
    return {
        token(node.func.value.attr, node.func.attr)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute)
        and isinstance(node.func.value.value, ast.Name)
        and node.func.value.value.id == "aws"
        and not node.func.attr.endswith("Args")
    }


def test_every_type_that_a_component_makes_is_classified():
    sources = {path: path.read_text() for path in (ROOT / "components").rglob("*.py")}
    forgotten = {
        path.name: unknown
        for path, source in sources.items()
        if (unknown := sorted(each for each in types_in(source) if not kinds(each)))
    }
    assert forgotten == {}, FIX


def test_every_type_of_a_stack_is_classified():
    forgotten = sorted({each.type for each in stack_graph(PUBLISHING) if not kinds(each.type)})
    assert forgotten == [], FIX


def test_the_types_that_components_make_are_really_found():
    assert types_in("aws.s3.Bucket('x', tags=aws.s3.BucketCorsConfigurationCorsRuleArgs())") == {"aws:s3/bucket:Bucket"}
    network = types_in((ROOT / "components/network.py").read_text())
    assert {"aws:ec2/natGateway:NatGateway", "aws:ec2/vpcEndpoint:VpcEndpoint"} <= network


def test_tokens_follow_the_convention_that_finds_them():
    for each in stack_graph(PUBLISHING):
        if each.type.startswith("aws:"):
            _, module, name = each.type.split(":")
            assert token(module.split("/")[0], name) == each.type


def test_a_type_that_nobody_knows_is_not_free():
    assert kinds("aws:mars/rover:Rover") == frozenset()


def test_what_is_free_has_no_price_and_no_use():
    assert not FREE & (FLAT.keys() | BY_INPUTS.keys() | USAGE.keys())


def test_some_types_cost_by_standing_and_by_use():
    assert kinds("aws:ec2/natGateway:NatGateway") == {Kind.PRICED, Kind.USAGE}


def test_the_page_about_costs_names_every_priced_type_and_the_table_s_date():
    page = (ROOT / "docs/costs.md").read_text()
    unsaid = [kind for kind in (*FLAT, *BY_INPUTS, ENDPOINT) if f"`{short_type(kind)}`" not in page]
    assert unsaid == []
    table = load_prices()
    assert f"**{table.as_of}**" in page
    assert all(region in page for region in table.regions)
