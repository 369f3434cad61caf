"""Reads the encoded tables that Preprocess wrote: the class index first, then the numeric columns.

Imported by train and evaluate only; the serving process has no tables.
"""

import csv
from pathlib import Path
from typing import Sequence, Tuple

import numpy as np
from job_contract import StepError


def read_table(path: Path, columns: Sequence[str]) -> Tuple[np.ndarray, np.ndarray]:
    """Read rows (float64) and labels (class indices). Raises StepError where the header is another."""
    if not path.is_file():
        raise StepError(f"{path}: no such file. Mount the output of Preprocess under this name.")
    with path.open(newline="", encoding="utf-8") as file:
        header = next(csv.reader(file), [])
        expected = ["label", *columns]
        if header != expected:
            differing = sorted(set(header) ^ set(expected))
            raise StepError(
                f"{path}: the header has {len(header)} columns, features.json asks for {len(expected)}, in its order; "
                f"differing: {', '.join(differing[:10]) or 'the order only'}. "
                "Take all inputs from one and the same Preprocess step."
            )
        try:
            table = np.loadtxt(file, delimiter=",", ndmin=2)
        except ValueError as error:
            raise StepError(f"{path}: {error}. Every field has to be a number; run Preprocess again.") from None
    if not table.size:
        raise StepError(f"{path}: no rows. Run Preprocess on more data.")
    return table[:, 1:], table[:, 0].astype(np.int64)
