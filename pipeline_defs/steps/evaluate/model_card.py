"""model_card.json: what the model is and how well it does, in the schema of a model package's model card.

Source: "Model package model card schema" in the SageMaker developer guide. It is the stricter of the two schemas
(a model package's and a stand-alone card's), so the content suits both. The model's purpose, owner and risk rating are
people's knowledge: they are left for them to fill in.
"""

from typing import Any, Dict, List

from features import Encoding
from model_quality_report import thin
from quality_metrics import THRESHOLD, Outcome
from sklearn import metrics

MOST_MATRIX_CLASSES = 20
"""The schema's limit on the sides of a matrix metric."""


def model_card(
    outcome: Outcome, report: Dict[str, Any], training: Dict[str, Any], encoding: Encoding
) -> Dict[str, Any]:
    """Build the card's content from the evaluation, the training record and the encoding."""
    target = encoding.target["column"]
    scalars = report["metrics"]
    return {
        "intended_uses": {
            "purpose_of_model": f"Predicts {target} (classes {', '.join(map(str, outcome.classes))}) for one record.",
            "factors_affecting_model_efficiency": "Learned from these columns: "
            + ", ".join(str(feature.name) for feature, _ in encoding.features)[:1900],
            "risk_rating": "Unknown",
        },
        "training_details": {
            "training_observations": (
                f"{training['algorithm']}, {training['iterations']} iterations on {training['rows']['train']} rows, "
                f"stopped by the log loss on {training['rows']['validation']} validation rows."
            ),
            "training_job_details": {
                "user_provided_training_metrics": [
                    {"name": "validation:accuracy", "value": training["validation_accuracy"]},
                    {"name": "validation:loss", "value": training["learning_curve"][-1]["validation_loss"]},
                ],
                "user_provided_hyper_parameters": [
                    {"name": name, "value": str(value)} for name, value in training["hyperparameters"].items()
                ],
            },
        },
        "evaluation_details": [
            {
                "name": "held-out test rows",
                "evaluation_observation": (
                    f"Accuracy {scalars['accuracy']:.3f} on {report['rows']} rows that neither training nor early "
                    "stopping saw; always saying the most frequent class would reach "
                    f"{scalars['baseline_accuracy']:.3f}."
                ),
                "metadata": {"threshold": str(THRESHOLD), "positive_class": str(outcome.classes[outcome.positive])},
                "metric_groups": _metric_groups(outcome, report),
            }
        ],
        "additional_information": {
            "caveats_and_recommendations": (
                "The metrics hold for data that is drawn as the test rows were. Where one class was sampled more often "
                "than it occurs, probabilities and precision have to be corrected for its true share."
            ),
            "custom_details": {
                "model_sha256": training["model_sha256"],
                **{f"{name} version": version for name, version in training["libraries"].items()},
            },
        },
    }


def _metric_groups(outcome: Outcome, report: Dict[str, Any]) -> List[Dict[str, Any]]:
    calibration = report["calibration"]
    scalars = {**report["metrics"], "expected_calibration_error": calibration["expected_calibration_error"]}
    names = [str(name)[:63] for name in outcome.classes]
    groups = [
        {
            "name": "metrics",
            "metric_data": [{"name": name, "type": "number", "value": value} for name, value in scalars.items()],
        },
        {
            "name": "per class",
            "metric_data": [
                {
                    "name": f"{metric} by class",
                    "type": "bar_chart",
                    "value": [values[metric] for values in report["per_class"].values()],
                    "x_axis_name": names,
                    "y_axis_name": metric,
                }
                for metric in ("precision", "recall", "f1")
            ],
        },
        {
            "name": "calibration",
            "metric_data": [
                _graph(
                    "calibration",
                    [[item["predicted"], item["observed"]] for item in calibration["bins"]],
                    "predicted probability",
                    "observed share",
                )
            ],
        },
    ]
    if len(names) <= MOST_MATRIX_CLASSES:
        matrix = {
            "name": "confusion matrix (rows: true class, columns: predicted class)",
            "type": "matrix",
            "value": report["confusion_matrix"]["counts"],
            "x_axis_name": names,
            "y_axis_name": names,
        }
        groups.append({"name": "confusion matrix", "metric_data": [matrix]})
    if outcome.binary:
        groups.append({"name": "curves", "metric_data": _curves(outcome)})
    return groups


def _curves(outcome: Outcome) -> List[Dict[str, Any]]:
    false_positive, true_positive, _ = metrics.roc_curve(outcome.truth, outcome.score)
    precision, recall, _ = metrics.precision_recall_curve(outcome.truth, outcome.score)
    roc = [list(point) for point in zip(thin(false_positive), thin(true_positive))]
    pr = [list(point) for point in zip(thin(recall[::-1]), thin(precision[::-1]))]
    return [
        _graph("ROC curve", roc, "false positive rate", "true positive rate"),
        _graph("precision-recall curve", pr, "recall", "precision"),
    ]


def _graph(name: str, points: List[List[float]], x_axis: str, y_axis: str) -> Dict[str, Any]:
    return {"name": name, "type": "linear_graph", "value": points, "x_axis_name": x_axis, "y_axis_name": y_axis}
