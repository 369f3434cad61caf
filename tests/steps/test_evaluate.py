"""Evaluate: metrics that can be recomputed by hand, reports in SageMaker's formats, archives that are not trusted."""

import io
import json
import shutil
import tarfile

import jsonschema
import numpy as np
import pytest

from tests.steps.running import Job, pack


def _outcome(labels, scores, classes=(0, 1), counts=(70, 30)):
    from quality_metrics import Outcome

    scores = np.array(scores, dtype=float)
    probabilities = np.column_stack([1 - scores, scores]) if scores.ndim == 1 else scores
    return Outcome(np.array(labels), probabilities, list(classes), 1, list(counts))


def test_the_trained_model_is_clearly_better_than_guessing(trained):
    metrics = trained.evaluation()["metrics"]
    assert set(metrics) == {
        "accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "brier", "baseline_accuracy",
    }, "the gate may name any of these"  # fmt: skip
    assert metrics["accuracy"] > metrics["baseline_accuracy"] + 0.08
    assert metrics["recall"] > 0.6


def test_metrics_are_those_of_a_worked_example():
    from quality_metrics import evaluation

    report = evaluation(_outcome([1, 1, 1, 0, 0, 0, 0, 0], [0.9, 0.6, 0.2, 0.7, 0.4, 0.3, 0.1, 0.05]))
    metrics = report["metrics"]
    assert report["confusion_matrix"]["counts"] == [[4, 1], [1, 2]], "true class by predicted class"
    assert metrics["accuracy"] == 6 / 8
    assert metrics["precision"] == pytest.approx(2 / 3)
    assert metrics["recall"] == pytest.approx(2 / 3)
    assert metrics["roc_auc"] == pytest.approx(11 / 15), "pairs in the right order"
    assert metrics["baseline_accuracy"] == 5 / 8
    squares = [0.01, 0.16, 0.64, 0.49, 0.16, 0.09, 0.01, 0.0025]
    assert metrics["brier"] == pytest.approx(sum(squares) / 8)
    assert report["per_class"]["0"] == {"precision": 0.8, "recall": 0.8, "f1": pytest.approx(0.8), "rows": 5}


def test_the_baseline_says_the_class_that_was_most_frequent_in_training():
    from quality_metrics import scalar_metrics

    metrics = scalar_metrics(_outcome([1, 1, 1, 0], [0.9, 0.9, 0.9, 0.1]))
    assert metrics["baseline_accuracy"] == 0.25, "class 0 led in training, though not in these rows"


def test_a_threshold_of_one_half_counts_as_positive():
    assert _outcome([1, 0], [0.5, 0.49]).predicted.tolist() == [1, 0], "serving decides in the same way"


def test_the_positive_class_may_be_the_first_one():
    from quality_metrics import Outcome, scalar_metrics

    outcome = Outcome(
        np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.1, 0.9]]), ["bad", "good"], 0, [2, 2]
    )
    metrics = scalar_metrics(outcome)
    assert (metrics["precision"], metrics["recall"]) == (1.0, 0.5), "both are about class bad"
    assert metrics["roc_auc"] == 1.0


def test_calibration_weights_each_bin_by_its_rows():
    from quality_metrics import calibration

    report = calibration(_outcome([0, 1, 1, 1], [0.05, 0.05, 0.95, 1.0]))
    assert [item["rows"] for item in report["bins"]] == [2, 2], "empty bins are left out and 1.0 is in the last"
    assert report["expected_calibration_error"] == pytest.approx(0.5 * 0.45 + 0.5 * 0.025)


def test_three_classes_are_measured_by_class_averages(tmp_path):
    from model_quality_report import model_quality_report
    from plots import draw_all
    from quality_metrics import evaluation

    probabilities = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]
    outcome = _outcome([0, 1, 2, 1], probabilities, classes=("low", "middle", "high"), counts=(5, 9, 4))
    report = evaluation(outcome)
    assert report["metrics"]["accuracy"] == 0.75
    assert report["metrics"]["recall"] == pytest.approx((1 + 0.5 + 1) / 3)
    assert "multiclass_classification_metrics" in model_quality_report(outcome)
    draw_all(outcome, report, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calibration.png", "confusion_matrix.png"]


def test_statistics_have_the_names_that_model_monitor_writes(trained):
    report = trained.evaluation("statistics.json")
    metrics = report["binary_classification_metrics"]
    assert set(metrics) >= {
        "confusion_matrix", "recall", "precision", "accuracy", "recall_best_constant_classifier",
        "precision_best_constant_classifier", "accuracy_best_constant_classifier", "true_positive_rate",
        "true_negative_rate", "false_positive_rate", "false_negative_rate", "auc", "f0_5", "f1", "f2",
        "receiver_operating_characteristic_curve", "precision_recall_curve", "f0_5_best_constant_classifier",
        "f1_best_constant_classifier", "f2_best_constant_classifier",
    }, "the names of the developer guide"  # fmt: skip
    assert metrics["accuracy"]["value"] == pytest.approx(trained.evaluation()["metrics"]["accuracy"])
    assert isinstance(metrics["accuracy"]["standard_deviation"], float), "from 200 rows on there is a deviation"
    counts = [count for row in metrics["confusion_matrix"].values() for count in row.values()]
    assert sum(counts) == report["dataset"]["item_count"]


def test_few_rows_have_no_standard_deviation():
    from model_quality_report import model_quality_report

    report = model_quality_report(_outcome([0, 1, 1, 0], [0.1, 0.8, 0.4, 0.2]))
    assert report["binary_classification_metrics"]["accuracy"]["standard_deviation"] == "NaN", "as Model Monitor does"


METRIC = {
    "type": "object",
    "required": ["name", "type", "value"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        "type": {"enum": ["number", "string", "boolean", "linear_graph", "bar_chart", "matrix"]},
        "notes": {"type": "string"},
        "value": {},
        "x_axis_name": {},
        "y_axis_name": {},
    },
}


def test_the_model_card_keeps_the_schema_of_a_model_package(trained):
    from sagemaker.core.shapes.model_card_shapes import ModelCardContent

    card = trained.evaluation("model_card.json")
    ModelCardContent.model_validate(card)
    assert set(card) <= {
        "model_overview", "intended_uses", "business_details", "training_details", "evaluation_details",
        "additional_information",
    }, "a model package's card knows no other members"  # fmt: skip
    for group in card["evaluation_details"][0]["metric_groups"]:
        for metric in group["metric_data"]:
            jsonschema.validate(metric, METRIC)
            if metric["type"] == "linear_graph":
                assert all(len(point) == 2 for point in metric["value"]), "points are pairs"
    assert all(len(value) <= 1024 for value in card["additional_information"]["custom_details"].values())
    assert len(json.dumps(card)) < 100_000, "the service's limit on a card's content"


def test_the_plots_are_real_pictures(trained):
    from matplotlib.image import imread

    folder = trained.output / "evaluation" / "plots"
    names = ["calibration.png", "confusion_matrix.png", "precision_recall_curve.png", "roc_curve.png"]
    assert sorted(path.name for path in folder.iterdir()) == names
    for name in names:
        picture = imread(folder / name)
        assert picture.shape[0] > 500, f"{name} is large enough to read"
        assert picture[..., :3].std() > 0.02, f"{name} is not blank"


@pytest.fixture
def evaluate(trained, tmp_path, monkeypatch):
    job = Job(tmp_path / "ml")
    shutil.copytree(trained.root / "model", job.root / "model")
    shutil.copytree(trained.output / "test", job.output / "test")
    pack(job)
    monkeypatch.setenv("ML_ROOT", str(job.root))

    def run():
        import evaluate as script
        from job_contract import PROCESSING_MESSAGE
        from job_contract import run as run_step

        job.code = run_step("Evaluate", PROCESSING_MESSAGE, script.main)
        message = job.root / "output" / "message"
        job.message = message.read_text() if message.exists() else ""
        return job

    run.job = job
    return run


def test_two_evaluations_write_the_same_bytes(evaluate, trained):
    job = evaluate()
    assert job.code == 0, job.message
    first, second = trained.output / "evaluation", job.output / "evaluation"
    for path in sorted(path for path in first.rglob("*") if path.is_file()):
        again = second / path.relative_to(first)
        assert again.read_bytes() == path.read_bytes(), f"{path.name} has to depend on model and rows alone"


def _hostile(name, kind=tarfile.REGTYPE, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, target, 0
    return member


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (_hostile("../../escape"), "points outside the archive"),
        (_hostile("/etc/escape"), "points outside the archive"),
        (_hostile("model.joblib", tarfile.SYMTYPE, "/etc/passwd"), "is a link or a device"),
        (_hostile("training.json", tarfile.LNKTYPE, "../escape"), "is a link or a device"),
        (_hostile("pipe", tarfile.FIFOTYPE), "is a link or a device"),
    ],
)
def test_a_hostile_archive_is_refused(evaluate, member, message):
    with tarfile.open(evaluate.job.root / "processing" / "input" / "model" / "model.tar.gz", "w:gz") as tar:
        tar.addfile(member, io.BytesIO())
    job = evaluate()
    assert job.code == 1
    assert message in job.message


def test_an_archive_without_a_model_and_a_broken_one_are_told_apart(evaluate):
    path = evaluate.job.root / "processing" / "input" / "model" / "model.tar.gz"
    with tarfile.open(path, "w:gz"):
        pass
    assert "holds no model.joblib, features.json, training.json" in evaluate().message
    path.write_bytes(b"no archive")
    assert "is not a readable tar.gz archive" in evaluate().message
    path.unlink()
    assert "no such file" in evaluate().message


def test_test_rows_of_another_encoding_are_refused(evaluate):
    path = evaluate.job.root / "processing" / "input" / "test" / "test.csv"
    path.write_text(path.read_text().replace("amount", "price", 1))
    assert "differing: amount, price" in evaluate().message
