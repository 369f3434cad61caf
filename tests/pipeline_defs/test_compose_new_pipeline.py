"""Another kind of pipeline is one new file: found, composed, validated and cached like the first."""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest

from pipeline_defs.catalog import PACKAGE, pipeline_names
from pipeline_defs.worker_process import COMMAND, environment
from tests.pipeline_defs.compose_examples import EXAMPLE

MODULE = '''
"""Scores a table once a day with the newest data."""

from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.mlops.workflow import Pipeline

from pipeline_defs.code import bundles, schema
from pipeline_defs.jobs import Jobs, sklearn_image


def build(settings, session):
    """Put the pipeline together."""
    jobs = Jobs(settings=settings, session=session, code=bundles())
    input_data_uri = ParameterString("InputDataUri", default_value=settings.input_data_uri)
    score = jobs.processing(
        "Score",
        script="preprocess",
        image=sklearn_image(settings.region, "1.2-1"),
        instance=settings.preprocessing_instance,
        arguments=["--input-data-uri", input_data_uri],
        inputs={"schema": jobs.published(schema(settings.data_schema))},
        outputs=["scores"],
    )
    return Pipeline(
        name=settings.pipeline_name,
        parameters=[input_data_uri],
        steps=[score],
        pipeline_experiment_config=None,
        sagemaker_session=session,
    )
'''


@pytest.fixture
def root(tmp_path):
    """A project with one more file."""
    shutil.copytree(PACKAGE, tmp_path / "pipeline_defs", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pipeline_defs" / "scoring.py").write_text(MODULE)
    return tmp_path


def test_a_module_with_build_is_a_pipeline_and_the_helpers_are_not(root):
    assert pipeline_names() == ["tabular_classification"]
    assert pipeline_names(root / "pipeline_defs") == ["scoring", "tabular_classification"]


def test_one_new_file_makes_a_pipeline_that_the_checks_see(root):
    settings = replace(EXAMPLE, pipeline="scoring")
    done = subprocess.run(
        COMMAND,
        input=settings.to_json() + "\n",
        text=True,
        capture_output=True,
        cwd=root,
        env=environment(root) | {"PYTHONPATH": str(root)},
        check=True,
        timeout=180,
    )
    answer = json.loads(done.stdout)
    assert "error" not in answer, answer
    rules = {problem["rule"] for problem in answer["problems"]}
    assert all("gate" in rule or "fail" in rule for rule in rules), (
        f"it has no gate, and nothing else is wrong: {rules}"
    )
