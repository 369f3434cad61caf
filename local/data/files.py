"""Data frames as the files that a data producer would upload."""

from pathlib import Path

import pandas as pd

SUCCESS_MARKER = "_SUCCESS"
"""Empty object that says all files are there; producers write it last."""


def write_csv(frame: pd.DataFrame, folder: Path, rows_per_file: int = 50_000) -> list[Path]:
    """Write part-00000.csv, ... and then the success marker; equal frames give equal bytes.

    Returns the files in the order to upload them. Raises ValueError for a frame without rows or a size below one.
    """
    if rows_per_file < 1:
        raise ValueError(f"rows_per_file is {rows_per_file}; a file holds at least one row")
    if frame.empty:
        raise ValueError("the frame has no rows; there is nothing to write")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, start in enumerate(range(0, len(frame), rows_per_file)):
        path = folder / f"part-{number:05d}.csv"
        part = frame.iloc[start : start + rows_per_file]
        path.write_text(part.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
        paths.append(path)
    marker = folder / SUCCESS_MARKER
    marker.write_bytes(b"")
    return [*paths, marker]
