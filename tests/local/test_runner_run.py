"""Whole runs of somebody else's definition with somebody else's scripts, whose paths are hard-coded."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

import pytest
from botocore.exceptions import ClientError

from local.runner import definition as definitions
from local.runner import jobs
from local.runner.clock import SystemClock
from local.runner.errors import RunnerError
from local.runner.progress import Silent
from local.runner.record import read_all
from tests.local.conftest import ACCOUNT, REGION


def states(record):
    return {name: step.status.value for name, step in record.steps.items()}


def test_somebody_else_s_definition_runs_to_a_registered_version(execute, document, aws, storage, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy")
    record = execute(document)
    assert states(record) == {
        "Prepare": "Succeeded", "Fit": "Succeeded", "Gate": "Succeeded", "Register": "Succeeded", "Refuse": "NotTaken",
    }, record.failure_reason  # fmt: skip
    fit = record.steps["Fit"]
    assert fit.metrics == {"loss": 0.333}, "the last match of the metric's expression"
    model = next(o for o in fit.outputs if o["name"] == "model")
    content = storage.read(model["uri"])
    assert hashlib.sha256(content).hexdigest() == model["sha256"]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as tar:
        assert json.load(tar.extractfile("model.json")) == {"rows": 2}
    assert [i["uri"] for i in record.steps["Prepare"].inputs] == [
        "s3://their-bucket/raw/a.csv",
        "s3://their-bucket/code/prepare.py",
    ]
    package = aws.client("sagemaker", ACCOUNT, REGION).describe_model_package(
        ModelPackageName=record.steps["Register"].model_package_arn
    )
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == model["uri"]
    assert package["CustomerMetadataProperties"] == {"mode": "fast", "loss": "0.333"}
    assert package["MetadataProperties"]["GeneratedBy"] == record.execution_arn


def test_the_record_on_disk_tells_the_whole_run(execute, document):
    record = execute(document, Rounds="5")
    stored = json.loads(record.file.read_text())
    assert (stored["status"], stored["parameters"]["Rounds"]) == ("Succeeded", 5)
    assert stored["definition_sha256"] == definitions.read(document).sha256
    prepare = stored["steps"][0]
    assert (record.folder / prepare["log"]).read_text() == "rows 2\n"
    assert (prepare["exit_code"], prepare["metrics"]) == (0, {"score": 0.75, "rows": 2.0})
    assert prepare["rewritten"] == ["processing/input/code/prepare.py"], "which scripts were changed is on record"
    assert stored["plots"] == ["plots/Prepare-curve.svg"]
    assert (record.folder / "plots" / "Prepare-curve.svg").is_file()
    assert 0 < prepare["process_seconds"] <= prepare["seconds"], "the record separates our time from the step's"


def test_a_gate_that_is_not_passed_fails_the_run_with_its_message(execute, document):
    record = execute(document, Threshold="0.9")
    assert record.failure_reason == "step Refuse: score 0.75 is below 0.9"
    assert states(record)["Register"] == "NotTaken"
    assert record.steps["Gate"].outcome == "false: 0.75 >= 0.9 and not (fast in [broken, odd])"


def test_aws_hears_how_the_execution_ended(execute, document, aws):
    record = execute(document, Threshold="0.9")
    client = aws.client("sagemaker", ACCOUNT, REGION)
    assert client.describe_pipeline_execution(PipelineExecutionArn=record.execution_arn)["FailureReason"]
    steps = client.list_pipeline_execution_steps(PipelineExecutionArn=record.execution_arn, SortOrder="Ascending")
    told = {s["StepName"]: s["StepStatus"] for s in steps["PipelineExecutionSteps"]}
    assert told == {"Prepare": "Succeeded", "Fit": "Succeeded", "Gate": "Succeeded", "Refuse": "Failed"}


@pytest.mark.parametrize(
    ("rows", "step", "reason"),
    [
        (b"", "Prepare", "AlgorithmError: the data has no rows, exit code: 3"),
        (b"1,2", "Fit", "AlgorithmError: one row is not enough to fit, exit code: 1"),
    ],
)
def test_a_failed_step_says_why_and_nothing_new_starts(execute, document, storage, rows, step, reason):
    storage.write("raw", "s3://their-bucket/raw/a.csv", rows)
    record = execute(document)
    assert (record.status, record.failure_reason) == ("Failed", f"step {step}: {reason}")
    assert states(record)["Gate"] == "NotStarted"
    assert (record.folder / record.steps[step].log).is_file(), "the log it names exists"


def test_a_script_that_raises_is_quoted(execute, script_step):
    record = execute({"Steps": [script_step("Bad", "import os\nraise ValueError('column x is missing')\n")]})
    assert record.failure_reason == "step Bad: AlgorithmError: ValueError: column x is missing, exit code: 1"


def test_input_that_is_not_there_fails_the_step_as_in_aws(execute, document):
    record = execute(document, InputData="s3://their-bucket/nothing/")
    assert record.failure_reason == "step Prepare: input raw: no S3 objects found under s3://their-bucket/nothing/"


def test_a_wrong_parameter_starts_nothing(runner, document, aws):
    with pytest.raises(RunnerError, match="Did you mean Threshold"):
        runner.run(definitions.read(document), pipeline="theirs", overrides={"Treshold": "1"})
    assert not (aws.folder / "runs").exists()


def test_a_step_over_its_time_is_stopped(execute, script_step):
    record = execute({"Steps": [script_step("Slow", "import signal\nsignal.pause()\n", limit=1)]})
    reason = "step Slow: MaxRuntimeExceeded: stopped after 1 s, the step's MaxRuntimeInSeconds"
    assert record.failure_reason == reason
    assert record.steps["Slow"].seconds < 3


def test_a_cached_step_is_not_run_again_until_it_expires_or_its_arguments_change(runner, document):
    first = runner.run(definitions.read(document), pipeline="theirs", overrides={})
    second = runner.run(definitions.read(document), pipeline="theirs", overrides={})
    assert second.steps["Prepare"].cached_from == first.execution_id
    assert second.steps["Fit"].cached_from is None, "Fit has no CacheConfig"
    assert second.steps["Prepare"].metrics == first.steps["Prepare"].metrics
    changed = runner.run(definitions.read(document), pipeline="theirs", overrides={"Mode": "slow"})
    assert changed.steps["Prepare"].cached_from is None, "an argument changed"
    other = runner.run(definitions.read(document), pipeline="another", overrides={})
    assert other.steps["Prepare"].cached_from is None, "the cache is one pipeline's own"
    document["Steps"][0]["CacheConfig"]["ExpireAfter"] = "PT0S"
    expired = runner.run(definitions.read(document), pipeline="theirs", overrides={})
    assert expired.steps["Prepare"].cached_from is None
    runner.use_cache = False
    assert runner.run(definitions.read(document), pipeline="theirs", overrides={}).steps["Prepare"].cached_from is None


def test_independent_steps_run_at_the_same_time(execute, script_step, tmp_path):
    """Each step opens a pipe that the other one must open too: one after the other they would wait for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = script_step("Writer", f"open({str(pipe)!r}, 'w').write('met')\n")
    reader = script_step("Reader", f"assert open({str(pipe)!r}).read() == 'met'\n")
    assert execute({"Steps": [writer, reader]}).status == "Succeeded"


def test_one_at_a_time_means_one_at_a_time(runner, script_step, tmp_path):
    runner.parallel = 1
    lock = f"import os\nos.mkdir({str(tmp_path / 'lock')!r})\nos.rmdir({str(tmp_path / 'lock')!r})\n"
    document = {"Steps": [script_step(name, lock) for name in "ABCD"]}
    assert runner.run(definitions.read(document), pipeline="theirs", overrides={}).status == "Succeeded"


def test_when_one_of_two_fails_the_other_one_ends_by_itself(runner, script_step, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    class LetsGoodEnd(Silent):
        def step_changed(self, step):
            if step.status == "Failed":
                pipe.write_text("the failure of the other one is known")

    runner.listener = LetsGoodEnd()
    bad = script_step("Bad", "raise SystemExit(1)\n")
    good = script_step("Good", f"open({str(pipe)!r}).read()\n")
    document = {"Steps": [bad, good, script_step("Later", "", DependsOn=["Good"])]}
    record = runner.run(definitions.read(document), pipeline="p", overrides={})
    assert states(record) == {"Bad": "Failed", "Good": "Succeeded", "Later": "NotStarted"}


class FakeClock(SystemClock):
    def __init__(self):
        self.pauses = []

    def monotonic(self):
        return sum(self.pauses)

    def pause(self, seconds, cancelled):
        self.pauses.append(seconds)


POLICY = [
    {
        "ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"],
        "IntervalSeconds": 2,
        "BackoffRate": 3,
        "MaxAttempts": 2,
    }
]


def faults(monkeypatch, *errors):
    """Let the job raise these errors, one after the other, before it runs."""
    waiting, real = list(errors), jobs.execute

    def execute(*args, **kwargs):
        if waiting:
            raise waiting.pop(0)
        return real(*args, **kwargs)

    monkeypatch.setattr("local.runner.processing.execute", execute)


def service(code, status=400):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")


def test_a_fault_of_the_service_is_tried_again_by_the_policy(runner, script_step, monkeypatch):
    runner.clock = FakeClock()
    faults(monkeypatch, service("ThrottlingException"), service("InternalError", 500))
    record = runner.run(
        definitions.read({"Steps": [script_step("Step", "", RetryPolicies=POLICY)]}), pipeline="p", overrides={}
    )
    assert (record.status, record.steps["Step"].attempts) == ("Succeeded", 3), record.failure_reason
    assert runner.clock.pauses == [2, 6], "interval times backoff"


def test_a_policy_ends_after_its_attempts(runner, script_step, monkeypatch):
    runner.clock = FakeClock()
    faults(monkeypatch, *[service("InternalError", 503)] * 5)
    record = runner.run(
        definitions.read({"Steps": [script_step("Step", "", RetryPolicies=POLICY)]}), pipeline="p", overrides={}
    )
    assert (record.status, record.steps["Step"].attempts) == ("Failed", 3)


@pytest.mark.parametrize("error", [service("AccessDenied", 403), KeyError("AppSpecification")])
def test_the_step_s_own_fault_is_not_tried_again(runner, script_step, monkeypatch, error):
    runner.clock = FakeClock()
    faults(monkeypatch, error)
    record = runner.run(
        definitions.read({"Steps": [script_step("Step", "", RetryPolicies=POLICY)]}), pipeline="p", overrides={}
    )
    assert (record.steps["Step"].attempts, runner.clock.pauses) == (1, [])


def test_a_script_s_exit_code_is_not_tried_again(execute, script_step):
    record = execute({"Steps": [script_step("Step", "raise SystemExit(1)", RetryPolicies=POLICY)]})
    assert record.steps["Step"].attempts == 1


def test_an_image_whose_command_nobody_knows_names_the_option(execute, document):
    del document["Steps"][1]["Arguments"]["AlgorithmSpecification"]["ContainerEntrypoint"]
    reason = execute(document).failure_reason
    assert "--image 'PATTERN=COMMAND'" in reason
    assert "--image '*theirs*=" in reason


def test_a_training_image_in_script_mode_runs_the_script_it_is_given(execute, document, storage):
    code = io.BytesIO()
    script = (
        b"import argparse\np = argparse.ArgumentParser()\np.add_argument('--rounds', type=int)\n"
        b"print('loss=1.5' if p.parse_known_args()[0].rounds == 3 else '')\n"
    )
    with tarfile.open(fileobj=code, mode="w:gz") as tar:
        member = tarfile.TarInfo("main.py")
        member.size = len(script)
        tar.addfile(member, io.BytesIO(script))
    storage.write("code", "s3://their-bucket/code/sourcedir.tar.gz", code.getvalue())
    arguments = document["Steps"][1]["Arguments"]
    del arguments["AlgorithmSpecification"]["ContainerEntrypoint"]
    arguments["HyperParameters"] |= {
        "sagemaker_program": '"main.py"',
        "sagemaker_submit_directory": '"s3://their-bucket/code/sourcedir.tar.gz"',
    }
    record = execute(document)
    assert record.steps["Fit"].metrics == {"loss": 1.5}, record.failure_reason


def test_a_property_file_that_was_not_written_is_the_step_s_failure(execute, document):
    document["Steps"][0]["PropertyFiles"][0]["FilePath"] = "other.json"
    reason = execute(document).failure_reason
    assert "property file Report of Prepare" in reason
    assert "the step must write other.json" in reason


def test_register_arguments_that_aws_would_refuse_fail_the_step(execute, document):
    document["Steps"][2]["Arguments"]["IfSteps"][0]["Arguments"]["Nonsense"] = 1
    assert "Unknown parameter in input" in execute(document).failure_reason


def test_a_fault_of_the_runner_itself_is_never_recorded_as_a_success(runner, script_step):
    class Broken(Silent):
        def step_changed(self, step):
            raise RuntimeError("screen is gone")

    runner.listener = Broken()
    with pytest.raises(RuntimeError, match="screen is gone"):
        runner.run(definitions.read({"Steps": [script_step("Step", "")]}), pipeline="p", overrides={})
    record = json.loads(next((runner.aws.folder / "runs").glob("*/record.json")).read_text())
    assert record["status"] == "Failed"
    assert "the runner itself failed" in record["failure_reason"]


def test_a_run_whose_process_died_is_not_shown_as_running(execute, script_step, aws):
    record = execute({"Steps": [script_step("Step", "")]})
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stored = json.loads(record.file.read_text())
    record.file.write_text(json.dumps({**stored, "status": "Executing", "pid": gone.pid}))
    assert read_all(aws.folder)[0]["status"] == "Interrupted"
    record.file.write_text("{")
    assert read_all(aws.folder)[0]["status"] == "Unreadable"
