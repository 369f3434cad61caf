"""Preprocess: read the input by version, hold it against the schema, split it, encode it, and record what was read."""

import argparse
import csv
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Dict, List

from data_schema import Schema
from features import learn
from input_objects import client, download, list_objects, parse_uri
from job_contract import PROCESSING_MESSAGE, log, read_json, root, run, write_json
from split import SPLITS, assign, require_classes
from table import Table, read_tables

LABEL = "label"
"""First column of every output table: the index of the row's class."""


def main() -> None:
    """Read the arguments and the mounted schema, and write the five outputs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input-data-uri", required=True, help="s3://bucket/prefix/ that holds CSV files")
    uri = parser.parse_args().input_data_uri
    base = root() / "processing"
    schema_path = base / "input" / "schema" / "schema.json"
    schema = Schema(read_json(schema_path, "the data schema"), where=str(schema_path))
    base.mkdir(parents=True, exist_ok=True)
    # Beside the outputs, on the job's encrypted volume: the container's own disk is small.
    with tempfile.TemporaryDirectory(dir=str(base), prefix="scratch-") as scratch:
        objects = _fetch(uri, Path(scratch))
        table = read_tables({f"s3://{item['bucket']}/{item['key']}": path for path, item in objects.items()}, schema)
    counts = _write_tables(table, schema, base / "output")
    write_json(
        base / "output" / "manifest" / "manifest.json",
        {
            "input_uri": uri,
            "objects": list(objects.values()),
            "rows": len(table.labels),
            "rows_per_split": counts,
            "schema_sha256": hashlib.sha256(schema_path.read_bytes()).hexdigest(),
        },
    )
    log(f"rows={len(table.labels)}; " + "; ".join(f"{name}_rows={count}" for name, count in counts.items()))


def _fetch(uri: str, folder: Path) -> Dict[Path, Dict[str, object]]:
    s3 = client(os.environ)
    bucket, prefix = parse_uri(uri)
    objects = {}
    for index, listed in enumerate(list_objects(s3, bucket, prefix)):
        path = folder / f"{index:06d}.csv"
        objects[path] = download(s3, listed, path)
        log(f"read s3://{listed.bucket}/{listed.key} version={listed.version_id} bytes={listed.size}")
    return objects


def _write_tables(table: Table, schema: Schema, output: Path) -> Dict[str, int]:
    membership = assign(table.keys)
    require_classes(membership, table.labels, schema)
    rows_of: Dict[str, List[int]] = {name: [] for name in SPLITS}
    for row, name in enumerate(membership):
        rows_of[name].append(row)
    encoding = learn(
        schema, {name: [values[row] for row in rows_of["train"]] for name, values in table.columns.items()}
    )
    write_json(output / "features" / "features.json", encoding.document)
    encoded = encoding.encode_columns(table.columns)
    for name, rows in rows_of.items():
        path = output / name / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([LABEL, *encoding.columns])
            writer.writerows([table.labels[row], *map(_text, encoded[row])] for row in rows)
    return {name: len(rows) for name, rows in rows_of.items()}


def _text(number: float) -> str:
    """Write a number in the shortest text that reads back as the same number."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


if __name__ == "__main__":
    raise SystemExit(run("Preprocess", PROCESSING_MESSAGE, main))
