"""The training template with the platform: a valid definition, a run in the local runner, a model that serves."""

import importlib.util
import io
import json
import os
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from mlops_project import traffic

from components.template_content import rendered
from local import registry
from local.aws.server import EmbeddedAws
from local.runner.record import read_all
from local.runner.storage import Storage
from pipeline_defs.validation import validate
from tests.templates.conftest import python, write

pytestmark = pytest.mark.templates


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A repository in which `make run` ran: the documented command, with the platform's own on PATH."""
    folder = write("model-training", tmp_path_factory.mktemp("ran"))
    commands = str(Path(sys.executable).parent)
    done = python(folder, "-m", "training", "run", PATH=f"{commands}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def version(ran):
    """The version that the run registered, with the content of its archive."""
    with EmbeddedAws(ran / ".mlops", read_only=True) as aws:
        (group,) = registry.groups(aws)
        (found,) = group["versions"]
        storage = Storage(aws.client("s3", group["account"], group["region"]))
        return {**found, "group": group["group"], "archive": storage.read(found["model_data"])}


def test_the_definition_is_valid_by_the_platforms_own_validator(ran):
    document = json.loads((ran / "build" / "definition.json").read_text())
    assert [str(finding) for finding in validate(document)] == []


def test_the_whole_pipeline_runs_here_and_registers_a_pending_version(ran, version):
    (record,) = read_all(ran / ".mlops")
    steps = {step["name"]: step["status"] for step in record["steps"]}
    assert record["status"] == "Succeeded", record
    assert steps["Preprocess"] == steps["Train"] == steps["Evaluate"] == steps["RegisterModel"] == "Succeeded"
    assert (version["group"], version["status"]) == ("local", "PendingManualApproval")
    assert version["metrics"]["accuracy"] > 0.9, "the statistics are in the form that the registry reads"


def test_the_version_carries_its_lineage(version):
    assert version["metadata"]["environment"] == "dev"
    assert version["metadata"]["data_manifest"].endswith("/preprocess/manifest/manifest.json")
    assert version["metadata"]["pipeline_execution_arn"].startswith("arn:")


def test_the_recorded_requests_of_the_deployment_template_fit_the_model_of_the_training_template(version, tmp_path):
    with tarfile.open(fileobj=io.BytesIO(version["archive"])) as archive:
        archive.extractall(tmp_path, filter="data")
    spec = importlib.util.spec_from_file_location("handler", tmp_path / "code" / "inference.py")
    handler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(handler)
    loaded = handler.model_fn(str(tmp_path))

    def invoke(body):
        instances = handler.input_fn(body.decode(), "application/json")
        return handler.output_fn(handler.predict_fn(instances, loaded), "application/json")[0].encode()

    stated = tomllib.loads(rendered("realtime-inference", "acme")["traffic.toml"].decode())
    traffic.smoke(invoke, [traffic.Case(**case) for case in stated["case"]])


def test_without_the_platforms_command_a_run_says_where_it_comes_from(repository):
    done = python(repository("model-training"), "-m", "training", "run", PATH="")
    assert done.returncode == 2
    assert "`mlops`, the platform's command, is not on PATH" in done.stderr
