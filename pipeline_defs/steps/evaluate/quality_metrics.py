"""How good the predictions are: the metrics of evaluation.json, which the gate reads."""

from typing import Any, Dict, List, NamedTuple

import numpy as np
from sklearn import metrics

THRESHOLD = 0.5
"""Probability from which a row counts as positive; the serving handler uses the same."""

CALIBRATION_BINS = 10


class Outcome(NamedTuple):
    """True classes and predicted probabilities of the held-out rows."""

    labels: np.ndarray
    """Class index by row."""
    probabilities: np.ndarray
    """Row by class."""
    classes: List[Any]
    positive: int
    """Index of the class that precision, recall and the curves are about."""
    training_counts: List[int]
    """Training rows by class."""

    @property
    def binary(self) -> bool:
        """Whether there are two classes."""
        return len(self.classes) == 2

    @property
    def predicted(self) -> np.ndarray:
        """Predicted class index by row: by the threshold for two classes, else the most probable."""
        if not self.binary:
            return self.probabilities.argmax(axis=1)
        return np.where(self.score >= THRESHOLD, self.positive, 1 - self.positive)

    @property
    def score(self) -> np.ndarray:
        """Probability of the positive class by row."""
        return self.probabilities[:, self.positive]

    @property
    def truth(self) -> np.ndarray:
        """1 where the row is of the positive class, else 0."""
        return (self.labels == self.positive).astype(int)

    @property
    def confusion(self) -> np.ndarray:
        """Counts by true class (rows) and predicted class (columns)."""
        return metrics.confusion_matrix(self.labels, self.predicted, labels=range(len(self.classes)))


def evaluation(outcome: Outcome) -> Dict[str, Any]:
    """Build the content of evaluation.json. With more than two classes, averages are over classes, unweighted."""
    return {
        "metrics": scalar_metrics(outcome),
        "per_class": _per_class(outcome),
        "confusion_matrix": {
            "rows": "true class",
            "columns": "predicted class",
            "classes": [str(name) for name in outcome.classes],
            "counts": outcome.confusion.tolist(),
        },
        "calibration": calibration(outcome),
        "threshold": THRESHOLD if outcome.binary else None,
        "rows": len(outcome.labels),
    }


def scalar_metrics(outcome: Outcome) -> Dict[str, float]:
    """Compute the metrics that a gate can name, all numbers.

    `baseline_accuracy` is what always saying the class that was most frequent in training would reach.
    """
    labels, predicted = outcome.labels, outcome.predicted
    one_hot = np.eye(len(outcome.classes))[labels]
    if outcome.binary:
        average = {"average": "binary", "pos_label": outcome.positive}
        roc_auc = metrics.roc_auc_score(outcome.truth, outcome.score)
        pr_auc = metrics.average_precision_score(outcome.truth, outcome.score)
        brier = np.mean((outcome.score - outcome.truth) ** 2)
    else:
        average = {"average": "macro"}
        roc_auc = metrics.roc_auc_score(labels, outcome.probabilities, multi_class="ovr")
        pr_auc = metrics.average_precision_score(one_hot, outcome.probabilities)
        brier = np.mean(np.sum((outcome.probabilities - one_hot) ** 2, axis=1))
    values = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "precision": metrics.precision_score(labels, predicted, zero_division=0, **average),
        "recall": metrics.recall_score(labels, predicted, zero_division=0, **average),
        "f1": metrics.f1_score(labels, predicted, zero_division=0, **average),
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "brier": brier,
        "baseline_accuracy": np.mean(labels == int(np.argmax(outcome.training_counts))),
    }
    return {name: float(value) for name, value in values.items()}


def calibration(outcome: Outcome) -> Dict[str, Any]:
    """Compare predicted probability and observed share in ten equal bins; empty bins are left out.

    The score is that of the positive class, or with more than two classes that of the predicted class (the
    observed share is then the accuracy). The expected calibration error weights each bin's gap by its
    rows (Guo et al. 2017).
    """
    if outcome.binary:
        score, truth = outcome.score, outcome.truth
    else:
        score, truth = outcome.probabilities.max(axis=1), (outcome.predicted == outcome.labels).astype(int)
    index = np.minimum((score * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins = []
    for number in range(CALIBRATION_BINS):
        inside = index == number
        if inside.any():
            bins.append(
                {
                    "from": number / CALIBRATION_BINS,
                    "to": (number + 1) / CALIBRATION_BINS,
                    "rows": int(inside.sum()),
                    "predicted": float(score[inside].mean()),
                    "observed": float(truth[inside].mean()),
                }
            )
    error = sum(item["rows"] * abs(item["predicted"] - item["observed"]) for item in bins) / len(score)
    return {"expected_calibration_error": float(error), "bins": bins}


def _per_class(outcome: Outcome) -> Dict[str, Dict[str, float]]:
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        outcome.labels, outcome.predicted, labels=range(len(outcome.classes)), zero_division=0
    )
    return {
        str(name): {
            "precision": float(precision[index]),
            "recall": float(recall[index]),
            "f1": float(f1[index]),
            "rows": int(support[index]),
        }
        for index, name in enumerate(outcome.classes)
    }
