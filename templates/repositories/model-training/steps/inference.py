"""The handler: how the endpoint loads the model and answers. AWS's scikit-learn image calls these four functions.

A request is {"instances": [{"mean_radius": 14.1, ...}, ...]}; a feature that is missing or null counts as unknown. The
answer is {"predictions": [{"label": 1, "probability": 0.97}, ...]}, in the order of the instances. A request that is
refused counts as an error of the endpoint, as the image knows no other way: callers should check what they send.
"""

import json
import math
import os
from typing import Any, Dict, List, Tuple

import joblib

JSON = "application/json"
THRESHOLD = 0.5
MOST_INSTANCES = 1000


class RequestError(ValueError):
    """A request that cannot be answered. The message names fields, never values: it goes to logs."""


def model_fn(model_dir: str) -> Dict[str, Any]:
    """Load what Train wrote."""
    with open(os.path.join(model_dir, "schema.json"), encoding="utf-8") as file:
        features = json.load(file)["features"]
    return {"features": features, "model": joblib.load(os.path.join(model_dir, "model.joblib"))}


def input_fn(body: Any, content_type: str) -> List[Dict[str, Any]]:
    """Read a request."""
    if content_type.partition(";")[0].strip() != JSON:
        raise RequestError(f"send {JSON}")
    document = json.loads(body)
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list) or not all(isinstance(instance, dict) for instance in instances):
        raise RequestError('send {"instances": [{"feature": number, ...}, ...]}')
    if not 1 <= len(instances) <= MOST_INSTANCES:
        raise RequestError(f"send 1 to {MOST_INSTANCES} instances")
    return instances


def predict_fn(instances: List[Dict[str, Any]], loaded: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Answer in order."""
    features = loaded["features"]
    rows = [_row(number, instance, features) for number, instance in enumerate(instances)]
    probabilities = loaded["model"].predict_proba(rows)[:, 1].tolist()
    return [{"label": int(p >= THRESHOLD), "probability": p} for p in probabilities]


def output_fn(predictions: List[Dict[str, Any]], accept: str) -> Tuple[str, str]:
    """Write the answer; JSON whatever is accepted, as there is nothing else."""
    return json.dumps({"predictions": predictions}), JSON


def _row(number: int, instance: Dict[str, Any], features: List[str]) -> List[float]:
    unknown = sorted(set(instance) - set(features))
    if unknown:
        raise RequestError(f"instance {number}: there is no feature {', '.join(unknown[:5])}")
    row = []
    for feature in features:
        value = instance.get(feature)
        if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
            raise RequestError(f"instance {number}: {feature} is no number")
        row.append(math.nan if value is None else float(value))
    return row
