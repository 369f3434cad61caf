"""The command line: run, runs, registry, reset."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from local import datasets, registry, seeds, stack
from local.aws.server import EmbeddedAws
from local.cli import app
from local.console import CHECKOUT
from local.runner.errors import RunnerError
from local.runner.storage import Storage
from tests.local.conftest import SAMPLES


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(SAMPLES / "definition.json", tmp_path / "theirs.json")
    (tmp_path / "rows.csv").write_text("1,2\n3,4\n5,6\n")
    return tmp_path


def mlops(*words, code=0, **more):
    result = CliRunner().invoke(app, list(words), **more)
    assert result.exit_code == code, result.output
    return result


RUN = (
    "run", "--definition", "theirs.json", "--data", "rows.csv", "--data-parameter", "InputData",
    "--s3", f"s3://their-bucket/code/={SAMPLES / 'code'}",
)  # fmt: skip


def test_a_run_is_readable_and_stays_in_runs_and_registry(here):
    shown = mlops(*RUN).stdout
    for words in ("Succeeded in", "Prepare", "rows 3", "version  their-models/1", "plots"):
        assert words in shown, words
    record = json.loads(mlops("runs", "--json").stdout)[0]
    assert record["execution_id"] in mlops("runs").stdout
    assert "loss 0.333" in mlops("runs", "last").stdout
    assert json.loads(mlops("runs", record["execution_id"][:4], "--json").stdout)["status"] == "Succeeded"
    groups = json.loads(mlops("registry", "--json").stdout)["groups"]
    version = groups[0]["versions"][0]
    assert (groups[0]["group"], version["version"], version["status"]) == ("their-models", 1, "PendingManualApproval")
    assert version["metrics"] == {"rows": 3.0, "score": 0.75}
    assert version["source_run"] == record["execution_id"]
    assert "pending" in mlops("registry").stdout
    again = mlops(*RUN).stdout
    assert "cached from" in again
    assert "--no-cache" in again, "data that a cached step did not read must not go unnoticed"
    mlops("reset", input="n\n", code=1)
    assert json.loads(mlops("registry", "--json").stdout)["groups"], "a no keeps everything"
    removed = json.loads(mlops("reset", "--yes", "--json").stdout)["removed"]
    assert [part.rsplit("/", 1)[-1] for part in removed] == ["aws", "steps"]
    assert json.loads(mlops("registry", "--json").stdout)["groups"] == []
    assert len(json.loads(mlops("runs", "--json").stdout)) == 2, "runs stay unless --runs asks for them too"


def test_a_failed_pipeline_is_exit_code_1_and_json_is_all_there_is(here):
    result = mlops(*RUN, "--parameter", "Threshold=0.9", "--json", code=1)
    record = json.loads(result.stdout)
    assert record["failure_reason"] == "step Refuse: score 0.75 is below 0.9"
    assert [s["status"] for s in record["steps"]][-1] == "Failed"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run",), "say what to run"),
        (("run", "dev"), "say what to run"),
        (("run", "nowhere", "m"), "This project has: dev, preprod, prod"),
        (("run", "dev", "nothing"), "It has: fraud-detector"),
        (("run", "dev", "m", "--definition", "theirs.json"), "not both"),
        (("run", "--definition", "missing.json"), "no such file"),
        (("run", "--definition", "rows.csv"), "not JSON"),
        ((*RUN, "-p", "Threshold"), "write NAME=VALUE"),
        ((*RUN, "-p", "Thresold=1"), "Did you mean Threshold?"),
        ((*RUN, "--image", "x"), "PATTERN=COMMAND"),
        ((*RUN, "--s3", "x=y"), "s3://bucket/key=PATH"),
        ((*RUN, "--s3", "s3://b/x=missing"), "missing does not exist"),
        (("run", "--definition", "theirs.json", "--data", "rows.csv"), "it has: InputData, Threshold, Rounds, Mode"),
        (("run", "--definition", "theirs.json", "--data", "no"), "nor a bundled set (simulated,"),
        (("runs", "zzz"), "there is no such run"),
    ],
)
def test_misuse_is_exit_code_2_and_says_what_to_do(here, words, message):
    assert message in mlops(*words, code=2).stderr
    assert message in json.loads(mlops(*words, "--json", code=2).stdout)["error"]


def test_nothing_yet_is_told_kindly(here):
    assert "No runs yet" in mlops("runs").stdout
    assert "The registry is empty" in mlops("registry").stdout
    assert "Nothing to remove" in mlops("reset").stdout


@pytest.mark.stories
def test_a_version_that_a_run_approves_is_deployed_when_asked_and_else_said_to_be_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.preprod.yaml"):
        shutil.copyfile(CHECKOUT / name, tmp_path / name)
    words = " ".join(mlops("run", "dev", "fraud-detector", "--data", "simulated").stdout.split())
    assert "Version 1 is Approved, and its event reached no function" in words
    assert "--deliver" in words, "the way to have it delivered"
    listed = json.loads(mlops("models", "list", "dev", "--local", "--json").stdout)
    assert listed["models"][0]["versions"][0]["serves"] is False

    said = json.loads(mlops("run", "dev", "fraud-detector", "--data", "simulated", "--deliver", "--json").stdout)

    assert said["status"] == "Succeeded"
    assert any(line.startswith("deploy in dev: accepted") for line in said["heard"])
    assert any(line.startswith("promote in preprod: Registered") for line in said["heard"])
    (model,) = json.loads(mlops("deployments", "list", "dev", "--local", "--json").stdout)["models"]
    assert (model["runs"], model["desired"]["state"]) == (2, "InService")

    text = (tmp_path / "Pulumi.dev.yaml").read_text()
    (tmp_path / "Pulumi.dev.yaml").write_text(text[: text.index("        delivery:")])
    assert "orphan: no longer in the stack's settings" in mlops("deployments", "list", "dev", "--local").stdout
    remove = ("deployments", "remove", "dev", "fraud-detector", "--reason", "retired", "--local")
    assert "name once more" in mlops(*remove, input="fraud\n", code=2).output
    gone = mlops(*remove, input="fraud-detector\n").stdout
    assert "fraud-detector in dev: removed." in gone
    assert json.loads(mlops("deployments", "list", "dev", "--local", "--json").stdout)["models"] == []


def test_delivering_a_definition_of_nobody_is_misuse(here):
    assert "belongs to no stack" in mlops(*RUN, "--deliver", code=2).output


def test_the_version_of_a_report_is_no_metric_of_a_model():
    class Reports:
        def read_json(self, uri):
            return {
                "version": 0.0,
                "binary_classification_metrics": {"recall": {"value": 0.5, "standard_deviation": 0}},
            }

    package = {"ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://b/statistics.json"}}}}
    assert registry.metrics_of(package, Reports()) == {"recall": 0.5}


def test_new_data_replaces_old_data_and_the_marker_comes_last(tmp_path):
    with EmbeddedAws(tmp_path) as aws:
        client = aws.client("s3", "111111111111", "us-east-1")
        storage = Storage(client)
        seeds.put_data(storage, "s3://data/latest/", {"old.csv": b"1"})
        seeds.put_data(storage, "s3://data/latest/", {"a.csv": b"1", "b.csv": b"2"})
        objects = client.list_objects_v2(Bucket="data", Prefix="latest/")["Contents"]
        newest = max(objects, key=lambda o: o["LastModified"])
        assert sorted(o["Key"] for o in objects) == ["latest/_SUCCESS", "latest/a.csv", "latest/b.csv"]
        assert newest["Key"] == "latest/_SUCCESS", "a trigger on the marker must find complete data"


def test_bundled_data_names_its_schema_and_a_folder_keeps_its_files(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.csv").write_text("a")
    (tmp_path / "notes.txt").write_text("no")
    assert list(datasets.find(str(tmp_path)).files()) == ["sub/x.csv"]
    assert datasets.find("breast-cancer").schema == "breast_cancer"
    header, first = next(iter(datasets.find("breast-cancer").files().values())).decode().splitlines()[:2]
    assert header.startswith("mean_radius,")
    assert header.endswith(",malignant")
    assert first.endswith(",1"), "the first case of the data set is malignant"


def test_a_key_may_hold_an_equals_sign(tmp_path):
    (tmp_path / "x.csv").write_text("a")
    with EmbeddedAws(tmp_path / ".mlops") as aws:
        storage = Storage(aws.client("s3", "111111111111", "us-east-1"))
        assert seeds.seed(storage, f"s3://b-1/dt=2026-01-01/x.csv={tmp_path / 'x.csv'}") == 1
        assert storage.read("s3://b-1/dt=2026-01-01/x.csv") == b"a"


def test_a_stack_s_definition_is_filled_and_its_world_is_there(tmp_path):
    found = stack.definition_for("dev", "fraud-detector", project=CHECKOUT)
    assert "PLACEHOLDER" not in found.text
    assert json.loads(found.text)["Steps"]
    with EmbeddedAws(tmp_path) as aws:
        storage = stack.deploy(aws, found)
        stack.deploy(aws, found)
        keys = set(storage.keys(found.pipeline.artifact_bucket, "code/"))
        assert keys == set().union(*(bundle.keys() for bundle in found.bundles.values()))
        account, region = found.settings.account, found.settings.region
        for bucket in (found.pipeline.artifact_bucket, found.settings.names.bucket("data")):
            status = aws.client("s3", account, region).get_bucket_versioning(Bucket=bucket)["Status"]
            assert status == "Enabled", "the manifest cites version ids"
        groups = aws.client("sagemaker", account, region).list_model_package_groups()["ModelPackageGroupSummaryList"]
        assert [g["ModelPackageGroupName"] for g in groups] == [found.pipeline.model_package_group]


def test_an_unknown_stack_lists_the_stacks(tmp_path):
    with pytest.raises(RunnerError, match="This project has: dev, preprod, prod"):
        stack.definition_for("test", "fraud-detector", project=CHECKOUT)
