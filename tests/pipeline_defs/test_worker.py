"""The worker: one result line per request, stdout kept clean, a broken model never takes the others with it."""

import json
import subprocess
from dataclasses import replace

import pytest

from pipeline_defs.settings import canonical
from pipeline_defs.worker_process import COMMAND, environment
from tests.pipeline_defs.compose_examples import EXAMPLE, PROD, documents


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the real worker says to a good request, to two that make composing raise, and to a good one."""
    home = tmp_path_factory.mktemp("home")
    requests = [
        EXAMPLE,
        replace(EXAMPLE, model="bad-volume", volume_gb="thirty"),
        replace(EXAMPLE, model="bad-default", hyperparameters={"max_iterations": "many"}),
        replace(PROD, model="last"),
    ]
    stdin = "".join(f"{item.to_json()}\n" for item in requests)
    done = subprocess.run(
        COMMAND, input=stdin, text=True, capture_output=True, cwd=home, env=environment(home), check=True, timeout=180
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_there_is_one_result_per_request_in_order_and_nothing_else_on_stdout(answers):
    results, stderr = answers
    assert [result["model"] for result in results] == ["fraud-detector", "bad-volume", "bad-default", "last"]
    assert "INFO:sagemaker" in stderr, "what the SDK logs goes to stderr"


def test_a_good_definition_is_canonical_json(answers):
    assert answers[0][0] == {"model": "fraud-detector", "text": canonical(documents()[0])}


def test_an_error_of_the_sdk_names_the_step_and_shows_its_trace_on_stderr(answers):
    results, stderr = answers
    assert results[1]["step"] == "Train", "the step that could not be built"
    assert "thirty" in results[1]["error"]
    assert "Traceback" in stderr


def test_an_error_outside_any_step_names_none(answers):
    assert answers[0][2]["step"] is None
    assert answers[0][2]["place"].startswith("pipeline_defs/tabular_classification.py:"), "where its author has to look"
    assert "many" in answers[0][2]["error"], "the offending value"


def test_a_broken_model_does_not_keep_the_others_from_their_definitions(answers):
    assert "text" in answers[0][3], answers[0][3]
