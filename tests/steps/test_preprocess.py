"""Preprocess in SageMaker's contract: what it reads, refuses, and writes."""

import csv
import hashlib
import json
from collections import Counter

import pytest

from tests.steps.running import Job, small_csv, small_schema


@pytest.fixture
def preprocess(tmp_path, store, monkeypatch, capfd):
    """Run main() in this process, which is a second faster per test; returns exit code, message and outputs."""
    job = Job(tmp_path / "ml", store.url)
    job.mount_schema(small_schema())
    monkeypatch.setenv("ML_ROOT", str(job.root))
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)

    def run(uri):
        import preprocess as script
        from job_contract import PROCESSING_MESSAGE
        from job_contract import run as run_step

        monkeypatch.setattr("sys.argv", ["preprocess.py", "--input-data-uri", uri])
        job.code = run_step("Preprocess", PROCESSING_MESSAGE, script.main)
        job.log, job.errors = capfd.readouterr()
        message = job.root / "output" / "message"
        job.message = message.read_text() if message.exists() else ""
        return job

    run.job = job
    return run


def _table(job, name):
    with (job.output / name / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_row_lands_in_one_split_and_the_manifest_names_the_exact_object(preprocess, bucket):
    body = small_csv()
    version = bucket.put("latest/a.csv", body)
    job = preprocess(f"s3://{bucket.name}/latest/")
    assert job.code == 0, job.errors
    manifest = json.loads((job.output / "manifest" / "manifest.json").read_text())
    assert manifest["objects"] == [
        {
            "bucket": bucket.name,
            "key": "latest/a.csv",
            "version_id": version,
            "size": len(body),
            "sha256": hashlib.sha256(body.encode()).hexdigest(),
        }
    ], "lineage cites key, version and hash"
    assert manifest["rows"] == 200
    assert sum(manifest["rows_per_split"].values()) == 200, "no row is lost or doubled"
    schema = job.root / "processing" / "input" / "schema" / "schema.json"
    assert manifest["schema_sha256"] == hashlib.sha256(schema.read_bytes()).hexdigest()
    for name, rows in manifest["rows_per_split"].items():
        table = _table(job, name)
        assert len(table) == rows
        assert next(iter(table[0])) == "label", "the target comes first"
        assert "id" not in table[0], "an identifier is no feature"
    assert not list((job.root / "processing").glob("scratch-*")), "the downloaded data is removed"


def test_markers_and_other_files_are_ignored_with_a_line_in_the_log(preprocess, bucket):
    bucket.put("latest/a.csv", small_csv())
    bucket.put("latest/_SUCCESS", b"")
    bucket.put("latest/readme.txt", b"x")
    job = preprocess(f"s3://{bucket.name}/latest/")
    assert job.code == 0, job.errors
    for key in ("_SUCCESS", "readme.txt"):
        assert f"ignored s3://{bucket.name}/latest/{key}" in job.log, "nobody has to guess what was read"


def test_a_prefix_without_slash_does_not_read_its_neighbours(preprocess, bucket):
    bucket.put("latest/a.csv", small_csv())
    bucket.put("latest-old/a.csv", "broken")
    assert preprocess(f"s3://{bucket.name}/latest").code == 0, "latest-old/ is another prefix"


def test_one_csv_object_can_be_named(preprocess, bucket):
    bucket.put("latest/a.csv", small_csv())
    bucket.put("latest/b.csv", "broken")
    assert preprocess(f"s3://{bucket.name}/latest/a.csv").code == 0


def test_an_object_that_is_overwritten_after_the_listing_is_read_as_it_was_listed(preprocess, bucket, monkeypatch):
    import preprocess as script

    version = bucket.put("latest/a.csv", small_csv())
    listing = script.list_objects

    def list_then_change(*arguments):
        found = listing(*arguments)
        bucket.put("latest/a.csv", "changed,meanwhile\n1,2\n")
        bucket.put("latest/b.csv", "new,meanwhile\n1,2\n")
        return found

    monkeypatch.setattr(script, "list_objects", list_then_change)
    job = preprocess(f"s3://{bucket.name}/latest/")
    assert job.code == 0, "the run reads the versions of its listing"
    objects = json.loads((job.output / "manifest" / "manifest.json").read_text())["objects"]
    assert [item["version_id"] for item in objects] == [version]


def test_deleted_objects_are_not_read(preprocess, bucket):
    bucket.put("latest/a.csv", small_csv())
    bucket.put("latest/b.csv", "broken")
    bucket.s3.delete_object(Bucket=bucket.name, Key="latest/b.csv")
    assert preprocess(f"s3://{bucket.name}/latest/").code == 0, "a delete marker hides the object"


def test_a_bucket_without_versions_is_read_with_a_warning(preprocess, store):
    bucket = store.bucket("unversioned", versioned=False)
    bucket.put("latest/a.csv", small_csv())
    job = preprocess("s3://unversioned/latest/")
    assert job.code == 0, job.errors
    assert "unversioned keeps no versions" in job.log


def test_all_breaches_are_reported_at_once_with_file_line_value_rule_and_fix(preprocess, bucket):
    bucket.put(
        "latest/a.csv",
        small_csv(
            line_3="r1,-4,red,1,1,0",
            line_4="r2,abc,red,1,1,0",
            line_5="r3,,purple,1.5,maybe,7",
            line_6="r0,1,red,1,1,0",
            line_7="r5,1,red,1",
        ),
    )
    bucket.put("latest/b.csv", small_csv(rows=3, header="id,size,colour,count,open,wrong"))
    job = preprocess(f"s3://{bucket.name}/latest/")
    assert job.code == 1
    where = f"s3://{bucket.name}/latest/a.csv line"
    for expected in (
        "10 problems in 7 columns (199 rows read)",
        f"- size: 1 x not 'is at least 0': {where} 3 ('-4'). Fix: correct it, or lower minimum in the schema.",
        f"- size: 1 x not 'is a number': {where} 4 ('abc')",
        f"- size: 1 x not 'is required': {where} 5 ('')",
        f"- colour: 1 x not 'is one of red, green, blue': {where} 5 ('purple')",
        f"- count: 1 x not 'is an integer': {where} 5 ('1.5')",
        f"- open: 1 x not 'is true, false, 1 or 0': {where} 5 ('maybe')",
        f"- bad: 1 x not 'is one of 0, 1': {where} 5 ('7')",
        f"- id: 1 x not 'is unique': {where} 6 ('r0 as line 2')",
        f"- (row): 1 x not 'has 6 fields as the header does': {where} 7 ('4 fields')",
    ):
        assert expected in job.errors, f"missing: {expected}\n{job.errors}"
    assert "- bad: 1 x not 'is a column of the file'" in job.errors, "the second file's header is told as well"
    assert job.message.startswith("Preprocess: the data breaks the schema"), "SageMaker shows it as ExitMessage"
    assert len(job.message) <= 1024, "SageMaker cuts at 1024 characters"
    assert not (job.output / "train").exists(), "nothing is trained on half of the data"


def test_many_equal_breaches_are_counted_and_only_the_first_are_shown(preprocess, bucket):
    bucket.put("latest/a.csv", small_csv().replace(",red,", ",pink,"))
    job = preprocess(f"s3://{bucket.name}/latest/")
    assert "colour: 67 x not" in job.errors
    assert job.errors.count("'pink'") == 3, "three examples teach as much as sixty-seven"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "'is a column of the file'"),
        ("id,size,colour,count,open,bad\n", "no data rows"),
        (small_csv().replace(",0\n", ",1\n"), "column 'bad' holds one class only, 1 in all 200 rows"),
        (small_csv(rows=12), "too few rows"),
        (small_csv().encode() + b"\xff\xfe", "not UTF-8 text"),
        (small_csv(line_3='r1,"4,red,1,1,0'), "not readable as CSV"),
        (small_csv(header="id,size,size,count,open,bad"), "'is in the header once'"),
    ],
)
def test_unusable_data_is_refused_with_the_way_to_mend_it(preprocess, bucket, body, message):
    bucket.put("latest/a.csv", body)
    job = preprocess(f"s3://{bucket.name}/latest/")
    assert job.code == 1
    assert message in job.errors, job.errors
    assert job.message, "SageMaker has a message to show"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("/data/latest/", "is not s3://bucket/prefix/"),
        ("s3://no-such-bucket-here/latest/", "cannot be listed"),
    ],
)
def test_a_wrong_uri_is_told_apart_from_wrong_data(preprocess, uri, message):
    job = preprocess(uri)
    assert job.code == 1
    assert message in job.message


def test_an_empty_prefix_is_an_error(preprocess, bucket):
    bucket.put("latest/_SUCCESS", b"")
    assert "holds no .csv file" in preprocess(f"s3://{bucket.name}/latest/").message


def test_a_missing_schema_names_the_path_that_should_hold_it(preprocess, bucket):
    (preprocess.job.root / "processing" / "input" / "schema" / "schema.json").unlink()
    assert "schema.json: no such file" in preprocess(f"s3://{bucket.name}/latest/").message


def test_quoted_line_breaks_byte_order_marks_and_extra_columns_are_understood(preprocess, bucket):
    body = "\ufeff" + small_csv(header="id,size,note,count,open,bad")
    schema = small_schema()
    schema["features"].pop(1)
    preprocess.job.mount_schema(schema)
    bucket.put("latest/a.csv", body.replace(",green,", ',"two\nlines",').replace("r199,49", "r199,-49"))
    job = preprocess(f"s3://{bucket.name}/latest/")
    breaks = sum(1 for number in range(199) if number % 3 == 1)
    assert f"line {201 + breaks} ('-49')" in job.errors, "an editor shows this line number"
    assert "columns that the schema does not name are ignored: note" in job.log


def test_a_row_keeps_its_split_when_the_data_grows():
    from split import assign

    keys = [f"transaction-{number}" for number in range(5000)]
    first = dict(zip(keys[:1000], assign(keys[:1000]), strict=True))
    grown = dict(zip(keys[::-1], assign(keys[::-1]), strict=True))
    assert all(grown[key] == name for key, name in first.items()), "else a test row of one run would train the next"
    shares = Counter(grown.values())
    for name, share in {"train": 0.70, "validation": 0.15, "test": 0.15}.items():
        assert shares[name] / 5000 == pytest.approx(share, abs=0.02), f"{name} has its share"


def test_rows_without_identifier_are_split_by_their_content(preprocess, bucket):
    schema = {**small_schema(), "identifier": []}
    preprocess.job.mount_schema(schema)
    bucket.put("latest/a.csv", small_csv(rows=600))
    job = preprocess(f"s3://{bucket.name}/latest/")
    assert job.code == 0, job.errors
    where = {}
    for name in ("train", "validation", "test"):
        for row in _table(job, name):
            key = tuple(value for column, value in row.items() if column != "label")
            assert where.setdefault(key, name) == name, "equal rows on both sides would leak"
