"""Train: fit gradient-boosted trees on the encoded training rows, stopping when the validation loss stops falling.

HistGradientBoostingClassifier, not GradientBoostingClassifier: it bins each column once, so a million rows train in
seconds instead of hours; it takes our own validation channel (`X_val`) instead of cutting one out of the training rows;
and with a fixed seed it gives the same trees on every run and any number of cores.
"""

import hashlib
import platform
import shutil
from pathlib import Path
from typing import Any, Dict, List, Tuple

import joblib
import numpy as np
import sklearn
from hyperparameters import Hyperparameters, read_hyperparameters
from job_contract import TRAINING_MESSAGE, StepError, log, read_json, root, run, write_json
from sklearn.ensemble import HistGradientBoostingClassifier
from training_tables import read_table


def main() -> None:
    """Read the channels and hyperparameters, fit, and write the model folder that becomes model.tar.gz."""
    base = root()
    settings = read_hyperparameters(base / "input" / "config" / "hyperparameters.json")
    channels = base / "input" / "data"
    features_path = channels / "features" / "features.json"
    encoding = read_json(features_path, "the feature encoding that Preprocess wrote")
    columns = [column for feature in encoding["features"] for column in feature["columns"]]
    train_rows, train_labels = read_table(channels / "train" / "train.csv", columns)
    validation_rows, validation_labels = read_table(channels / "validation" / "validation.csv", columns)
    _require_same_classes(train_labels, validation_labels, len(encoding["target"]["classes"]))

    model = fit(settings, train_rows, train_labels, validation_rows, validation_labels)
    curve = learning_curve(model)
    for point in curve:
        log(
            f"iteration={point['iteration']}; train:loss={point['train_loss']:.6f}; "
            f"validation:loss={point['validation_loss']:.6f};"
        )
    accuracy = float(np.mean(model.predict(validation_rows) == validation_labels))
    log(f"validation:accuracy={accuracy:.6f}; iterations={model.n_iter_};")

    folder = base / "model"
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    shutil.copyfile(features_path, folder / "features.json")
    write_json(
        folder / "training.json", _record(settings, model, curve, accuracy, folder, train_labels, validation_labels)
    )


def fit(
    settings: Hyperparameters,
    rows: np.ndarray,
    labels: np.ndarray,
    validation_rows: np.ndarray,
    validation_labels: np.ndarray,
) -> HistGradientBoostingClassifier:
    """Fit the classifier; the validation rows decide when to stop and are never learned from."""
    model = HistGradientBoostingClassifier(
        max_iter=settings.max_iterations,
        learning_rate=settings.learning_rate,
        max_leaf_nodes=settings.max_leaf_nodes,
        min_samples_leaf=settings.min_samples_leaf,
        l2_regularization=settings.l2_regularization,
        early_stopping=True,
        scoring="loss",
        n_iter_no_change=settings.early_stopping_rounds,
        random_state=settings.random_state,
    )
    model.fit(rows, labels, X_val=validation_rows, y_val=validation_labels)
    # The trees do not depend on the number of cores, yet it is kept here, where only fitting reads it. Without it the
    # same data gives the same file, hence the same model version, on any machine.
    model._bin_mapper.n_threads = None  # noqa: SLF001 - no public way
    return model


def learning_curve(model: HistGradientBoostingClassifier) -> List[Dict[str, float]]:
    """List the log loss per boosting iteration. The first entry of the model's own scores is before any tree."""
    losses = zip(model.train_score_[1:], model.validation_score_[1:])
    return [
        {"iteration": iteration, "train_loss": float(-train), "validation_loss": float(-validation)}
        for iteration, (train, validation) in enumerate(losses, start=1)
    ]


def _record(
    settings: Hyperparameters,
    model: HistGradientBoostingClassifier,
    curve: List[Dict[str, float]],
    accuracy: float,
    folder: Path,
    train_labels: np.ndarray,
    validation_labels: np.ndarray,
) -> Dict[str, Any]:
    return {
        "algorithm": type(model).__name__,
        "hyperparameters": settings._asdict(),
        "iterations": int(model.n_iter_),
        "learning_curve": curve,
        "validation_accuracy": accuracy,
        "rows": {"train": len(train_labels), "validation": len(validation_labels)},
        "class_counts": np.bincount(train_labels).tolist(),
        "model_sha256": hashlib.sha256((folder / "model.joblib").read_bytes()).hexdigest(),
        "libraries": _versions(),
    }


def _versions() -> Dict[str, str]:
    return {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "joblib": joblib.__version__,
    }


def _require_same_classes(train: np.ndarray, validation: np.ndarray, classes: int) -> None:
    tables: Tuple[Tuple[str, np.ndarray], ...] = (("train", train), ("validation", validation))
    for name, labels in tables:
        if set(labels.tolist()) != set(range(classes)):
            raise StepError(
                f"channel {name!r} holds labels {sorted(set(labels.tolist()))}, features.json names {classes} classes. "
                "Give the train, validation and features channels from one and the same Preprocess step."
            )


if __name__ == "__main__":
    raise SystemExit(run("Train", TRAINING_MESSAGE, main))
