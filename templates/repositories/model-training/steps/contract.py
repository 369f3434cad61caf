"""What the steps share: SageMaker's folders, JSON files, and how a failure reaches the console."""

import json
import os
import sys
from pathlib import Path
from typing import Any, Callable

SHOWN = 1024
"""SageMaker cuts a job's message at this length."""


class StepError(Exception):
    """A failure that the reader can mend; its text says where, what and how."""


def root() -> Path:
    """Return /opt/ml; ML_ROOT moves it, so that steps run anywhere."""
    return Path(os.environ.get("ML_ROOT", "/opt/ml"))


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, document: Any) -> None:
    """Write JSON, the same bytes for the same content. NaN is refused: it is no JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def run(main: Callable[[], None], *, message_file: str) -> int:
    """Run a step and return its exit code. Training shows the file `failure`, processing the file `message`."""
    try:
        main()
    except StepError as error:
        place = root() / "output"
        place.mkdir(parents=True, exist_ok=True)
        (place / message_file).write_text(str(error)[:SHOWN], encoding="utf-8")
        print(f"failed: {error}", file=sys.stderr, flush=True)
        return 1
    return 0
