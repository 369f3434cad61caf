"""Real public data through the whole chain, as processes: nothing is fitted to the simulator."""

import json

import pytest

from local.data.bundled import breast_cancer_frame
from tests.steps.running import REPOSITORY, Job, pack


@pytest.fixture(scope="module")
def cancer(store, tmp_path_factory):
    bucket = store.bucket("breast-cancer")
    bucket.upload(breast_cancer_frame())
    job = Job(tmp_path_factory.mktemp("cancer"), store.url)
    schema = REPOSITORY / "pipeline_defs" / "schemas" / "breast_cancer.json"
    job.mount_schema(json.loads(schema.read_text()))
    job.succeed("preprocess", "--input-data-uri", f"s3://{bucket.name}/latest/")
    job.mount_channels({"max_iterations": "100", "learning_rate": "0.1"})
    job.succeed("train")
    pack(job)
    job.log = job.succeed("evaluate")
    return job


def test_a_model_of_the_breast_cancer_data_passes_a_gate_that_guessing_fails(cancer):
    metrics = cancer.evaluation()["metrics"]
    assert metrics["baseline_accuracy"] < 0.7
    assert metrics["accuracy"] >= 0.88, "published results on this data lie above 0.9"
    assert metrics["roc_auc"] > 0.95
    assert f"test:accuracy={metrics['accuracy']:.6f};" in cancer.log, "the log says what the file says"


def test_every_output_of_the_contract_is_there(cancer):
    written = {str(path.relative_to(cancer.output)) for path in cancer.output.rglob("*") if path.is_file()}
    assert written == {
        "train/train.csv",
        "validation/validation.csv",
        "test/test.csv",
        "features/features.json",
        "manifest/manifest.json",
        "evaluation/evaluation.json",
        "evaluation/statistics.json",
        "evaluation/model_card.json",
        "evaluation/plots/calibration.png",
        "evaluation/plots/confusion_matrix.png",
        "evaluation/plots/precision_recall_curve.png",
        "evaluation/plots/roc_curve.png",
    }


def test_a_failing_process_ends_with_one_and_shows_no_traceback_for_a_mistake_in_the_data(store, tmp_path):
    job = Job(tmp_path, store.url)
    job.mount_schema({"target": {}})
    done = job.run("preprocess", "--input-data-uri", "s3://any/")
    assert done.returncode == 1
    assert "target.column is missing" in done.stderr
    assert "Traceback" not in done.stderr, "the text alone says what to mend"
