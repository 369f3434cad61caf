"""Bundles: what goes to S3, under which key."""

import json
import os

import pytest

from pipeline_defs.code import NAMES, SCHEMAS, bundles, code_hash, schema, schema_names

TYPES = {"number", "integer", "category", "boolean"}


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(f"print({name!r})\n")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "common.py").write_text("ONE = 1\n")
    return tmp_path


def test_a_bundle_holds_the_steps_files_and_the_shared_ones_beside_them(folder):
    found = bundles(folder)
    assert set(found) == {"preprocess", "train", "evaluate"}
    assert list(found["train"].files) == ["common.py", "train.py"]
    assert found["train"].prefix == f"code/{found['train'].sha256[:16]}/train/"
    assert found["train"].keys()[f"{found['train'].prefix}common.py"] == folder / "shared" / "common.py"


def test_the_key_follows_the_content_and_nothing_else(folder, tmp_path_factory):
    before = bundles(folder)
    os.utime(folder / "train" / "train.py", (0, 0))
    copy = tmp_path_factory.mktemp("elsewhere") / "steps"
    copy.mkdir()
    for path in folder.rglob("*.py"):
        (copy / path.parent.name).mkdir(exist_ok=True)
        (copy / path.parent.name / path.name).write_bytes(path.read_bytes())
    assert {name: item.sha256 for name, item in bundles(copy).items()} == {k: v.sha256 for k, v in before.items()}
    (folder / "train" / "train.py").write_text("print('other')\n")
    after = bundles(folder)
    assert after["train"].prefix != before["train"].prefix, "new content, new key: a running job keeps its own"
    assert after["evaluate"].prefix == before["evaluate"].prefix


def test_a_shared_file_is_part_of_every_bundles_hash(folder):
    before = bundles(folder)
    (folder / "shared" / "common.py").write_text("ONE = 2\n")
    assert all(bundles(folder)[name].sha256 != before[name].sha256 for name in NAMES)


def test_renaming_a_file_changes_the_hash(folder):
    before = bundles(folder)["train"].sha256
    (folder / "train" / "train.py").rename(folder / "train" / "fit.py")
    assert bundles(folder)["train"].sha256 != before


def test_what_editors_and_interpreters_leave_behind_is_not_published(folder):
    before = bundles(folder)
    (folder / "train" / "__pycache__").mkdir()
    (folder / "train" / "__pycache__" / "train.cpython-311.pyc").write_bytes(b"x")
    (folder / "train" / ".train.py.swp").write_bytes(b"x")
    assert bundles(folder) == before


def test_a_step_without_files_and_a_name_used_twice_are_refused(folder):
    (folder / "shared" / "train.py").write_text("")
    with pytest.raises(ValueError, match=r"train: train\.py is also in shared/: rename one of the two"):
        bundles(folder)
    (folder / "shared" / "train.py").unlink()
    (folder / "evaluate" / "evaluate.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"evaluate holds no script: put the step's files there"):
        bundles(folder)


def test_a_schema_is_published_under_one_name_and_an_unknown_one_lists_what_exists():
    found = schema("fraud_detector")
    assert list(found.keys()) == [f"code/{found.sha256[:16]}/schema/schema.json"]
    with pytest.raises(
        FileNotFoundError, match=r"no data schema 'fraud': add fraud\.json .* breast_cancer, fraud_detector"
    ):
        schema("fraud")
    with pytest.raises(FileNotFoundError, match="no data schema"):
        schema("../schemas/fraud_detector")


def test_the_hash_of_the_code_covers_every_part(folder):
    parts = list(bundles(folder).values())
    assert code_hash(*parts) == code_hash(*reversed(parts))
    assert code_hash(*parts) != code_hash(*parts[1:])


@pytest.mark.parametrize("name", schema_names())
def test_a_schema_has_the_documented_shape(name):
    document = json.loads((SCHEMAS / f"{name}.json").read_text())
    assert set(document) == {"target", "identifier", "features"}
    assert document["target"]["positive"] in document["target"]["classes"]
    names = [feature["name"] for feature in document["features"]]
    columns = [*names, *document["identifier"], document["target"]["column"]]
    assert len(columns) == len(set(columns)), "a column has one meaning"
    for feature in document["features"]:
        assert feature["type"] in TYPES
        assert set(feature) <= {"name", "type", "required", "minimum", "maximum", "values"}, feature


def test_the_schema_of_the_bundled_data_names_its_thirty_columns():
    names = [feature["name"] for feature in json.loads((SCHEMAS / "breast_cancer.json").read_text())["features"]]
    from sklearn.datasets import load_breast_cancer

    assert names == [str(name).replace(" ", "_") for name in load_breast_cancer().feature_names]
