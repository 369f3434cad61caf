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


def ask(root, **changes):
    """What the worker of that project says."""
    done = subprocess.run(
        COMMAND,
        input=replace(EXAMPLE, **changes).to_json() + "\n",
        text=True,
        capture_output=True,
        cwd=root,
        env=environment(root) | {"PYTHONPATH": str(root)},
        check=True,
        timeout=180,
    )
    return json.loads(done.stdout)


def test_one_new_file_makes_a_pipeline_that_passes_the_checks(root):
    answer = ask(root, pipeline="scoring")
    document = json.loads(answer.get("text", "{}"))
    assert [step["Name"] for step in document.get("Steps", [])] == ["Score"], answer


def test_a_pipeline_that_would_ask_aws_is_told_which_call_it_made_and_where(root):
    leak = MODULE.replace("    jobs = Jobs(", "    session.default_bucket()\n    jobs = Jobs(")
    (root / "pipeline_defs" / "scoring.py").write_text(leak)
    answer = ask(root, pipeline="scoring")
    assert "definitions are built offline: sts.get_caller_identity was called" in answer["error"]
    assert answer["place"].startswith("pipeline_defs/"), answer
