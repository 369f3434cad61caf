"""The price table: what is read, and what a person who writes one is told."""

from decimal import Decimal

import pytest

from portal.costs.prices import NotPricedError, PriceTableError, load_prices, parse_prices
from portal.costs.units import UNITS

GOOD = """
as_of: 2026-01-31
currency: USD
source: our own agreement
regions:
  us-east-1:
    units: {nat_gateway_hour: 0.1}
    instances: {ml.m5.large: 0.115}
"""


def test_the_table_that_comes_along_is_right_and_says_what_it_is_worth():
    table = load_prices()
    assert {"us-east-1", "eu-west-1"} <= table.regions.keys()
    assert "Estimates" in table.source, "nobody may take list prices for a bill"
    assert table.currency == "USD"


def test_prices_are_exact_decimals():
    assert parse_prices(GOOD).rates("us-east-1").unit("nat_gateway_hour") * 3 == Decimal("0.3")


def test_an_organisation_puts_its_own_table_in_place(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(GOOD)
    assert load_prices(path).source == "our own agreement"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("as_of: 2026-01-31", "as_of: last week"), r"as_of: 'last week' must be the day"),
        (("as_of: 2026-01-31\n", ""), r"as_of: is missing"),
        (("currency: USD", "currency: dollars"), r"currency: 'dollars' must be a currency's code"),
        (("source: our own agreement", "source: ''"), r"source: say where"),
        (("0.115", "'0,115'"), r"regions.us-east-1.instances.ml.m5.large: '0,115' must be a price"),
        (("0.115", "-1"), r"'-1' must be a price"),
        (("0.115", ".nan"), r"'.nan' must be a price"),
        (("0.115", "1e99"), r"'1e99' must be a price"),
        (("0.115", "[1]"), r"\['1'\] must be a price"),
        (("ml.m5.large", "m5.large"), r"instances.m5.large: SageMaker's instance types begin with ml\."),
        (("nat_gateway_hour", "nat_gateway_hours"), r"did you mean nat_gateway_hour\?"),
        (("nat_gateway_hour", "zzz"), r"units.zzz: there is no such unit; portal/costs/units.py lists them"),
        (("units:", "unit:"), r"regions.us-east-1.unit: is not known here; the keys are instances, units"),
        (("regions:", "regions: 3 #"), r"."),
        (("currency: USD", "currency: USD\ncurrency: EUR"), r"currency stands here twice"),
        (("currency: USD", "currency: {"), r"is no YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_fix(change, said):
    text = GOOD.replace(*change)
    assert text != GOOD
    with pytest.raises(PriceTableError, match=said):
        parse_prices(text, source="ours.yaml")


@pytest.mark.parametrize("text", ["", "3", "- 1", "regions: {}", "regions: {us-east-1: 3}", "? [a]\n: 1"])
def test_whatever_stands_in_a_file_is_refused_by_our_own_error(text):
    with pytest.raises(PriceTableError, match=r"^prices: "):
        parse_prices(text)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(PriceTableError) as caught:
        parse_prices(GOOD.replace("0.115", "x").replace("2026-01-31", "y"))
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_is_not_there_is_told_by_its_path(tmp_path):
    with pytest.raises(PriceTableError, match=r"gone\.yaml: cannot be read"):
        load_prices(tmp_path / "gone.yaml")


def test_what_the_table_does_not_have_is_never_zero():
    table = parse_prices(GOOD)
    with pytest.raises(NotPricedError, match="no region mars-1; it has us-east-1"):
        table.rates("mars-1")
    with pytest.raises(NotPricedError, match="no kms_key_month for us-east-1"):
        table.rates("us-east-1").unit("kms_key_month")
    with pytest.raises(NotPricedError, match=r"no instance type ml\.x for us-east-1"):
        table.rates("us-east-1").instance("ml.x")


def test_every_region_of_our_own_table_has_the_same_units():
    units = {frozenset(rates.units) for rates in load_prices().regions.values()}
    assert len(units) == 1, "a region that lacks a unit makes resources unpriced there"
    assert next(iter(units)) < UNITS.keys()
