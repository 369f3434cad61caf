"""Parameters, paths, expressions and conditions of a definition."""

import json
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.runner import conditions, durations, parameters, paths
from local.runner.errors import RunnerError, StepError
from local.runner.expressions import Scope, evaluate, references

DECLARED = [
    {"Name": "Text", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]},
    {"Name": "Count", "Type": "Integer", "DefaultValue": 3},
    {"Name": "Rate", "Type": "Float"},
    {"Name": "Flag", "Type": "Boolean", "DefaultValue": False},
]


REPORT = {"Get": "Steps.Eval.PropertyFiles.Report"}


def scope(**more):
    files = {("Eval", "Report"): {"metrics": {"accuracy": {"value": 0.9}}, "list": [10, {"x": 1}], "a b": 2}}
    values = {
        "parameters": {"Count": 3, "Rate": 0.5, "Text": "a"},
        "execution": {"PipelineName": "p"},
        "steps": {"Prep": {"Outputs": {"train": {"Uri": "s3://b/t"}}, "List": [{"A": 1}]}},
        "property_file": lambda step, name: files[step, name],
        "s3_json": lambda uri: {"uri": uri},
    }
    return Scope(**{**values, **more})


# parameters


def test_defaults_and_overrides_take_their_type():
    values = parameters.resolve(DECLARED, {"Rate": "1e-3", "Flag": "True", "Text": "b"})
    assert values == {"Text": "b", "Count": 3, "Rate": 0.001, "Flag": True}


def test_every_wrong_parameter_is_told_at_once():
    with pytest.raises(RunnerError) as error:
        parameters.resolve(DECLARED, {"Txt": "b", "Count": "1.5", "Text": "c"})
    message = str(error.value)
    assert "parameter Txt: the definition has no such parameter. Did you mean Text?" in message
    assert "parameter Count: '1.5' is not of type Integer." in message
    assert "parameter Text: 'c' is not one of a, b." in message
    assert "parameter Rate: has no default, so it needs a value: --parameter Rate=VALUE." in message


@pytest.mark.parametrize(("kind", "value"), [("Float", "nan"), ("Float", "x"), ("Boolean", "yes"), ("Integer", "")])
def test_a_value_of_another_type_is_refused(kind, value):
    with pytest.raises(RunnerError, match="is not of type"):
        parameters.resolve([{"Name": "P", "Type": kind}], {"P": value})


# paths


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("Steps.A.B", ["Steps", "A", "B"]),
        ("Steps.A.Outputs['x.y'].Uri", ["Steps", "A", "Outputs", "x.y", "Uri"]),
        ('Steps.A.List[0]["k"]', ["Steps", "A", "List", 0, "k"]),
        ("$.a[1].b", ["a", 1, "b"]),
        ("metrics.val:acc.value", ["metrics", "val:acc", "value"]),
    ],
)
def test_a_path_is_split_into_names_and_indexes(path, parts):
    assert paths.parts(path) == parts


@pytest.mark.parametrize("path", ["a[", "a['x]", "a..b", "a[-1]"])
def test_a_broken_path_says_where_it_breaks(path):
    with pytest.raises(ValueError, match="goes wrong at character"):
        paths.parts(path)


names = st.text(st.characters(exclude_characters=".[]'\""), min_size=1).filter(lambda name: not name.startswith("$"))


@given(st.lists(names, min_size=1), st.integers())
def test_what_is_put_at_a_path_is_found_there(trail, leaf):
    document = leaf
    for name in reversed(trail):
        document = {name: document}
    dotted, quoted = ".".join(trail), trail[0] + "".join(f"['{name}']" for name in trail[1:])
    assert paths.walk(document, paths.parts(dotted), where="d") == leaf
    assert paths.walk(document, paths.parts(quoted), where="d") == leaf


# expressions


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Get": "Parameters.Count"}, 3),
        ({"Get": "Execution.PipelineName"}, "p"),
        ({"Get": "Steps.Prep.Outputs['train'].Uri"}, "s3://b/t"),
        ({"Get": "Steps.Prep.List[0].A"}, 1),
        ({"Std:Join": {"On": "/", "Values": ["x", {"Get": "Parameters.Rate"}, True, {"Std:Join": {"Values": [1, 2]}}]}},
         "x/0.5/true/12"),
        ({"Std:JsonGet": {"PropertyFile": REPORT, "Path": "metrics.accuracy['value']"}},
         0.9),
        ({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"}, "Path": "$.list[1].x"}}, 1),
        ({"Std:JsonGet": {"S3Uri": {"Std:Join": {"On": "", "Values": ["s3://", "b"]}}, "Path": "uri"}}, "s3://b"),
        ({"a": [{"Get": "Parameters.Text"}], "Get": 1}, {"a": ["a"], "Get": 1}),
    ],
)  # fmt: skip
def test_an_expression_stands_for_its_value(expression, value):
    assert evaluate(expression, scope()) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ({"Get": "Parameters.Nope"}, "it has Count, Rate, Text"),
        ({"Get": "Steps.Later.Arn"}, "it has Prep"),
        ({"Get": "Secrets.x"}, "it has Parameters, Execution, Steps"),
        ({"Get": "Steps.Prep.List[3].A"}, "list of 1"),
        ({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"}, "Path": "metrics.f1"}},
         "property file Report of Eval.metrics has no 'f1': it has accuracy"),
    ],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_says_what_there_is(expression, words):
    with pytest.raises(StepError) as error:
        evaluate(expression, scope())
    assert words in str(error.value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda k: k != "Get" and ":" not in k), inner),
)


@given(plain)
def test_a_value_without_expressions_is_left_as_it_is(value):
    assert evaluate(value, scope()) == value
    assert list(references(value)) == []


@given(plain)
def test_evaluating_twice_is_evaluating_once(value):
    wrapped = {"x": value, "y": {"Get": "Parameters.Count"}}
    once = evaluate(wrapped, scope())
    assert evaluate(once, scope()) == once


@given(st.text(), st.lists(st.text()))
def test_a_join_is_python_s_join(separator, values):
    assert evaluate({"Std:Join": {"On": separator, "Values": values}}, scope()) == separator.join(values)


def test_references_are_found_at_any_depth():
    value = {
        "a": [{"Std:Join": {"Values": [{"Get": "Steps.A.B"}]}}],
        "b": {"Std:JsonGet": {"PropertyFile": {"Get": "C"}}},
    }
    assert sorted(references(value)) == ["C", "Steps.A.B"]


# conditions

SIGNS = {
    "Equals": operator.eq, "GreaterThan": operator.gt, "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt, "LessThanOrEqualTo": operator.le,
}  # fmt: skip
number = st.integers(-3, 3) | st.floats(-3, 3)


@given(st.sampled_from(sorted(SIGNS)), number, number)
def test_a_comparison_is_python_s_own(kind, left, right):
    held, _ = conditions.holds({"Type": kind, "LeftValue": left, "RightValue": right}, scope())
    assert held == SIGNS[kind](left, right)


comparison = st.builds(
    lambda kind, left: {"Type": kind, "LeftValue": left, "RightValue": 0}, st.sampled_from(sorted(SIGNS)), number
)


@given(st.lists(comparison, min_size=1, max_size=4))
def test_de_morgan_holds(items):
    def held(condition):
        return conditions.holds(condition, scope())[0]

    negated = [{"Type": "Not", "Expression": item} for item in items]
    assert held({"Type": "Not", "Expression": {"Type": "Or", "Conditions": items}}) == held(
        {"Type": "And", "Conditions": negated}
    )


def test_in_looks_a_value_up():
    held, line = conditions.holds({"Type": "In", "QueryValue": {"Get": "Parameters.Text"}, "Values": ["a", 1]}, scope())
    assert (held, line) == (True, "a in [a, 1]")


@pytest.mark.parametrize(("left", "right"), [("0.9", 0.8), (0.9, "x"), (None, 1), ({}, 1)])
def test_values_that_cannot_be_compared_fail_the_step(left, right):
    with pytest.raises(StepError, match="cannot compare"):
        conditions.holds({"Type": "GreaterThan", "LeftValue": left, "RightValue": right}, scope())


def test_an_unknown_condition_lists_the_known_ones():
    with pytest.raises(StepError, match=r"'Like' is not one of Equals, .* And"):
        conditions.holds({"Type": "Like"}, scope())


# durations


@pytest.mark.parametrize(
    ("text", "seconds"), [("P30D", 2592000), ("PT1H30M", 5400), ("P1W", 604800), ("30d", 2592000), ("T12H", 43200)]
)
def test_a_duration_has_a_length(text, seconds):
    assert durations.parse(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "30", "1 day", json.dumps("P30D")])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="ISO 8601"):
        durations.parse(text)
