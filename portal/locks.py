"""Who holds a stack of a backend that is a folder, without trying to take it."""

import json
from pathlib import Path

import yaml

from portal.outcomes import Lock


def locks_of(backend: Path, root: Path, stack: str) -> tuple[Lock, ...]:
    """Return the locks on a stack of the project at `root`.

    They are files below .pulumi/locks, written by the engine: pulumi's pkg/backend/diy/lock.go.
    """
    project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
    found = []
    for file in sorted((backend / ".pulumi" / "locks").glob(f"**/{project}/{stack}/*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:  # its holder has just ended
            continue
        by = f"{content['username']}@{content['hostname']}"
        found.append(Lock(by=by, process=content["pid"], since=content["timestamp"]))
    return tuple(found)
