"""Settings that would weaken the gate or send the SDK to AWS are refused, with the fix."""

import json
from dataclasses import asdict, replace

import pytest

from pipeline_defs.settings import PipelineSettings
from tests.pipeline_defs.compose_examples import EXAMPLE, PROD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gate": {"recall": 0.5}}, "model fraud-detector: gate has no accuracy (it has ['recall']): add"),
        ({"gate": {"accuracy": 80}}, "gate.accuracy is 80: a threshold lies between 0 and 1"),
        ({"gate": {"accuracy": float("nan")}}, "gate.accuracy is nan: a threshold lies between 0 and 1"),
        ({"gate": {"accuracy": 0.8, "a b": 0.1}}, "gate metric 'a b': use lower case letters, digits and underscores"),
        ({"approval_status": "Automatic"}, "approval_status 'Automatic': use one of ('Approved', "),
        ({"role_arns": {"pipeline": "arn:aws:iam::1:role/p"}}, "role_arns['processing'] is None: give the role's ARN"),
        ({"role_arns": EXAMPLE.role_arns | {"training": "trainer"}}, "role_arns['training'] is 'trainer': give"),
    ],
)
def test_a_bad_value_is_refused_with_the_fix(change, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole text is compared below
        replace(EXAMPLE, **change)
    assert message in str(caught.value)


class Output:
    """Stands for Pulumi's: to put it into a text is an error."""

    def __str__(self):
        raise AssertionError("an Output was put into a text")

    __repr__ = __str__


@pytest.mark.parametrize("change", [{"model": Output()}, {"artifact_bucket": Output()}, {"role_arns": {"x": Output()}}])
def test_an_output_of_pulumi_is_refused(change):
    with pytest.raises(
        TypeError, match=r"holds Output: only plain values go into a definition\. What AWS assigns is a"
    ):
        replace(EXAMPLE, **change)


def test_settings_survive_a_trip_through_json():
    assert PipelineSettings.from_json(PROD.to_json()) == PROD


def test_the_order_of_keys_does_not_matter():
    backwards = {key: asdict(PROD)[key] for key in reversed(list(asdict(PROD)))}
    backwards["gate"] = dict(reversed(backwards["gate"].items()))
    assert PipelineSettings.from_json(json.dumps(backwards)).to_json() == PROD.to_json()
