"""The container's place, images, processes, storage and retries, one by one."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.runner import container, images, retries, training
from local.runner.container import Job
from local.runner.errors import CancelledError, RunnerError, StepError
from local.runner.process import Processes


def job(folder):
    made = Job(name="j", arn="arn", folder=folder, image="i")
    made.clear()
    return made


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("/opt/ml", True), ("/opt/ml/model", True), ("--out=/opt/ml/output", True), ("'/opt/ml/x'", True),
        ("file:///opt/ml/x", True), ("/opt/mlflow", False), ("s3://bucket/opt/ml/x", False), ("/opt/ml-tools", False),
        ("a/opt/ml", False), ("/opt/ml.txt", False),
    ],
)  # fmt: skip
def test_only_the_container_s_own_root_is_replaced(tmp_path, text, moved):
    made = job(tmp_path)
    assert made.rewrite(text) == (text.replace("/opt/ml", str(made.root)) if moved else text)


@given(st.text())
def test_text_without_the_root_is_left_as_it_is(text):
    made = Job(name="j", arn="a", folder=Path("/x"), image="i")
    assert made.rewrite(text.replace("/opt/ml", "")) == text.replace("/opt/ml", "")


def test_scripts_that_know_their_root_and_data_keep_their_bytes(tmp_path):
    made = job(tmp_path)
    files = {
        "knows.py": 'ROOT = os.environ.get("ML_ROOT", "/opt/ml")',
        "data.csv": "/opt/ml/model",
        "fixed.py": "open('/opt/ml/model')",
        "run.sh": "ls /opt/ml/input",
    }
    for name, text in files.items():
        (made.root / name).write_text(text)
    (made.root / "binary.py").write_bytes(b"\xff\xfe/opt/ml")
    made.rewrite_code(made.root)
    assert made.rewritten == ["fixed.py", "run.sh"]
    assert (made.root / "data.csv").read_text() == "/opt/ml/model"
    assert (made.root / "knows.py").read_text() == files["knows.py"]


def test_a_job_inherits_nothing_and_cannot_leave_the_embedded_aws(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    env = container.environment(
        job(tmp_path),
        interpreter="/x/bin/python",
        home=tmp_path,
        aws={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        own={"AWS_ENDPOINT_URL": "https://aws", "DATA": "/opt/ml/x", "SM_MODEL_DIR": "/mine"},
        extra={"SM_MODEL_DIR": "/theirs"},
    )
    assert "AWS_SESSION_TOKEN" not in env
    assert env["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert (env["DATA"], env["SM_MODEL_DIR"]) == (f"{tmp_path}/ml/x", "/mine")
    assert env["PATH"].startswith("/x/bin:")


def test_options_come_before_the_file_and_python_means_this_one():
    found = images.load([f"*theirs*={sys.executable} -X utf8 /srv/train.py"])
    assert found.command("a/theirs:1", [], [], []) == [sys.executable, "-X", "utf8", "/srv/train.py"]
    assert found.command("x/sagemaker-scikit-learn:1.2-1", ["python3", "a.py"], ["-b"], []) == [
        sys.executable, "a.py", "-b",
    ]  # fmt: skip
    assert found.command("unknown", ["/bin/sh", "-c", "x"], [], []) == ["/bin/sh", "-c", "x"]
    assert found.command("unknown", ["/opt/conda/bin/python3.9", "a"], [], [])[0] == sys.executable


@pytest.mark.parametrize("option", ["nothing", "=python", "a=", "a=/no/such/python"])
def test_a_broken_image_option_says_how_to_write_it(option):
    with pytest.raises(RunnerError, match="--image"):
        images.load([option])


def ends(pid):
    """Whether a process is gone, or goes within the seconds that a signal takes on a busy machine."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


def test_what_a_job_leaves_behind_ends_with_it(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    child = "[sys.executable, '-c', 'import sys; open(sys.argv[1])', sys.argv[1]]"
    code = f"import subprocess, sys; print(subprocess.Popen({child}).pid)"
    result = Processes().run(
        [sys.executable, "-c", code, str(pipe)], env={}, cwd=tmp_path, log=tmp_path / "log", limit=20
    )
    assert result.exit_code == 0
    assert ends(int((tmp_path / "log").read_text())), "a container ends with its first process"


def test_cancelling_ends_what_runs_and_lets_nothing_start(tmp_path):
    processes, failures = Processes(), []
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def work():
        code = f"import signal; open({str(pipe)!r}, 'w').close(); signal.pause()"
        try:
            processes.run([sys.executable, "-c", code], env={}, cwd=tmp_path, log=tmp_path / "log", limit=None)
        except CancelledError as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pipe.read_bytes()  # returns when the process is up
    processes.cancel()
    thread.join(10)
    assert len(failures) == 1
    with pytest.raises(CancelledError):
        processes.run([sys.executable, "-c", ""], env={}, cwd=tmp_path, log=tmp_path / "log", limit=None)


def test_a_job_that_ignores_the_polite_signal_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("local.runner.process.GRACE_SECONDS", 0.2)
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()"
    result = Processes().run([sys.executable, "-c", code], env={}, cwd=tmp_path, log=tmp_path / "log", limit=0.5)
    assert (result.timed_out, result.exit_code) == (True, -signal.SIGKILL)


def test_prefixes_and_manifests_are_read_as_the_service_reads_them(storage, tmp_path):
    for key in ("p/train/a.csv", "p/train/sub/b.csv", "p/train2.csv"):
        storage.write("x", f"s3://their-bucket/{key}", b"1")
    manifest = json.dumps([{"prefix": "s3://their-bucket/p/"}, "train/a.csv"]).encode()
    storage.write("x", "s3://their-bucket/m.json", manifest)

    def fetched(name, **source):
        storage.download("in", source, tmp_path / name)
        return sorted(p.relative_to(tmp_path / name).as_posix() for p in (tmp_path / name).rglob("*") if p.is_file())

    assert fetched("a", S3Uri="s3://their-bucket/p/train/") == ["a.csv", "sub/b.csv"]
    assert fetched("b", S3Uri="s3://their-bucket/p/train") == ["a.csv", "sub/b.csv", "train2.csv"], "a raw prefix"
    assert fetched("c", S3Uri="s3://their-bucket/p/train2.csv") == ["train2.csv"]
    assert fetched("d", S3Uri="s3://their-bucket/m.json", S3DataType="ManifestFile") == ["train/a.csv"]
    with pytest.raises(StepError, match="bucket nobody-s does not exist"):
        fetched("e", S3Uri="s3://nobody-s/x")


def test_an_archive_depends_on_names_and_content_only(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "model").write_text("m")
    os.utime(tmp_path / "two" / "sub" / "model", (1, 1))
    assert training.archive(tmp_path / "one") == training.archive(tmp_path / "two")


def test_hyperparameters_become_the_toolkit_s_variables_and_arguments(tmp_path):
    values = {"n": "3", "name": '"x"', "sagemaker_program": '"t.py"'}
    env = training.toolkit_environment(tmp_path, values, {"train": {}}, "ml.m5.large")
    assert (env["SM_HP_N"], env["SM_HP_NAME"], env["SM_CHANNELS"]) == ("3", "x", '["train"]')
    assert training.user_arguments(values) == ["--n", "3", "--name", "x"]
    assert "SM_HP_SAGEMAKER_PROGRAM" not in env


def test_a_policy_may_end_by_time():
    policy = [{"ExceptionType": "Step.THROTTLING", "IntervalSeconds": 1, "BackoffRate": 2, "ExpireAfterMin": 1}]
    assert retries.wait_before(policy, "Step.THROTTLING", 3, 59) == 8
    assert retries.wait_before(policy, "Step.THROTTLING", 3, 60) is None
    assert retries.wait_before(policy, "Step.SERVICE_FAULT", 0, 0) is None, "not covered"


def test_ctrl_c_leaves_a_record_that_says_so_and_no_process(tmp_path):
    pipe, marker = tmp_path / "up", tmp_path / "pid"
    os.mkfifo(pipe)
    (tmp_path / "main.py").write_text(
        f"import os, signal\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\n"
        f"open({str(pipe)!r}, 'w').close()\nsignal.pause()\n"
    )
    step = {
        "Name": "Wait", "Type": "Processing",
        "Arguments": {
            "AppSpecification": {
                "ImageUri": "i", "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/main.py"],
            },
            "ProcessingInputs": [{
                "InputName": "code",
                "S3Input": {"S3Uri": "s3://their-bucket/main.py", "LocalPath": "/opt/ml/processing/input/code"},
            }],
        },
    }  # fmt: skip
    (tmp_path / "d.json").write_text(json.dumps({"Steps": [step]}))
    root = Path(__file__).parents[2]
    command = [
        sys.executable, "-c", "from local.cli import main; main()", "run", "--definition", "d.json", "--s3",
        "s3://their-bucket/main.py=main.py",
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
        # A suite that was started in the background ignores the signal, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - takes no lock
    )
    pipe.read_bytes()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    record = json.loads(next((tmp_path / ".mlops" / "runs").glob("*/record.json")).read_text())
    assert process.returncode == 130
    assert "Cancelled" in output
    assert (record["status"], record["steps"][0]["status"]) == ("Stopped", "Stopped")
    assert ends(int(marker.read_text()))
