"""The record of a run: what ran, on what, with which result. Written after every change, so a crash leaves one too."""

import datetime as dt
import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Status(StrEnum):
    """How far a run or a step is. The service's words, and two more for steps that never ran."""

    WAITING = "Waiting"
    EXECUTING = "Executing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    NOT_TAKEN = "NotTaken"
    """The step stands in, or depends on, a branch that its condition did not take."""
    NOT_STARTED = "NotStarted"
    """The run ended before the step's turn."""


@dataclass(kw_only=True, slots=True)
class StepRecord:
    """What is known about one step."""

    name: str
    type: str
    status: Status = Status.WAITING
    started: str | None = None
    """UTC, ISO 8601."""
    ended: str | None = None
    seconds: float | None = None
    process_seconds: float | None = None
    """The part of `seconds` in which the step's own process ran."""
    attempts: int = 0
    failure_reason: str | None = None
    cached_from: str | None = None
    """Execution id of the run whose result this step reused."""
    job_name: str | None = None
    image: str | None = None
    command: list[str] | None = None
    exit_code: int | None = None
    log: str | None = None
    """Path of the log, relative to the run's folder."""
    arguments_sha256: str | None = None
    rewritten: list[str] = field(default_factory=list)
    """Scripts in which /opt/ml was replaced by the job's own root."""
    inputs: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    outcome: str | None = None
    """A condition's result and the comparison behind it."""
    model_package_arn: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class RunRecord:
    """What is known about one run."""

    execution_id: str
    execution_arn: str
    pipeline: str
    account: str
    region: str
    definition_sha256: str
    parameters: dict[str, Any]
    folder: Path
    status: Status = Status.EXECUTING
    started: str = ""
    ended: str | None = None
    seconds: float | None = None
    failure_reason: str | None = None
    pid: int = field(default_factory=os.getpid)
    """The process that runs it; a record that says Executing while this process is gone was interrupted."""
    plots: list[str] = field(default_factory=list)
    """Relative to the run's folder."""
    steps: dict[str, StepRecord] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where the record is stored."""
        return self.folder / "record.json"

    def to_json(self) -> dict[str, Any]:
        """Return plain values; steps become a list in the order of the definition."""
        plain = asdict(self)
        plain["folder"] = str(self.folder)
        plain["steps"] = list(plain["steps"].values())
        return plain

    def write(self) -> None:
        """Store the record, whole or not at all."""
        temporary = self.file.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.to_json(), indent=2, default=str) + "\n", encoding="utf-8")
        temporary.replace(self.file)


def stamp(moment: dt.datetime) -> str:
    """Return a moment as the record writes it."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def read_all(folder: Path) -> list[dict[str, Any]]:
    """Return every record under `<folder>/runs`, newest first. An unreadable one is reported as such, not left out."""
    records: list[dict[str, Any]] = []
    for file in (folder / "runs").glob("*/record.json"):
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            record = {"execution_id": file.parent.name, "status": "Unreadable", "folder": str(file.parent)}
        if record["status"] == Status.EXECUTING and not _alive(record.get("pid", 0)):
            record["status"] = "Interrupted"
        records.append(record)
    return sorted(records, key=lambda r: (str(r.get("started", "")), r["execution_id"]), reverse=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0


def relative(path: Path, base: Path) -> str:
    """Return `path` as seen from `base`."""
    return os.path.relpath(path, base)
