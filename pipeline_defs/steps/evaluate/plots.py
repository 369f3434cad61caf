"""The plots that people look at before they approve a model, each with its key number in the title."""

import os
import tempfile
from pathlib import Path
from typing import Any, Dict

import numpy as np

# A container's home may be read-only; without a folder of its own matplotlib warns and rebuilds its font cache.
os.environ.setdefault("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "matplotlib"))

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from quality_metrics import THRESHOLD, Outcome
from sklearn import metrics

BLUE, GREY = "#1f5fa8", "#8a8f98"


def draw_all(outcome: Outcome, report: Dict[str, Any], folder: Path) -> None:
    """Write confusion matrix and calibration as PNG, and for two classes the ROC and precision-recall curves."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(_confusion(outcome, report), folder / "confusion_matrix.png")
    _save(_calibration(report), folder / "calibration.png")
    if outcome.binary:
        _save(_roc(outcome, report), folder / "roc_curve.png")
        _save(_precision_recall(outcome, report), folder / "precision_recall_curve.png")


def _roc(outcome: Outcome, report: Dict[str, Any]) -> Figure:
    false_positive, true_positive, _ = metrics.roc_curve(outcome.truth, outcome.score)
    figure, axes = _square(f"ROC curve: area {report['metrics']['roc_auc']:.3f}")
    axes.plot(false_positive, true_positive, color=BLUE, linewidth=2, label="model")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="chance")
    _mark_threshold(axes, *_at_threshold(outcome, "false positive rate", "recall"))
    _label(axes, "false positive rate", "true positive rate (recall)", "lower right")
    return figure


def _precision_recall(outcome: Outcome, report: Dict[str, Any]) -> Figure:
    precision, recall, _ = metrics.precision_recall_curve(outcome.truth, outcome.score)
    share = float(outcome.truth.mean())
    figure, axes = _square(f"Precision and recall: average precision {report['metrics']['pr_auc']:.3f}")
    axes.plot(recall, precision, color=BLUE, linewidth=2, drawstyle="steps-post", label="model")
    axes.axhline(share, color=GREY, linestyle="--", label=f"chance ({share:.3f} of the rows)")
    _mark_threshold(axes, *_at_threshold(outcome, "recall", "precision"))
    _label(axes, "recall", "precision", "lower left")
    return figure


def _calibration(report: Dict[str, Any]) -> Figure:
    bins = report["calibration"]["bins"]
    error = report["calibration"]["expected_calibration_error"]
    figure, axes = _square(f"Calibration: expected error {error:.3f}")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="perfect")
    predicted = [item["predicted"] for item in bins]
    observed = [item["observed"] for item in bins]
    axes.plot(predicted, observed, color=BLUE, marker="o", linewidth=2, label="model (number: rows in the bin)")
    for item in bins:
        below = item["observed"] <= item["predicted"]  # the diagonal runs on the other side
        axes.annotate(
            str(item["rows"]),
            (item["predicted"], item["observed"]),
            textcoords="offset points",
            xytext=(0, -16) if below else (0, 8),
            ha="center",
            fontsize=9,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        )
    _label(axes, "predicted probability", "observed share", "upper left")
    axes.set(xlim=(-0.06, 1.06), ylim=(-0.08, 1.08))  # room for the numbers
    return figure


def _confusion(outcome: Outcome, report: Dict[str, Any]) -> Figure:
    counts = outcome.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _square(f"Confusion matrix: accuracy {report['metrics']['accuracy']:.3f}")
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    size = max(6, 13 - len(counts))
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = f"{count}\n{shares[row, column]:.1%}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)
    names = [str(name) for name in outcome.classes]
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.set_xticks(range(len(names)), labels=names)
    axes.set_yticks(range(len(names)), labels=names)
    return figure


def _at_threshold(outcome: Outcome, x_name: str, y_name: str) -> "tuple[float, float]":
    said = outcome.predicted == outcome.positive
    truth = outcome.truth == 1
    values = {
        "recall": said[truth].mean(),
        "false positive rate": said[~truth].mean(),
        "precision": truth[said].mean() if said.any() else 0.0,
    }
    return float(values[x_name]), float(values[y_name])


def _mark_threshold(axes: Axes, x: float, y: float) -> None:
    axes.plot([x], [y], color="black", marker="o", linestyle="", label=f"at threshold {THRESHOLD}: ({x:.2f}, {y:.2f})")


def _square(title: str) -> "tuple[Figure, Axes]":
    figure = Figure(figsize=(6, 5.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=13)
    return figure, axes


def _label(axes: Axes, x_axis: str, y_axis: str, legend: str) -> None:
    axes.set(xlabel=x_axis, ylabel=y_axis, xlim=(-0.02, 1.02), ylim=(-0.02, 1.05))
    axes.grid(visible=True, alpha=0.25)
    axes.legend(loc=legend, framealpha=0.95)


def _save(figure: Figure, path: Path) -> None:
    # No Software entry: the file's bytes then depend on the data and the library alone.
    figure.savefig(path, metadata={"Software": None})
