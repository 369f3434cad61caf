"""Preprocess: read every CSV of the input, check it, split it, and write down what was read.

A row goes to train or test by the hash of its content. So the split is the same on every run, a row that is there twice
cannot be in both, and rows that come later do not move those that were there.
"""

import hashlib
from pathlib import Path
from typing import Dict, List

import pandas as pd
from contract import StepError, root, run, write_json

TARGET = "malignant"
"""Column that is predicted: 0 or 1."""
TEST_SHARE = 0.25
LEAST_ROWS = 40


def main() -> None:
    """Write train, test, schema and manifest."""
    base = root() / "processing"
    files = sorted(path for path in (base / "input" / "data").rglob("*.csv") if path.is_file())
    if not files:
        raise StepError("InputDataUri holds no .csv file. Upload data there, or set DATA in src/training/pipeline.py.")
    table = read(files)
    features = [column for column in table.columns if column != TARGET]
    test = in_test(table)
    for name, rows in (("train", table[~test]), ("test", table[test])):
        if rows[TARGET].nunique() < 2:
            raise StepError(f"the {name} rows hold one class only; give more rows of both classes")
        place = base / "output" / name
        place.mkdir(parents=True, exist_ok=True)
        rows.to_csv(place / f"{name}.csv", index=False)
    write_json(base / "output" / "schema" / "schema.json", {"features": features, "target": TARGET})
    write_json(base / "output" / "manifest" / "manifest.json", manifest(files, table, test))
    print(f"rows={len(table)}; train={int((~test).sum())}; test={int(test.sum())};", flush=True)


def read(files: List[Path]) -> pd.DataFrame:
    """Read the files as one table of numbers. Raises StepError that names the file and the column."""
    tables = []
    for path in files:
        found = pd.read_csv(path)
        if TARGET not in found.columns:
            raise StepError(f"{path.name} has no column {TARGET!r}; it has {', '.join(found.columns[:8])}, ...")
        if tables and list(found.columns) != list(tables[0].columns):
            raise StepError(f"{path.name} has other columns than {files[0].name}; every file has the same, in order")
        words = [column for column in found.columns if not pd.api.types.is_numeric_dtype(found[column])]
        if words:
            raise StepError(f"{path.name}: {', '.join(words)} hold no numbers; encode them first")
        tables.append(found)
    table = pd.concat(tables, ignore_index=True)
    if not table[TARGET].isin([0, 1]).all():
        raise StepError(f"column {TARGET!r} holds other values than 0 and 1")
    if len(table) < LEAST_ROWS:
        raise StepError(f"{len(table)} rows are too few to train and test on; give {LEAST_ROWS} or more")
    return table


def in_test(table: pd.DataFrame) -> pd.Series:
    """Say for each row whether it is a test row."""
    lines = table.to_csv(index=False, header=False, lineterminator="\n").splitlines()
    shares = [int(hashlib.sha256(line.encode()).hexdigest()[:8], 16) / 2**32 for line in lines]
    return pd.Series([share < TEST_SHARE for share in shares], index=table.index)


def manifest(files: List[Path], table: pd.DataFrame, test: pd.Series) -> Dict[str, object]:
    """Describe what was read: the hash of a file says which version of it, whatever lies at its key by now."""
    return {
        "files": [
            {"name": p.name, "bytes": p.stat().st_size, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
            for p in files
        ],
        "rows": {"all": len(table), "train": int((~test).sum()), "test": int(test.sum())},
    }


if __name__ == "__main__":
    raise SystemExit(run(main, message_file="message"))
