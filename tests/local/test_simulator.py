"""The simulator and the bundled data: deterministic, valid for their schemas, learnable but not trivial."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from local.data.bundled import breast_cancer_frame
from local.data.files import write_csv
from local.data.simulator import CATEGORIES, simulate_transactions

SCHEMAS = Path(__file__).parents[2] / "pipeline_defs" / "schemas"


def _schema_columns(name):
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    features = [feature["name"] for feature in schema["features"]]
    return [*schema["identifier"], *features, schema["target"]["column"]]


@pytest.mark.parametrize("drift", [0.0, 1.0])
def test_the_columns_are_those_of_the_schema(drift):
    frame = simulate_transactions(50, seed=1, drift=drift)
    assert list(frame.columns) == _schema_columns("fraud_detector")
    assert frame["transaction_id"].is_unique
    assert set(frame["merchant_category"]) <= set(CATEGORIES)


def test_equal_arguments_write_equal_bytes_and_another_seed_does_not(tmp_path):
    texts = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        files = write_csv(simulate_transactions(500, seed=seed), tmp_path / name)
        texts.append(files[0].read_bytes())
    assert texts[0] == texts[1], "a demo that differs from run to run cannot be explained"
    assert texts[0] != texts[2]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 1.0])
def test_the_fraud_share_is_exact(share):
    assert simulate_transactions(400, seed=2, fraud_share=share)["is_fraud"].mean() == pytest.approx(share)


def _split(frame):
    features = pd.get_dummies(frame.drop(columns=["transaction_id", "is_fraud"])).astype(float)
    return features, frame["is_fraud"]


@pytest.fixture(scope="module")
def model():
    features, labels = _split(simulate_transactions(4000, seed=3))
    return HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(features, labels)


def _accuracy_and_recall(model, frame):
    features, labels = _split(frame)
    said = model.predict(features)
    return np.mean(said == labels), np.mean(said[labels == 1])


def test_the_signal_is_learnable_but_not_trivial(model):
    accuracy, recall = _accuracy_and_recall(model, simulate_transactions(3000, seed=4))
    assert 0.92 <= accuracy <= 0.985, "above prod's gate with room, yet with real mistakes"
    assert 0.6 < recall < 0.98, "careful thieves are missed"


def test_drift_hurts_a_model_that_was_trained_before_it(model):
    before, recall_before = _accuracy_and_recall(model, simulate_transactions(3000, seed=4))
    half, _ = _accuracy_and_recall(model, simulate_transactions(3000, seed=4, drift=0.5))
    after, recall_after = _accuracy_and_recall(model, simulate_transactions(3000, seed=4, drift=1.0))
    assert before > half > after, "more drift, more harm"
    assert after < before - 0.03
    assert recall_after < recall_before - 0.1, "the fraud pattern has changed"


def test_drift_shifts_amounts_and_the_merchant_mix():
    before, after = (simulate_transactions(3000, seed=4, drift=drift) for drift in (0.0, 1.0))
    honest_before, honest_after = (frame[frame["is_fraud"] == 0] for frame in (before, after))
    assert honest_after["amount"].median() > 1.3 * honest_before["amount"].median()
    online = [(frame["merchant_category"] == "online_retail").mean() for frame in (honest_before, honest_after)]
    assert online[1] > online[0] + 0.03


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 0}, "rows is 0"),
        ({"rows": 5, "fraud_share": 1.2}, "fraud_share is 1.2"),
        ({"rows": 5, "drift": -0.1}, "drift is -0.1"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate_transactions(seed=1, **arguments)


def test_the_breast_cancer_data_has_malignant_as_the_positive_class():
    frame = breast_cancer_frame()
    assert sorted(frame.columns) == sorted(_schema_columns("breast_cancer"))
    assert (len(frame), int(frame["malignant"].sum())) == (569, 212), "212 of 569 are malignant in the published data"


def test_large_frames_are_written_in_parts_with_the_marker_last(tmp_path):
    frame = simulate_transactions(25, seed=1)
    files = write_csv(frame, tmp_path, rows_per_file=10)
    assert [path.name for path in files] == ["part-00000.csv", "part-00001.csv", "part-00002.csv", "_SUCCESS"]
    again = pd.concat([pd.read_csv(path) for path in files[:-1]], ignore_index=True)
    assert len(again) == 25
    with pytest.raises(ValueError, match="no rows"):
        write_csv(frame.head(0), tmp_path)
