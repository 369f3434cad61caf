"""The composer: cache first, one worker for the rest, errors that teach. Most tests use a stand-in for the worker."""

import json
import logging
import os
import sys
import time
from dataclasses import replace

import pytest

from pipeline_defs import composer as composer_module
from pipeline_defs import worker_process
from pipeline_defs.composer import Composer
from pipeline_defs.errors import DefinitionError
from pipeline_defs.settings import canonical
from tests.pipeline_defs.compose_examples import CHURN, EXAMPLE, PROD

ANSWER = """
import json, sys
for line in sys.stdin:
    model = json.loads(line)["model"]
    print(json.dumps({"model": model, "text": json.dumps({"of": model})}), flush=True)
"""


@pytest.fixture
def stand_in(monkeypatch):
    """Let the worker be a small program."""

    def use(program):
        monkeypatch.setattr(worker_process, "COMMAND", (sys.executable, "-c", program))

    return use


@pytest.fixture
def no_worker(monkeypatch):
    def started(*arguments):
        raise AssertionError("a worker was started")

    def forbid():
        monkeypatch.setattr(composer_module, "WorkerProcess", started)

    return forbid


def until(happened, seconds=20):
    """Wait for another process; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_definitions_come_from_the_worker_and_then_from_the_cache(tmp_path, stand_in, no_worker):
    stand_in(ANSWER)
    with Composer.start([EXAMPLE, CHURN], cache_folder=tmp_path) as composer:
        first = [composer.definition(name) for name in ("fraud-detector", "churn")]
    assert json.loads(first[1].text) == {"of": "churn"}
    no_worker()
    with Composer.start([CHURN, EXAMPLE], cache_folder=tmp_path) as composer:
        assert [composer.definition(name) for name in ("fraud-detector", "churn")] == first, "no process, same result"


def test_only_the_changed_model_goes_to_the_worker(tmp_path, stand_in):
    stand_in(ANSWER)
    with Composer.start([EXAMPLE, CHURN], cache_folder=tmp_path) as composer:
        composer.definition("churn")
        composer.definition("fraud-detector")
    stand_in("import sys, json; sys.exit([json.loads(line)['model'] for line in sys.stdin] != ['churn'] and 3)")
    changed = replace(CHURN, gate={"accuracy": 0.5})
    with Composer.start([EXAMPLE, changed], cache_folder=tmp_path) as composer:
        assert composer.definition("fraud-detector").model == "fraud-detector"
        with pytest.raises(DefinitionError, match="ended with exit code 0"):
            composer.definition("churn")


def test_a_definition_waits_for_no_other_models(tmp_path, stand_in):
    gate = tmp_path / "go"
    stand_in(
        "import json, sys, time, pathlib\n"
        "for number, line in enumerate(sys.stdin):\n"
        f"    while number and not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
        "    print(json.dumps({'model': json.loads(line)['model'], 'text': '{}'}), flush=True)\n"
    )
    with Composer.start([EXAMPLE, CHURN], cache_folder=tmp_path / "cache") as composer:
        assert composer.definition("fraud-detector").text == "{}", "the second model is not there yet"
        with pytest.raises(DefinitionError, match=r"churn is not there after 0\.1 s"):
            composer.definition("churn", timeout=0.1)
        gate.touch()
        assert composer.definition("churn").text == "{}"


def test_a_crash_shows_the_workers_last_lines_and_keeps_what_was_finished(tmp_path, stand_in):
    stand_in(
        "import json, sys\n"
        "model = json.loads(sys.stdin.readline())['model']\n"
        "print(json.dumps({'model': model, 'text': '{}'}), flush=True)\n"
        "print('MemoryError: no room', file=sys.stderr); sys.exit(7)\n"
    )
    with Composer.start([EXAMPLE, CHURN], cache_folder=tmp_path) as composer:
        assert composer.definition("fraud-detector").text == "{}"
        with pytest.raises(DefinitionError) as caught:
            composer.definition("churn")
    assert "churn has no definition: the worker ended with exit code 7" in str(caught.value)
    assert "MemoryError: no room" in str(caught.value), "stderr is shown where something failed, and only there"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the worker was killed by signal 9"),
        ("print('INFO hello from a library')", "the worker's answer cannot be read"),
        ("print(5)", "the worker's answer cannot be read"),
        ("print('{}')", "the worker's answer cannot be read (KeyError('model'))"),
        ("raise SystemExit(0)", "(it wrote nothing)"),
    ],
    ids=["killed", "garbage", "number", "empty", "silent"],
)
def test_a_worker_that_gives_no_answer_is_reported(tmp_path, stand_in, program, reason):
    stand_in(program)
    with Composer.start([EXAMPLE], cache_folder=tmp_path) as composer, pytest.raises(DefinitionError) as caught:
        composer.definition("fraud-detector")
    assert reason in str(caught.value)
    assert caught.value.model == "fraud-detector"


def test_problems_name_model_step_rule_and_fix_and_are_not_cached(tmp_path, stand_in):
    problem = {
        "step": "Train",
        "path": "Arguments.ResourceConfig.InstanceType",
        "rule": "shape.enum",
        "message": "'ml.m5.huge' is no instance type",
        "fix": "use ml.m5.large",
    }
    answer = json.dumps({"model": "fraud-detector", "problems": [problem]})
    stand_in(f"print({answer!r})")
    with Composer.start([EXAMPLE], cache_folder=tmp_path) as composer, pytest.raises(DefinitionError) as caught:
        composer.definition("fraud-detector")
    assert str(caught.value) == (
        "The pipeline definition of fraud-detector has one problem:\n"
        "  step Train: Arguments.ResourceConfig.InstanceType: 'ml.m5.huge' is no instance type [shape.enum] "
        "Fix: use ml.m5.large"
    )
    assert not list(tmp_path.iterdir()), "only definitions that passed are kept"


def test_an_exception_while_composing_names_model_step_place_and_error(tmp_path, stand_in):
    answer = {"model": "churn", "error": "ValueError: no image", "step": "Train", "place": "pipeline_defs/jobs.py:9"}
    stand_in(f"print({json.dumps(answer)!r})")
    with Composer.start([CHURN], cache_folder=tmp_path) as composer, pytest.raises(DefinitionError) as caught:
        composer.definition("churn")
    assert str(caught.value) == (
        "The pipeline definition of churn has one problem:\n"
        "  step Train: pipeline_defs/jobs.py:9: ValueError: no image [composes] "
        "Fix: correct the value or the module; nothing was deployed"
    )


def test_an_unknown_pipeline_and_schema_are_refused_before_any_process_starts(tmp_path, no_worker):
    no_worker()
    wrong = replace(EXAMPLE, pipeline="tabular_regression", data_schema="fraud")
    with pytest.raises(DefinitionError) as caught:
        Composer.start([wrong], cache_folder=tmp_path)
    text = str(caught.value)
    assert "The pipeline definition of fraud-detector has 2 problems" in text
    assert "there is no pipeline 'tabular_regression'; there is tabular_classification" in text
    assert "there is no data schema 'fraud'; there is breast_cancer, fraud_detector" in text
    assert "add pipeline_defs/schemas/fraud.json" in text, "it says how to make it exist"


def test_a_model_asked_for_twice_or_not_at_all_is_refused(tmp_path, stand_in):
    stand_in(ANSWER)
    with pytest.raises(DefinitionError, match="fraud-detector was asked for twice"):
        Composer.start([EXAMPLE, PROD], cache_folder=tmp_path)
    with (
        Composer.start([EXAMPLE], cache_folder=tmp_path) as composer,
        pytest.raises(DefinitionError, match="'churn' was not asked for; the composer was started with fraud-detector"),
    ):
        composer.definition("churn")


def test_a_stack_without_models_starts_no_process(tmp_path, no_worker):
    no_worker()
    Composer.start([], cache_folder=tmp_path).close()


def test_closing_ends_the_worker_and_removes_its_folder(tmp_path, stand_in, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stand_in("import time; time.sleep(600)")
    composer = Composer.start([EXAMPLE], cache_folder=tmp_path / "cache")
    pid = composer._worker.pid
    composer.close()

    def gone():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    until(gone)
    assert not list(tmp_path.glob("mlops-definitions-*"))
    with pytest.raises(DefinitionError, match="killed by signal 15"):
        composer.definition("fraud-detector")


def test_the_worker_inherits_nothing_that_could_change_a_definition(tmp_path, stand_in, monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "PYTHONSTARTUP", "SAGEMAKER_USER_CONFIG_OVERRIDE", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "from the program")
    stand_in(
        "import json, os, sys\n"
        "print(json.dumps({'model': 'fraud-detector', 'text': json.dumps([dict(os.environ), os.getcwd()])}))\n"
    )
    with Composer.start([EXAMPLE], cache_folder=tmp_path) as composer:
        variables, folder = json.loads(composer.definition("fraud-detector").text)
    assert "from the program" not in variables.values()
    assert not [name for name in variables if name.startswith("AWS_")], "no credentials, no region, no profile"
    assert variables["PYTHONHASHSEED"] == "0"
    assert "mlops-definitions-" in folder, "a folder of its own: no .sagemaker-code-config lies above it"
    assert variables["HOME"] == folder, "no ~/.aws and no ~/.config/sagemaker"


def test_a_cache_that_cannot_be_written_costs_time_and_no_preview(tmp_path, stand_in, caplog):
    (tmp_path / "file").write_text("not a folder")
    stand_in(ANSWER)
    with caplog.at_level(logging.WARNING), Composer.start([EXAMPLE], cache_folder=tmp_path / "file") as composer:
        assert composer.definition("fraud-detector").text
    assert "cannot be written" in caplog.text


def test_a_hundred_models_and_long_answers_block_neither_side(tmp_path, stand_in):
    stand_in(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    print('noise ' * 2000, file=sys.stderr)\n"
        "    print(json.dumps({'model': json.loads(line)['model'], 'text': 'x' * 20000}), flush=True)\n"
    )
    requests = [replace(EXAMPLE, model=f"model-{number}") for number in range(100)]
    with Composer.start(requests, cache_folder=tmp_path, cache_limit=10) as composer:
        assert all(len(composer.definition(item.model).text) == 20000 for item in requests)
    assert len(list(tmp_path.glob("*.definition"))) == 100, "the limit never drops a definition of the stack at hand"


def test_the_real_worker_composes_validates_and_lints(tmp_path):
    with Composer.start([EXAMPLE, CHURN], cache_folder=tmp_path) as composer:
        found = composer.definition("fraud-detector")
    document = json.loads(found.text)
    assert found.text == canonical(document), "canonical: sorted keys, no spaces"
    assert [step["Name"] for step in document["Steps"]] == ["Preprocess", "Train", "Evaluate", "CheckAccuracy"]


def test_the_real_worker_refuses_what_the_sdk_lets_through(tmp_path):
    wrong = replace(EXAMPLE, training_instance="ml.m5.huge")
    with Composer.start([wrong], cache_folder=tmp_path) as composer, pytest.raises(DefinitionError) as caught:
        composer.definition("fraud-detector")
    assert "step Train" in str(caught.value)
    assert "ml.m5.huge" in str(caught.value)
