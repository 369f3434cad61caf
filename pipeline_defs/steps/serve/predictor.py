"""The trained model behind the handler: loaded once, and one call from JSON records to predictions."""

import sys
import threading
import traceback
from pathlib import Path
from typing import Any, Dict, List, Optional

from features import Encoding, RecordError
from job_contract import StepError, read_json

THRESHOLD = 0.5
"""Probability from which a record counts as positive; Evaluate measures with the same."""

SHOWN_PROBLEMS = 20


class BadRecordsError(ValueError):
    """Records that break the schema; `problems` lists the first breaches with the number of their instance."""

    def __init__(self, problems: List[Dict[str, Any]], count: int) -> None:
        super().__init__(f"{count} problems")
        self.problems = problems
        self.count = count


class Predictor:
    """A loaded model with its encoding."""

    def __init__(self, folder: Path) -> None:
        import joblib

        training = read_json(folder / "training.json", "the record of the training")
        self.encoding = Encoding(read_json(folder / "features.json", "the feature encoding"))
        self.model = joblib.load(folder / "model.joblib")
        self.version: str = training["model_sha256"][:12]
        """First digits of the model file's hash: the same file answers with the same version anywhere."""

    def predict(self, records: List[Any]) -> List[Dict[str, Any]]:
        """Predict records in order. Raises BadRecordsError with the breaches of all records."""
        rows: List[List[float]] = []
        problems: List[Dict[str, Any]] = []
        for number, record in enumerate(records):
            breaches = self._encode(record, rows)
            problems.extend({"instance": number, **breach} for breach in breaches)
        if problems:
            raise BadRecordsError(problems[:SHOWN_PROBLEMS], len(problems))
        return (
            [self._answer(probabilities) for probabilities in self.model.predict_proba(rows).tolist()] if rows else []
        )

    def _encode(self, record: Any, rows: List[List[float]]) -> List[Dict[str, Any]]:
        if not isinstance(record, dict):
            return [{"rule": "is an object of field names and values", "fix": 'send {"field": value, ...}'}]
        try:
            rows.append(self.encoding.encode_record(record))
        except RecordError as error:
            return error.problems
        return []

    def _answer(self, probabilities: List[float]) -> Dict[str, Any]:
        classes = self.encoding.classes
        if len(classes) == 2:
            positive = self.encoding.positive
            probability = probabilities[positive]
            return {
                "label": classes[positive if probability >= THRESHOLD else 1 - positive],
                "probability": probability,
            }
        best = max(range(len(classes)), key=probabilities.__getitem__)
        shares = {str(name): probabilities[index] for index, name in enumerate(classes)}
        return {"label": classes[best], "probability": probabilities[best], "probabilities": shares}


class LazyPredictor:
    """Loads the model in the background, once, at the first question: a ping must answer within two seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._started = False
        self._predictor: Optional[Predictor] = None

    def wait(self, seconds: float) -> Optional[Predictor]:
        """Return the model as soon as it is loaded, or None after so many seconds or if it cannot be loaded."""
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._load, name="load-model", daemon=True).start()
        self._done.wait(seconds)
        return self._predictor

    @property
    def failed(self) -> bool:
        """Whether loading ended without a model; the reason is in the container's log."""
        return self._done.is_set() and self._predictor is None

    def _load(self) -> None:
        try:
            self._predictor = Predictor(self._folder)
        except StepError as error:
            print(f"the model did not load: {error}", file=sys.stderr, flush=True)
        except Exception:  # noqa: BLE001 - whatever it is, ping has to say unhealthy and the log has to say why
            print(f"the model did not load:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
        finally:
            self._done.set()
