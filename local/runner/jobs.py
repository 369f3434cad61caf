"""What Processing and Training steps have in common: prepare, run the process, explain a failure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.runner import container
from local.runner.container import Job
from local.runner.errors import StepError
from local.runner.images import Images
from local.runner.process import Processes
from local.runner.record import StepRecord, relative
from local.runner.storage import Storage


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """What every job of a run uses."""

    storage: Storage
    images: Images
    processes: Processes
    home: Path
    aws: Mapping[str, str]
    """Variables through which a job reaches the embedded AWS."""
    run_folder: Path


def write_json(path: Path, value: object) -> None:
    """Write a configuration file of a job."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")


def execute(
    job: Job,
    command: Sequence[str],
    *,
    workshop: Workshop,
    record: StepRecord,
    own: Mapping[str, str],
    extra: Mapping[str, str],
    limit: float | None,
    messages: Sequence[Path],
) -> str:
    """Run a job's command to its end and return the message it left, if any.

    `messages` are the files in which the job may explain itself. Raises `StepError` for an exit code other than zero
    and for the time limit (`limit`, seconds), `CancelledError` when the run was cancelled.
    """
    line = [job.rewrite(word) for word in command]
    record.command, record.image, record.rewritten = line, job.image, job.rewritten
    record.log = relative(job.log, workshop.run_folder)
    env = container.environment(
        job,
        interpreter=workshop.images.interpreter(job.image),
        home=workshop.home,
        aws=workshop.aws,
        own=own,
        extra=extra,
    )
    try:
        result = workshop.processes.run(line, env=env, cwd=job.root, log=job.log, limit=limit)
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise StepError(f"cannot start {line[0]}: {error.strerror}. Say what stands in for it with --image") from None
    record.process_seconds = round((record.process_seconds or 0) + result.seconds, 3)
    record.exit_code = result.exit_code
    message = container.failure_text(messages)
    if result.timed_out:
        raise StepError(f"MaxRuntimeExceeded: stopped after {limit:g} s, the step's MaxRuntimeInSeconds")
    if result.exit_code:
        why = message or container.last_words(job.log) or "it printed nothing"
        raise StepError(f"AlgorithmError: {why}, exit code: {result.exit_code}")
    return message


def limit_of(arguments: Mapping[str, Any]) -> float | None:
    """Return the time limit of a job in seconds, or None."""
    limit = arguments.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    return float(limit) if limit is not None else None


def resources(instance: str) -> dict[str, Any]:
    """Return the content of resourceconfig.json: one host, whatever the definition asks for."""
    return {
        "current_host": "algo-1",
        "current_instance_type": instance,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": ["algo-1"]}
        ],
        "network_interface_name": "eth0",
    }
