"""Laws of validation: no member can go missing or be misspelled unseen, and no document makes a check crash."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from pipeline_defs.validation import lint, report, validate
from pipeline_defs.validation.model import shapes
from pipeline_defs.validation.outline import Outline, is_expression
from pipeline_defs.validation.step_types import STEP_TYPES
from tests.pipeline_defs.definitions.sample import SETTINGS, good, step

SHAPES = shapes("sagemaker")


class Position(NamedTuple):
    """A member of an object somewhere in the good document's arguments."""

    step: str
    keys: tuple[str | int, ...]
    member: str
    required: bool
    known: frozenset[str]


def positions(value: Any, shape: str | None, name: str, keys: tuple[str | int, ...]) -> Iterator[Position]:
    """Every member that a shape or a function gives its name to; keys of maps are free, so they are left out."""
    if isinstance(value, dict) and (shape is None or is_expression(value)):
        for key, item in value.items():
            yield Position(name, keys, key, True, frozenset(value))
            yield from positions(item, None, name, (*keys, key))
        return
    if isinstance(value, list):
        inner = None if shape is None or SHAPES[shape]["type"] != "list" else SHAPES[shape]["member"]["shape"]
        for index, item in enumerate(value):
            yield from positions(item, inner, name, (*keys, index))
    if not isinstance(value, dict) or shape is None or SHAPES[shape]["type"] == "any":
        return
    body = SHAPES[shape]
    for key, item in value.items():
        if body["type"] == "map":
            yield from positions(item, body["value"]["shape"], name, (*keys, key))
        else:
            member = body["members"][key]["shape"]
            yield Position(name, keys, key, key in body.get("required", ()), frozenset(body["members"]))
            if key not in ("IfSteps", "ElseSteps"):
                yield from positions(item, None if member == "DefinitionAny" else member, name, (*keys, key))


POSITIONS = [
    position
    for body in Outline(good()).steps
    for position in positions(body.body["Arguments"], STEP_TYPES[body.type].request, body.name, ())
]
REQUIRED = [position for position in POSITIONS if position.required]


def container(document: dict[str, Any], position: Position) -> dict[str, Any]:
    """The object that holds the member."""
    value = step(document, position.step)["Arguments"]
    for key in position.keys:
        value = value[key]
    return value


def test_the_good_document_has_many_positions_to_spoil():
    assert len(POSITIONS) > 200, "the laws below speak about every member of a whole pipeline"
    assert len(REQUIRED) > 80, "and about every required one"


@given(st.sampled_from(REQUIRED))
@how(max_examples=200, deadline=None)
def test_deleting_a_required_member_is_always_found(position):
    document = good()
    del container(document, position)[position.member]
    findings = validate(document)
    assert any(finding.step == position.step for finding in findings), f"{position.member} is required: {position}"


@given(st.sampled_from(POSITIONS), st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,12}", fullmatch=True))
@how(max_examples=200, deadline=None)
def test_renaming_a_member_is_always_found(position, name):
    if name in position.known:
        return
    document = good()
    holder = container(document, position)
    holder[name] = holder.pop(position.member)
    findings = validate(document)
    assert any(finding.step == position.step for finding in findings), f"{position.member} became {name}: {position}"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["Steps.Train.X", "Parameters.InputDataUri", "Steps.", "s3://", "PLACEHOLDER-SUBNETS", "Train"]),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Get", "Std:Join", "Std:JsonGet", "On", "Values", "Name", "Type", "Key", "Step", "Path"]),
            children,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def places(value: Any, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in a document."""
    if keys:
        yield keys
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*keys, key))


PLACES = list(places(good()))


@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=3))
@how(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_document_makes_a_check_crash(changes):
    document = good()
    for keys, value in changes:
        holder = document
        try:
            for key in keys[:-1]:
                holder = holder[key]
            if isinstance(holder, dict) and not isinstance(keys[-1], str):
                continue  # an earlier change put an object where a list was, and JSON has no such key
            holder[keys[-1]] = value
        except (KeyError, IndexError, TypeError):  # an earlier change took this place away
            continue
    report([*validate(document), *validate(document, filled=True), *lint(document, SETTINGS)])


@given(JSON)
@how(max_examples=100, deadline=None)
def test_no_json_value_makes_a_check_crash(value):
    document = value if isinstance(value, dict) else {"Steps": value, "Parameters": value}
    assert validate(value), "no value but a whole document is right"
    lint(document, SETTINGS)


def test_a_document_nested_without_end_is_refused_rather_than_followed():
    document = good()
    condition: dict[str, Any] = {"Type": "X"}
    for _ in range(5000):
        condition = {"Type": "Not", "Condition": condition}
    step(document, "CheckAccuracy")["Arguments"]["Conditions"] = [condition]
    assert [finding.rule for finding in validate(document)] == ["document.depth"], "recursion would end the program"
    assert lint(document, SETTINGS) == [], "validation says what is wrong"


def test_a_chain_of_a_thousand_steps_is_no_problem():
    document = good()
    wait = step(document, "Fail")
    for number in range(1000):
        before = ["Train"] if number == 0 else [f"Wait{number - 1}"]
        document["Steps"].append({**json.loads(json.dumps(wait)), "Name": f"Wait{number}", "DependsOn": before})
        document["Steps"][-1]["Arguments"] = {"ErrorMessage": "x"}
    assert validate(document) == [], "the search for cycles is no recursion"
