"""Filling a definition: whole lists, texts, no leftovers, no broken quoting."""

import json

import pytest

from pipeline_defs.placeholders import KEY_ARN, SECURITY_GROUPS, SUBNETS, fill

VALUES = {SUBNETS: ["subnet-1", "subnet-2"], SECURITY_GROUPS: ["sg-1"], KEY_ARN: "arn:aws:kms:eu-west-1:1:key/k"}


def test_a_list_placeholder_becomes_the_whole_list_and_a_text_is_replaced_where_it_stands():
    document = {
        "Vpc": {"Subnets": [SUBNETS], "SecurityGroupIds": [SECURITY_GROUPS]},
        "Key": KEY_ARN,
        "n": [1, None, True],
    }
    assert json.loads(fill(json.dumps(document), VALUES)) == {
        "Vpc": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        "Key": VALUES[KEY_ARN],
        "n": [1, None, True],
    }


def test_the_result_is_canonical_whatever_the_template_looked_like():
    assert fill('{ "b": 1,\n "a": 2 }', VALUES) == '{"a":2,"b":1}'


def test_a_value_with_quotes_cannot_break_the_document():
    assert json.loads(fill(json.dumps({"k": KEY_ARN}), {KEY_ARN: 'x", "y": "z'})) == {"k": 'x", "y": "z'}


@pytest.mark.parametrize("left", [{"Key": KEY_ARN}, {"a": [{"Subnets": [SUBNETS]}]}, {"x": "PLACEHOLDER-NEW"}])
def test_a_leftover_is_refused_with_its_path(left):
    with pytest.raises(ValueError, match=r"^\$\..*still holds a placeholder: pass a value"):
        fill(json.dumps(left), {})


def test_a_list_placeholder_inside_a_text_is_refused():
    with pytest.raises(ValueError, match="still holds a placeholder"):
        fill(json.dumps({"Subnets": f"{SUBNETS},subnet-9"}), VALUES)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({SUBNETS: "subnet-1"}, "must be a list of at least one id"),
        ({SUBNETS: []}, "must be a list of at least one id"),
        ({SECURITY_GROUPS: ["sg-1", ""]}, "must be a list of at least one id"),
        ({KEY_ARN: ["arn"]}, "must be a text that is not empty"),
        ({KEY_ARN: ""}, "must be a text that is not empty"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        fill("{}", values)
