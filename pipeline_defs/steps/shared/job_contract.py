"""What every step shares of SageMaker's container contract: where files lie, and how a failure reaches the console."""

import json
import os
import sys
from pathlib import Path
from typing import Any, Callable

SHOWN_CHARACTERS = 1024
"""SageMaker cuts FailureReason (training) and ExitMessage (processing) at this length."""

PROCESSING_MESSAGE = "message"
"""File under output/ whose text becomes ExitMessage of DescribeProcessingJob."""

TRAINING_MESSAGE = "failure"
"""File under output/ whose text becomes FailureReason of DescribeTrainingJob."""


class StepError(Exception):
    """A failure that the reader can mend; its text says where, what, the rule and the fix."""


def root() -> Path:
    """Return the contract folder, /opt/ml; `ML_ROOT` moves it so that steps run side by side without root."""
    return Path(os.environ.get("ML_ROOT", "/opt/ml"))


def read_json(path: Path, purpose: str) -> Any:
    """Read the JSON in a file. Raises StepError that names the file and what it was wanted for."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StepError(
            f"{path}: no such file, it should hold {purpose}. Give the step an input that mounts it."
        ) from None
    except ValueError as error:
        raise StepError(
            f"{path}: {purpose} is not valid JSON ({error}). Correct the file that the step mounts."
        ) from None


def write_json(path: Path, document: Any) -> None:
    """Write JSON with the same bytes on every run. NaN and infinity are refused: they are not JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def log(text: str) -> None:
    """One line to the job's log, at once."""
    print(text, flush=True)


def run(step: str, message_file: str, main: Callable[[], None]) -> int:
    """Run a step and return its exit code; a failure is written where SageMaker shows it.

    A StepError is the reader's to mend, so its text stands alone. Anything else is ours: the traceback goes to the log.
    """
    try:
        main()
    except StepError as error:
        _leave_message(message_file, f"{step}: {error}")
        print(f"{step} failed: {error}", file=sys.stderr, flush=True)
        return 1
    except Exception as error:
        _leave_message(message_file, f"{step} failed unexpectedly: {type(error).__name__}: {error}. See the job's log.")
        raise
    return 0


def _leave_message(message_file: str, text: str) -> None:
    path = root() / "output" / message_file
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 4] + " ..."
    path.write_text(shown, encoding="utf-8")
