"""Reuse of a step's earlier result, by SageMaker's rules.

The key covers the arguments' values that AWS documents: for Processing the AppSpecification, Environment and
ProcessingInputs; for Training the AlgorithmSpecification, CheckpointConfig, Debug* members, Environment,
HyperParameters and InputDataConfig. Outputs, roles, instances and tags are not in it. Two more things are: the pipeline
and step (the service looks no further than these), and the local command that stands in for the image.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.runner import durations

COVERED = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
}


def key(pipeline: str, step: str, kind: str, arguments: Mapping[str, Any], command: object) -> str:
    """Return the cache key of a step whose arguments are evaluated."""
    covered = {name: arguments.get(name) for name in COVERED[kind]}
    text = json.dumps([pipeline, step, kind, covered, command], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """Results by key, one file each. `instance` is the embedded AWS they lie in; another one's do not count."""

    def __init__(self, folder: Path, instance: str) -> None:
        self._folder = folder
        self._instance = instance

    def find(self, key: str, expire_after: str | None, now: dt.datetime) -> dict[str, Any] | None:
        """Return a stored result that is not older than `expire_after` (ISO 8601, None: any age), or None."""
        file = self._folder / f"{key}.json"
        try:
            entry: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if entry["instance"] != self._instance:
            return None
        age = now - dt.datetime.fromisoformat(entry["created"])
        if expire_after and age > durations.parse(expire_after):
            return None
        return entry

    def store(self, key: str, now: dt.datetime, result: Mapping[str, Any]) -> None:
        """Keep the result of a step that succeeded."""
        self._folder.mkdir(parents=True, exist_ok=True)
        entry = {**result, "instance": self._instance, "created": now.isoformat()}
        temporary = self._folder / f".{key}.tmp"
        temporary.write_text(json.dumps(entry, default=str), encoding="utf-8")
        temporary.replace(self._folder / f"{key}.json")
