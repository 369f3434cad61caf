"""The encoding: learned on training rows, equal for a batch and for a record."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.steps.running import small_schema


def _schema(document=None):
    from data_schema import Schema

    return Schema(document or small_schema())


numbers = st.floats(min_value=0, max_value=1000, allow_nan=False)
records = st.fixed_dictionaries(
    {
        "size": numbers,
        "colour": st.none() | st.sampled_from(["red", "green", "blue"]),
        "count": st.none() | st.integers(-(10**6), 10**6),
        "open": st.none() | st.booleans(),
    }
)


def _columns(rows, schema):
    return {
        feature.name: [feature.check(row[feature.name], closed=True) for row in rows] for feature in schema.features
    }


@settings(max_examples=150, deadline=None)
@given(training=st.lists(records, min_size=1, max_size=30), rows=st.lists(records, min_size=1, max_size=10))
def test_a_batch_from_csv_and_single_json_records_are_encoded_alike(training, rows):
    from data_schema import parse_and_check
    from features import learn
    from job_contract import StepError

    schema = _schema()
    try:
        encoding = learn(schema, _columns(training, schema), least_rows=2)
    except StepError:
        return  # a column without any value, which has its own test

    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    text.seek(0)
    parsed = {feature.name: [] for feature in schema.features}
    for row in csv.DictReader(text):
        for feature in schema.features:
            value, breach = parse_and_check(feature, row[feature.name])
            assert breach is None, "what Python writes as CSV has to be read as the same value"
            parsed[feature.name].append(value)

    by_record = [encoding.encode_record(row) for row in rows]
    assert encoding.encode_columns(parsed) == by_record, "training and serving have to see the same numbers"
    assert encoding.encode_columns(pd.DataFrame(parsed, dtype=object)) == by_record, "so has a frame"


@settings(max_examples=100, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=8)
)
def test_any_text_as_a_category_is_encoded_alike_from_csv_and_from_json(texts):
    from data_schema import parse_and_check
    from features import learn

    schema = _schema({**small_schema(), "features": [{"name": "colour", "type": "category"}]})
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerows([text] for text in texts)
    file.seek(0)
    parsed = [parse_and_check(schema.features[0], row[0])[0] for row in csv.reader(file, strict=True)]
    if not any(parsed):
        return
    encoding = learn(schema, {"colour": parsed}, least_rows=1)
    by_record = [encoding.encode_record({"colour": text}) for text in texts]
    assert encoding.encode_columns({"colour": parsed}) == by_record, "blanks and line breaks must not make a difference"


@settings(max_examples=50, deadline=None)
@given(training=st.lists(records, min_size=3, max_size=30), row=records)
def test_an_encoding_survives_its_way_through_json(training, row):
    import json

    from features import Encoding, learn
    from job_contract import StepError

    schema = _schema()
    try:
        encoding = learn(schema, _columns(training, schema), least_rows=1)
    except StepError:
        return
    again = Encoding(json.loads(json.dumps(encoding.document)))
    assert again.encode_record(row) == encoding.encode_record(row), "features.json has to say everything"
    assert again.columns == encoding.columns, "column order is part of the encoding"


def _learned(least_rows=2, **values):
    from features import learn

    columns = {
        "size": [1.0, 2.0, 30.0],
        "colour": ["red", "red", "blue"],
        "count": [1.0, None, 4.0],
        "open": [True, True, None],
    }
    return learn(_schema(), {**columns, **values}, least_rows=least_rows)


def test_missing_values_take_what_the_training_rows_had_in_the_middle():
    row = _learned().encode_record({"size": 5})
    assert row == [5.0, 0.0, 1.0, 2.5, 1.0], "count: median of 1 and 4; open: mostly true; colour: other"


def test_rare_and_new_categories_share_the_other_column():
    encoding = _learned()
    assert encoding.columns == ["size", "colour=red", "colour=(other)", "count", "open"], "blue was seen once only"
    for colour in ("blue", "never seen"):
        assert encoding.encode_record({"size": 1, "colour": colour})[1:3] == [0.0, 1.0], f"{colour} is other"


def test_a_category_that_is_called_other_keeps_a_column_of_its_own():
    schema = small_schema()
    schema["features"][1].pop("values")
    from features import learn

    values = {"size": [1.0], "colour": ["other"], "count": [1.0], "open": [True]}
    columns = learn(_schema(schema), values, least_rows=1).columns
    assert len(columns) == len(set(columns)), "two columns of one name cannot be told apart"


def test_a_record_with_several_mistakes_hears_of_all_of_them():
    from features import RecordError

    with pytest.raises(RecordError) as caught:
        _learned().encode_record({"size": "5", "count": 1.5, "open": "yes", "colour": 3, "colr": "red"})
    fields = [problem["field"] for problem in caught.value.problems]
    assert fields == ["size", "colour", "count", "open", "colr"], "each breach is named, the unknown field too"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, True, "7", [1], -1, 1001])
def test_a_number_that_is_none_or_out_of_range_is_refused(value):
    from features import RecordError

    with pytest.raises(RecordError):
        _learned().encode_record({"size": value})


def test_a_column_without_any_value_cannot_be_learned():
    from job_contract import StepError

    with pytest.raises(StepError, match="column 'count' has no value in any training row"):
        _learned(count=[None, None, None])


def test_another_format_of_features_json_is_refused():
    from features import Encoding
    from job_contract import StepError

    with pytest.raises(StepError, match="format 2 is not 1"):
        Encoding({"format": 2})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": {}}, "target.column is missing"),
        ({"target": {"column": "bad", "classes": [1]}}, "two or more different classes"),
        ({"target": {"column": "bad", "classes": [0, 1], "positive": 2}}, "positive 2 is not among"),
        ({"features": []}, "features is empty"),
        ({"features": [{"name": "size", "type": "float"}]}, r"features\[0\].type: 'float' is not a type"),
        ({"features": [{"name": "size", "type": "number", "min": 0}]}, "unknown key 'min'"),
        ({"features": [{"name": "bad", "type": "number"}]}, "'bad' is named twice"),
    ],
)
def test_a_broken_schema_says_where_and_what(change, message):
    from job_contract import StepError

    with pytest.raises(StepError, match=message):
        _schema({**small_schema(), **change})
