"""The steps as SageMaker runs them: they read and write folders below /opt/ml, which ML_ROOT moves."""

import json
import shutil
import tarfile
from pathlib import Path

import evaluate
import inference
import preprocess
import pytest
import train
from contract import run

ROOT = Path(__file__).resolve().parent.parent


def step(module, root, message_file="message"):
    """Run a step in `root` and return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ML_ROOT", str(root))
        return run(module.main, message_file=message_file)


def put(source, target):
    shutil.copytree(source, target, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folders of all three steps, after they ran on data/."""
    one, two, three = (tmp_path_factory.mktemp(name) for name in ("preprocess", "train", "evaluate"))
    put(ROOT / "data", one / "processing" / "input" / "data")
    assert step(preprocess, one) == 0
    outputs = one / "processing" / "output"
    for channel in ("train", "schema"):
        put(outputs / channel, two / "input" / "data" / channel)
    (two / "input" / "config").mkdir(parents=True)
    (two / "input" / "config" / "hyperparameters.json").write_text('{"regularisation": "1.0"}')
    assert step(train, two) == 0
    place = three / "processing" / "input" / "model"
    place.mkdir(parents=True)
    with tarfile.open(place / "model.tar.gz", "w:gz") as archive:
        for path in (two / "model").iterdir():
            archive.add(path, path.name)
    put(outputs / "test", three / "processing" / "input" / "test")
    assert step(evaluate, three) == 0
    return one, two, three


def test_the_bundled_data_passes_the_gate(trained):
    from training.pipeline import GATE

    report = json.loads((trained[2] / "processing/output/evaluation/evaluation.json").read_text())
    low = {name: report["metrics"][name] for name, least in GATE.items() if report["metrics"][name] < least}
    assert low == {}, "a project that starts with a failing run teaches nothing"
    assert report["metrics"]["accuracy"] > report["metrics"]["baseline_accuracy"], "it learned nothing"


def test_the_statistics_have_the_form_that_the_registry_shows(trained):
    found = json.loads((trained[2] / "processing/output/evaluation/statistics.json").read_text())
    assert found["binary_classification_metrics"]["auc"]["standard_deviation"] == "NaN"


def test_the_manifest_names_every_file_by_its_hash(trained):
    manifest = json.loads((trained[0] / "processing/output/manifest/manifest.json").read_text())
    assert [file["name"] for file in manifest["files"]] == ["tumours.csv"]
    assert manifest["rows"]["train"] + manifest["rows"]["test"] == manifest["rows"]["all"] == 569


def test_the_archive_serves_with_the_handler_that_it_carries(trained):
    loaded = inference.model_fn(str(trained[1] / "model"))
    assert (trained[1] / "model/code/inference.py").is_file(), "the image looks for it there"
    body = json.dumps({"instances": [{}, {"mean_radius": 28.1, "worst_area": 2500, "worst_radius": 33}]})
    answer, kind = inference.output_fn(
        inference.predict_fn(inference.input_fn(body, "application/json; charset=utf-8"), loaded), "*/*"
    )
    predictions = json.loads(answer)["predictions"]
    assert kind == "application/json"
    assert predictions[1]["probability"] > predictions[0]["probability"], "a large tumour is the likelier one"


@pytest.mark.parametrize(
    ("body", "reason"),
    [("[]", "send"), ('{"instances": []}', "1 to"), ('{"instances": [{"radius": 1}]}', "radius"),
     ('{"instances": [{"mean_radius": "7"}]}', "mean_radius")],
)  # fmt: skip
def test_a_request_that_cannot_be_answered_is_refused_without_quoting_it(trained, body, reason):
    loaded = inference.model_fn(str(trained[1] / "model"))
    with pytest.raises(inference.RequestError, match=reason) as raised:
        inference.predict_fn(inference.input_fn(body, "application/json"), loaded)
    assert "7" not in str(raised.value), "values are data, and messages go to logs"


def test_the_split_is_the_same_for_rows_in_another_order():
    table = preprocess.read([ROOT / "data" / "tumours.csv"])
    shuffled = table.sample(frac=1, random_state=3)
    assert preprocess.in_test(table).equals(preprocess.in_test(shuffled).sort_index())


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "holds no .csv file"), ("a,b\n1,2\n", "no column 'malignant'"), ("a,malignant\nx,1\n", "hold no numbers"),
     ("a,malignant\n1,2\n", "other values than 0 and 1"), ("a,malignant\n1,1\n", "too few")],
)  # fmt: skip
def test_data_that_cannot_be_used_ends_the_step_with_what_to_mend(tmp_path, content, reason):
    place = tmp_path / "processing" / "input" / "data"
    place.mkdir(parents=True)
    if content:
        (place / "rows.csv").write_text(content)
    assert step(preprocess, tmp_path) == 1
    assert reason in (tmp_path / "output" / "message").read_text(), "SageMaker shows this file as the reason"


def test_a_hyperparameter_that_is_no_number_is_told(tmp_path):
    (tmp_path / "input" / "config").mkdir(parents=True)
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text('{"regularisation": "much"}')
    assert step(train, tmp_path, "failure") == 1
    assert "'much'" in (tmp_path / "output" / "failure").read_text()
