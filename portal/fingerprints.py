"""What an approval is bound to: program, settings, state and plan, each as a hash that any difference changes."""

import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SKIPPED = {"__pycache__", "node_modules"}
"""Folders that hold nothing which a program is made of, where git does not tell. So do those that begin with a dot."""

_MEANING = {
    "commit": "another commit is checked out",
    "program": "files of the program changed",
    "config": "the stack's settings changed",
    "state": "the stack's state changed: another operation was here",
    "plan": "a preview now shows other changes",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """What a preview was made of. Two are equal only if an `up` would do exactly what was seen."""

    commit: str
    """Git commit of the checkout, empty outside git."""
    program: str
    """SHA-256 over every file of the program, changes that are not committed included."""
    config: str
    """SHA-256 of the stack's settings."""
    state: str
    """SHA-256 of the state before the operation."""
    plan: str = ""
    """SHA-256 of the planned changes; empty before there is a preview."""

    def to_json(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)

    def differences(self, now: "Fingerprint") -> tuple[str, ...]:
        """Return what differs from `now`, for people; the plan only where both have one."""
        before, after = self.to_json(), now.to_json()
        if not (self.plan and now.plan):
            del before["plan"]
        return tuple(_MEANING[part] for part in before if before[part] != after[part])


def commit_of(root: Path) -> str:
    """Return the commit that is checked out at `root`, or an empty string outside git."""
    return _git(root, "rev-parse", "--verify", "HEAD").decode().strip()


def program_hash(root: Path) -> str:
    """Return the hash over names and contents of the program's files: what git knows or would add, else all."""
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed:
        files: Iterable[Path] = (root / name for name in listed.decode().split("\0") if name)
    else:
        files = (path for path in root.rglob("*") if not _skipped(path.relative_to(root)))
    digest = hashlib.sha256()
    for path in sorted(set(files)):
        if path.is_file():
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def config_hash(document: Mapping[str, Any]) -> str:
    """Return the hash of a stack file's `config`. What encrypts it is no part: that does not change the result."""
    return _hash(document.get("config") or {})


def state_version(deployment: Mapping[str, Any] | None) -> str:
    """Return the hash of an exported state: its resources and pending operations, not when it was written."""
    content = deployment or {}
    return _hash([content.get("resources") or [], content.get("pending_operations") or []])


def plan_hash(planned: Iterable[Mapping[str, Any]]) -> str:
    """Return the hash of planned changes (events' JSON), in any order. What stays as it is does not count."""
    kept = ("urn", "operation", "changes", "replacing", "inputs")
    changes = [{key: each[key] for key in kept} for each in planned if each["operation"] != "same"]
    return _hash(sorted(changes, key=lambda each: (each["urn"], each["operation"])))


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _skipped(path: Path) -> bool:
    return any(part in SKIPPED or part.startswith(".") for part in path.parts)


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S607  # the user's git
    except FileNotFoundError:
        return b""
    return done.stdout if done.returncode == 0 else b""
