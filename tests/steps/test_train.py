"""Train in SageMaker's contract: hyperparameters as text, a model folder, metric lines, a failure file."""

import json
import re
import shutil

import pytest

from tests.steps.running import Job


def _copy(trained, tmp_path, hyperparameters):
    job = Job(tmp_path / "ml")
    shutil.copytree(trained.root / "input" / "data", job.root / "input" / "data")
    (job.root / "input" / "config").mkdir()
    (job.root / "input" / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    return job


def _train(job, monkeypatch):
    import train as script
    from job_contract import TRAINING_MESSAGE, run

    monkeypatch.setenv("ML_ROOT", str(job.root))
    return run("Train", TRAINING_MESSAGE, script.main)


def test_the_model_folder_holds_the_model_its_encoding_and_its_record(trained):
    folder = trained.root / "model"
    assert sorted(path.name for path in folder.iterdir()) == ["features.json", "model.joblib", "training.json"]
    record = json.loads((folder / "training.json").read_text())
    assert record["hyperparameters"]["learning_rate"] == 0.1, "text became a number"
    assert len(record["learning_curve"]) == record["iterations"], "one point per iteration"
    assert set(record["libraries"]) >= {"python", "scikit-learn", "numpy"}, "a pickle needs its versions"
    encoding = (folder / "features.json").read_bytes()
    assert encoding == (trained.output / "features" / "features.json").read_bytes(), "serving encodes as training did"


def test_two_trainings_write_the_same_bytes_on_any_number_of_cores(trained, tmp_path):
    job = _copy(trained, tmp_path, {"max_iterations": "60", "learning_rate": "0.1"})
    job.succeed("train", OMP_NUM_THREADS="2")
    for name in ("model.joblib", "training.json"):
        same = (job.root / "model" / name).read_bytes() == (trained.root / "model" / name).read_bytes()
        assert same, f"{name} has to depend on data and settings alone"


def test_metric_lines_can_be_read_by_a_metric_definition(trained, tmp_path, monkeypatch, capsys):
    job = _copy(trained, tmp_path, {"max_iterations": "3", "learning_rate": "0.1"})
    assert _train(job, monkeypatch) == 0
    log = capsys.readouterr().out
    assert len(re.findall(r"train:loss=([0-9.eE+-]+);", log)) == 3, "one line per iteration"
    assert len(re.findall(r"validation:loss=([0-9.eE+-]+);", log)) == 3
    assert len(re.findall(r"validation:accuracy=([0-9.eE+-]+);", log)) == 1


def test_one_iteration_with_a_tiny_learning_rate_says_the_majority_class_only(trained, tmp_path, monkeypatch):
    import joblib
    from training_tables import read_table

    job = _copy(trained, tmp_path, {"max_iterations": "1", "learning_rate": "0.01"})
    assert _train(job, monkeypatch) == 0
    columns = [
        column
        for feature in json.loads((job.root / "model" / "features.json").read_text())["features"]
        for column in feature["columns"]
    ]
    rows, _ = read_table(trained.output / "test" / "test.csv", columns)
    assert set(joblib.load(job.root / "model" / "model.joblib").predict(rows)) == {0}, "the demo's weak model is weak"


def test_every_wrong_hyperparameter_is_named_with_its_range(trained, tmp_path, monkeypatch):
    wrong = {
        "max_iterations": "many",
        "learning_rate": "0",
        "max_leaf_nodes": "1",
        "l2_regularization": "nan",
        "depth": "3",
        "sagemaker_region": "us-east-1",
    }
    job = _copy(trained, tmp_path, wrong)
    assert _train(job, monkeypatch) == 1
    message = (job.root / "output" / "failure").read_text()
    for expected in (
        "max_iterations is 'many', it has to be a whole number from 1 to 10000",
        "learning_rate is '0', it has to be a number above 0 to 1",
        "max_leaf_nodes is '1'",
        "l2_regularization is 'nan'",
        "'depth' is not a hyperparameter of this step; known are max_iterations",
    ):
        assert expected in message, message
    assert "sagemaker_region" not in message, "the SDK's own entries are none of ours"
    assert len(message) <= 1024, "FailureReason is cut there"


@pytest.mark.parametrize("text", ["0.2", '"0.2"', 0.2])
def test_a_hyperparameter_may_be_text_json_text_or_a_number(tmp_path, text):
    from hyperparameters import read_hyperparameters

    path = tmp_path / "hyperparameters.json"
    path.write_text(json.dumps({"learning_rate": text}))
    assert read_hyperparameters(path).learning_rate == 0.2


def test_defaults_hold_without_hyperparameters(tmp_path):
    from hyperparameters import Hyperparameters, read_hyperparameters

    assert read_hyperparameters(tmp_path / "hyperparameters.json") == Hyperparameters()


def test_channels_of_two_different_runs_are_told_apart(trained, tmp_path, monkeypatch):
    job = _copy(trained, tmp_path, {})
    path = job.root / "input" / "data" / "validation" / "validation.csv"
    path.write_text(path.read_text().replace("amount", "amounts", 1))
    assert _train(job, monkeypatch) == 1
    message = (job.root / "output" / "failure").read_text()
    assert "validation.csv" in message, message
    assert "differing: amount, amounts" in message, message


def test_an_unforeseen_error_leaves_a_message_and_its_traceback(trained, tmp_path, monkeypatch):
    import train as script

    job = _copy(trained, tmp_path, {})
    monkeypatch.setattr(script, "fit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _train(job, monkeypatch)
    message = (job.root / "output" / "failure").read_text()
    assert message.startswith("Train failed unexpectedly: ZeroDivisionError"), "the console still says something"
