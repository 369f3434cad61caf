"""Train: fit a logistic regression on the training rows, and put model, schema and handler into the model folder."""

import math
import shutil
from pathlib import Path

import joblib
import pandas as pd
import sklearn
from contract import StepError, read_json, root, run, write_json
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HANDLER = ("inference.py",)
"""What the serving image finds under code/ of the model archive."""


def main() -> None:
    """Read the channels, fit, write the folder that becomes model.tar.gz."""
    base = root()
    strength = regularisation(base / "input" / "config" / "hyperparameters.json")
    schema = read_json(base / "input" / "data" / "schema" / "schema.json")
    rows = pd.read_csv(base / "input" / "data" / "train" / "train.csv")
    model = fit(rows[schema["features"]], rows[schema["target"]], strength)
    folder = base / "model"
    (folder / "code").mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    write_json(folder / "schema.json", schema)
    record = {"regularisation": strength, "rows": len(rows), "scikit-learn": sklearn.__version__}
    write_json(folder / "training.json", record)
    for name in HANDLER:
        shutil.copyfile(Path(__file__).with_name(name), folder / "code" / name)
    accuracy = model.score(rows[schema["features"]].to_numpy(), rows[schema["target"]].to_numpy())
    print(f"rows={len(rows)}; train:accuracy={accuracy:.6f};", flush=True)


def fit(features: pd.DataFrame, target: pd.Series, strength: float) -> Pipeline:
    """Fit the model. Missing numbers become the median; every feature gets the same scale."""
    steps = (SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=1 / strength, max_iter=1000))
    return make_pipeline(*steps).fit(features.to_numpy(), target.to_numpy())


def regularisation(path: Path) -> float:
    """Read the one hyperparameter; SageMaker hands all of them over as text."""
    text = read_json(path).get("regularisation", "1.0")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise StepError(f"regularisation is {text!r}: give a number above 0; 1.0 is usual, more is simpler")
    return value


if __name__ == "__main__":
    raise SystemExit(run(main, message_file="failure"))
