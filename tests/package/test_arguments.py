"""From what the component host hands over to typed args, and refusals that teach."""

from dataclasses import dataclass

import pulumi
import pytest

from components.packaged.arguments import ArgumentsError, check, read
from contracts.rules import BrokenRuleError
from local.recorder import record


@dataclass(frozen=True, kw_only=True, slots=True)
class Args:
    name: str
    arn: pulumi.Input[str]
    zones: list[str]
    groups: pulumi.Input[list[str]] | None = None
    count: int | None = None
    rate: float | None = None
    on: bool | None = None


WHOLE = {"name": "n", "arn": "a", "zones": ["z"]}


def problems(**changed):
    with pytest.raises(ArgumentsError) as raised:
        read(Args, {**WHOLE, **changed})
    return raised.value.problems


def test_a_float_that_stands_for_an_integer_becomes_one():
    found = read(Args, {**WHOLE, "count": 30.0, "rate": 2.0})
    assert (found.count, type(found.count)) == (30, int), "30.0 would reach AWS as a fraction"
    assert type(found.rate) is float, "a rate stays a fraction"


def test_a_fraction_where_an_integer_is_wanted_is_refused_with_the_way_out():
    assert problems(count=2.5) == {"count": "2.5; this is a whole number; write 2"}


def test_args_of_the_right_kind_come_back_as_they_are():
    args = Args(**WHOLE)
    assert read(Args, args) is args


def test_an_explicit_none_is_an_absent_value():
    assert read(Args, {**WHOLE, "count": None}).count is None
    assert problems(name=None) == {"name": "missing; set it"}


def test_missing_and_unknown_keys_are_reported_together():
    with pytest.raises(ArgumentsError) as raised:
        read(Args, {"name": "n", "zone": "z"})
    assert set(raised.value.problems) == {"zone", "arn", "zones"}


def test_what_is_no_mapping_is_refused():
    with pytest.raises(TypeError, match="from a mapping, not from list"):
        read(Args, [])


def test_outputs_pass_where_the_field_takes_them_and_nowhere_else():
    seen = {}

    def program():
        later = pulumi.Output.from_input("x")
        passed = read(Args, {**WHOLE, "arn": later, "groups": [later]})
        seen["passed"] = passed.arn is later and passed.groups[0] is later
        seen["plain"] = problems(name=later)
        seen["in a list"] = problems(zones=["a", later])

    record(program, stack="dev")
    assert seen["passed"], "an id of a new resource is what these fields are for"
    assert "known only after something is created" in seen["plain"]["name"]
    assert "zones" in seen["in a list"], "an Output within a plain list would decide the number of subnets"


def test_every_broken_check_is_reported_and_the_first_of_a_field_wins():
    def broken(rule):
        def call():
            raise BrokenRuleError(rule, "mend it")

        return call

    with pytest.raises(ArgumentsError) as raised:
        check(("a", 1, broken("first")), ("a", 1, broken("second")), ("b", 2, broken("third")), ("c", 3, lambda: None))
    assert raised.value.problems == {"a": "1; first; mend it", "b": "2; third; mend it"}
