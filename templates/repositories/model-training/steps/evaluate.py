"""Evaluate: predict the test rows with the model in its archive, and write what the gate and people read."""

import tarfile
import tempfile
from pathlib import Path
from typing import Any, Dict

import joblib
import numpy as np
import pandas as pd
from contract import StepError, read_json, root, run, write_json
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score

THRESHOLD = 0.5
"""Probability from which a row counts as positive; the handler answers with the same."""


def main() -> None:
    """Write evaluation.json, which the gate reads, and statistics.json in the form that the registry shows."""
    base = root() / "processing"
    with tempfile.TemporaryDirectory() as scratch:
        folder = extract(base / "input" / "model" / "model.tar.gz", Path(scratch))
        schema, model = read_json(folder / "schema.json"), joblib.load(folder / "model.joblib")
    rows = pd.read_csv(base / "input" / "test" / "test.csv")
    truth = rows[schema["target"]].to_numpy()
    probability = model.predict_proba(rows[schema["features"]].to_numpy())[:, 1]
    metrics = measure(truth, probability)
    output = base / "output" / "evaluation"
    write_json(output / "evaluation.json", {"metrics": metrics, "rows": len(rows)})
    write_json(output / "statistics.json", statistics(metrics))
    print(" ".join(f"test:{name}={value:.6f};" for name, value in metrics.items()), flush=True)


def measure(truth: np.ndarray, probability: np.ndarray) -> Dict[str, float]:
    """Return the metrics; `baseline_accuracy` is what always answering the commoner class would reach."""
    predicted = (probability >= THRESHOLD).astype(int)
    found = {
        "accuracy": accuracy_score(truth, predicted),
        "precision": precision_score(truth, predicted, zero_division=0),
        "recall": recall_score(truth, predicted, zero_division=0),
        "f1": f1_score(truth, predicted, zero_division=0),
        "roc_auc": roc_auc_score(truth, probability),
        "baseline_accuracy": max(truth.mean(), 1 - truth.mean()),
    }
    return {name: float(value) for name, value in found.items()}


def statistics(metrics: Dict[str, float]) -> Dict[str, Any]:
    """Return metrics as SageMaker's model quality report has them. No deviation is the text NaN."""
    names = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "f1", "roc_auc": "auc"}
    values = {theirs: {"value": metrics[ours], "standard_deviation": "NaN"} for ours, theirs in names.items()}
    return {"binary_classification_metrics": values}


def extract(archive: Path, folder: Path) -> Path:
    """Unpack the plain files of a model archive; a name that leads out of the folder is refused."""
    with tarfile.open(archive) as content:
        for member in content.getmembers():
            target = (folder / member.name).resolve()
            if not (member.isfile() or member.isdir()) or not str(target).startswith(str(folder.resolve())):
                raise StepError(f"the model archive holds {member.name!r}, which is no plain file of its own")
        content.extractall(folder)  # noqa: S202  # every member was looked at
    return folder


if __name__ == "__main__":
    raise SystemExit(run(main, message_file="message"))
