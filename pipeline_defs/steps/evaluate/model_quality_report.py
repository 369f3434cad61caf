"""statistics.json in the format of SageMaker Model Monitor's model quality metrics, which the model registry shows.

Source: "Model quality metrics and Amazon CloudWatch monitoring" in the SageMaker developer guide.
"""

from typing import Any, Callable, Dict, Union

import numpy as np
from quality_metrics import Outcome
from sklearn import metrics

LEAST_ROWS_FOR_DEVIATION = 200
"""Model Monitor gives a standard deviation only from 200 rows on: that of five random samples of 80 % of the rows."""

SAMPLES = 5
SAMPLE_SHARE = 0.8
CURVE_POINTS = 200
"""Most points of a curve in the report; the registry draws no more, and a million rows would make megabytes."""

Constant = Callable[[np.ndarray, np.ndarray], float]


def model_quality_report(outcome: Outcome) -> Dict[str, Any]:
    """Build the report. It carries no time of evaluation, so that equal runs write equal bytes."""
    kind = "binary_classification_metrics" if outcome.binary else "multiclass_classification_metrics"
    values = _binary(outcome) if outcome.binary else _multiclass(outcome)
    return {"version": 0.0, "dataset": {"item_count": len(outcome.labels)}, kind: values}


def _binary(outcome: Outcome) -> Dict[str, Any]:
    truth, score = outcome.truth, outcome.score
    predicted = (outcome.predicted == outcome.positive).astype(int)
    # The best constant classifier says the class that is most frequent in these very rows.
    constant = np.full(len(truth), int(truth.mean() >= 0.5))
    report: Dict[str, Any] = {
        "confusion_matrix": {
            str(true): {str(said): int(np.sum((truth == true) & (predicted == said))) for said in (0, 1)}
            for true in (0, 1)
        }
    }
    for name, function in _BINARY.items():
        report[name] = _with_deviation(function, truth, predicted)
        if name in _WITH_CONSTANT:
            report[f"{name}_best_constant_classifier"] = _with_deviation(function, truth, constant)
    report["auc"] = _with_deviation(_auc, truth, score)
    report["au_prc"] = _with_deviation(metrics.average_precision_score, truth, score)
    false_positive, true_positive, _ = metrics.roc_curve(truth, score)
    precision, recall, _ = metrics.precision_recall_curve(truth, score)
    report["receiver_operating_characteristic_curve"] = {
        "false_positive_rates": thin(false_positive),
        "true_positive_rates": thin(true_positive),
    }
    report["precision_recall_curve"] = {"precisions": thin(precision[::-1]), "recalls": thin(recall[::-1])}
    return report


def _multiclass(outcome: Outcome) -> Dict[str, Any]:
    constant = np.full(len(outcome.labels), np.bincount(outcome.labels).argmax())
    confusion = outcome.confusion.tolist()
    report: Dict[str, Any] = {
        "confusion_matrix": {
            str(true): {str(said): int(count) for said, count in enumerate(row)} for true, row in enumerate(confusion)
        }
    }
    for name, function in _MULTICLASS.items():
        report[name] = _with_deviation(function, outcome.labels, outcome.predicted)
        report[f"{name}_best_constant_classifier"] = _with_deviation(function, outcome.labels, constant)
    return report


def _with_deviation(function: Constant, truth: np.ndarray, said: np.ndarray) -> Dict[str, Union[float, str]]:
    deviation: Union[float, str] = "NaN"  # Model Monitor writes the text, as JSON has no NaN
    if len(truth) >= LEAST_ROWS_FOR_DEVIATION:
        random = np.random.default_rng(0)
        size = int(SAMPLE_SHARE * len(truth))
        draws = [random.choice(len(truth), size, replace=False) for _ in range(SAMPLES)]
        deviation = float(np.std([function(truth[draw], said[draw]) for draw in draws]))
    return {"value": float(function(truth, said)), "standard_deviation": deviation}


def thin(curve: np.ndarray) -> list:
    """Reduce a curve to at most CURVE_POINTS points, ends included."""
    index = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), CURVE_POINTS)).round().astype(int))
    return [float(value) for value in curve[index]]


def _rate(true: int, said: int) -> Constant:
    def rate(truth: np.ndarray, predicted: np.ndarray) -> float:
        rows = truth == true
        return float(np.mean(predicted[rows] == said)) if rows.any() else 0.0

    return rate


def _auc(truth: np.ndarray, score: np.ndarray) -> float:
    return float(metrics.roc_auc_score(truth, score)) if len(set(truth.tolist())) == 2 else 0.0


def _f(beta: float, average: str) -> Constant:
    def score(truth: np.ndarray, predicted: np.ndarray) -> float:
        return float(metrics.fbeta_score(truth, predicted, beta=beta, average=average, zero_division=0))

    return score


def _precision(average: str) -> Constant:
    return lambda truth, said: float(metrics.precision_score(truth, said, average=average, zero_division=0))


def _recall(average: str) -> Constant:
    return lambda truth, said: float(metrics.recall_score(truth, said, average=average, zero_division=0))


_BINARY: Dict[str, Constant] = {
    "accuracy": metrics.accuracy_score,
    "precision": _precision("binary"),
    "recall": _recall("binary"),
    "f0_5": _f(0.5, "binary"),
    "f1": _f(1.0, "binary"),
    "f2": _f(2.0, "binary"),
    "true_positive_rate": _rate(1, 1),
    "true_negative_rate": _rate(0, 0),
    "false_positive_rate": _rate(0, 1),
    "false_negative_rate": _rate(1, 0),
}
_WITH_CONSTANT = ("accuracy", "precision", "recall", "f0_5", "f1", "f2")
_MULTICLASS: Dict[str, Constant] = {
    "accuracy": metrics.accuracy_score,
    "weighted_precision": _precision("weighted"),
    "weighted_recall": _recall("weighted"),
    "weighted_f0_5": _f(0.5, "weighted"),
    "weighted_f1": _f(1.0, "weighted"),
    "weighted_f2": _f(2.0, "weighted"),
}
