"""As few rules as patterns admit, every model in exactly one, and nothing moves that need not."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.delivery_events import approval_pattern, endpoint_state_pattern, forwarded_pattern
from contracts.limits import MODEL_NAME_LENGTH, MODELS_PER_STACK
from contracts.names import Names
from contracts.rule_batches import ALL, PATTERN_LENGTH, batches

LONGEST = Names(
    organisation="o" * 12,
    unit="u" * 12,
    environment="preprod",
    region="ap-southeast-2",
    account="222222222222",
    image_account="111111111111",
)
PATTERNS = {
    "approved": lambda models: approval_pattern(*map(LONGEST.model_package_group, models)),
    "endpoint": lambda models: endpoint_state_pattern(*map(LONGEST.endpoint_arn, models)),
    "promote": lambda models: forwarded_pattern(
        *map(LONGEST.model_package_group, models), account=LONGEST.account, region=LONGEST.region
    ),
}
every_pattern = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=MODEL_NAME_LENGTH)
some = st.sets(names, max_size=MODELS_PER_STACK)


@every_pattern
@given(models=some)
def test_every_model_is_in_exactly_one_rule_and_every_pattern_fits(pattern, models):
    found = batches(models, pattern)
    assert sorted(model for members, _ in found.values() for model in members) == sorted(models)
    for members, text in found.values():
        assert len(text) <= PATTERN_LENGTH
        assert json.loads(text) == pattern(members)


@every_pattern
@given(models=some, new=names)
def test_a_new_model_changes_one_rule_or_parts_it(pattern, models, new):
    before = batches(models - {new}, pattern)
    after = batches(models | {new}, pattern)
    gone = before.keys() - after.keys()
    changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    came = after.keys() - before.keys()
    assert len(gone) + len(changed) <= 1, "the rules of the other models stay as they are"
    assert all(name.startswith(old if old != ALL else f"{ALL}-") for name in came for old in gone)


@given(models=some)
def test_the_order_of_models_does_not_matter(models):
    pattern = PATTERNS["approved"]
    assert batches(sorted(models), pattern) == batches(sorted(models, reverse=True), pattern)


@every_pattern
def test_the_most_models_with_the_longest_names_need_few_rules(pattern):
    models = [f"m{number:03}-{'x' * (MODEL_NAME_LENGTH - 5)}" for number in range(MODELS_PER_STACK)]
    assert len(batches(models, pattern)) <= 40, "of the 300 that a bus has, beside one for each model's new data"


def test_few_models_share_one_rule():
    assert list(batches([f"model-{number}" for number in range(10)], PATTERNS["endpoint"])) == [ALL]
    assert batches([], PATTERNS["endpoint"]) == {}


def test_a_pattern_that_never_fits_is_refused():
    with pytest.raises(ValueError, match="the event pattern of wide has"):
        batches(["wide", "other"], lambda models: {"detail": ["x" * PATTERN_LENGTH]} if "wide" in models else {})
