"""Evaluate: load the model from its archive, predict the held-out rows, write what the gate and people read."""

import tempfile
from pathlib import Path
from typing import Any, Dict

import joblib
from features import Encoding
from job_contract import PROCESSING_MESSAGE, log, read_json, root, run, write_json
from model_archive import extract
from model_card import model_card
from model_quality_report import model_quality_report
from plots import draw_all
from quality_metrics import Outcome, evaluation
from training_tables import read_table


def main() -> None:
    """Write evaluation.json (the gate's property file), statistics.json, model_card.json and the plots."""
    base = root() / "processing"
    output = base / "output" / "evaluation"
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(base), prefix="scratch-") as scratch:
        folder = Path(scratch)
        extract(base / "input" / "model" / "model.tar.gz", folder)
        training: Dict[str, Any] = read_json(folder / "training.json", "the record of the training")
        encoding = Encoding(read_json(folder / "features.json", "the feature encoding"))
        model = joblib.load(folder / "model.joblib")
        rows, labels = read_table(base / "input" / "test" / "test.csv", encoding.columns)
        outcome = Outcome(
            labels=labels,
            probabilities=model.predict_proba(rows),
            classes=encoding.classes,
            positive=encoding.positive,
            training_counts=training["class_counts"],
        )
    report = evaluation(outcome)
    write_json(output / "evaluation.json", report)
    write_json(output / "statistics.json", model_quality_report(outcome))
    write_json(output / "model_card.json", model_card(outcome, report, training, encoding))
    draw_all(outcome, report, output / "plots")
    log(" ".join(f"test:{name}={value:.6f};" for name, value in report["metrics"].items()))


if __name__ == "__main__":
    raise SystemExit(run("Evaluate", PROCESSING_MESSAGE, main))
