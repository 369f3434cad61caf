"""Input data for a run: a CSV file, a folder of them, or a set that comes with the project."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.events import NEW_DATA_MARKER
from local.runner.errors import RunnerError

if TYPE_CHECKING:
    import pandas as pd

SIMULATED_ROWS = 20_000
SIMULATED_SEED = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """Named input files, read when they are needed."""

    name: str
    files: Callable[[], Mapping[str, bytes]]
    """Object name under the input prefix to content."""
    schema: str | None = None
    """The data schema (`pipeline_defs/schemas/`) that a bundled set follows; None keeps the model's own."""


def _breast_cancer() -> Mapping[str, bytes]:
    from local.data.bundled import breast_cancer_frame

    return _written(breast_cancer_frame())


def _simulated(drift: float) -> Mapping[str, bytes]:
    from local.data.simulator import simulate_transactions

    return _written(simulate_transactions(SIMULATED_ROWS, seed=SIMULATED_SEED, drift=drift))


def _written(frame: "pd.DataFrame") -> Mapping[str, bytes]:
    from local.data.files import write_csv

    with tempfile.TemporaryDirectory(prefix="mlops-data-") as folder:
        paths = write_csv(frame, Path(folder))
        return {path.name: path.read_bytes() for path in paths if path.name != NEW_DATA_MARKER}


BUNDLED: dict[str, Dataset] = {
    "simulated": Dataset(name="simulated", files=lambda: _simulated(0.0), schema="fraud_detector"),
    "simulated-drifted": Dataset(name="simulated-drifted", files=lambda: _simulated(1.0), schema="fraud_detector"),
    "breast-cancer": Dataset(name="breast-cancer", files=_breast_cancer, schema="breast_cancer"),
}


def find(text: str) -> Dataset:
    """Return the data that `--data` names: a bundled set, a file or a folder of CSV files.

    Raises `RunnerError` for anything else.
    """
    if text in BUNDLED:
        return BUNDLED[text]
    path = Path(text)
    if path.is_file():
        return Dataset(name=str(path), files=lambda: {path.name: path.read_bytes()})
    if path.is_dir():
        files = {p.relative_to(path).as_posix(): p for p in sorted(path.rglob("*.csv")) if p.is_file()}
        if not files:
            raise RunnerError(f"--data {text}: the folder holds no .csv file.")
        return Dataset(name=str(path), files=lambda: {name: file.read_bytes() for name, file in files.items()})
    raise RunnerError(f"--data {text}: neither a file, nor a folder, nor a bundled set ({', '.join(BUNDLED)}).")


def default_for(schema: str) -> Dataset | None:
    """Return the bundled set that follows `schema`, or None: then a run reads what lies in S3."""
    return next((dataset for dataset in BUNDLED.values() if dataset.schema == schema), None)
