"""What an approval is bound to: program, settings, state and plan, each as a hash that any difference changes."""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SKIPPED = {"__pycache__", "node_modules"}
"""Folders that hold nothing which a program is made of, where git does not tell. So do those that begin with a dot."""

DEFAULTS = "__defaults"
"""Where providers that are bridged from Terraform list the inputs which the program left to them."""
_RANDOM_END = re.compile(r"[-_.]?[0-9a-f]{7,}$")
"""Of a name by Pulumi's auto-naming: seven hexadecimal digits by default, more where its configuration says so."""

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
    """Return the hash of planned changes (events' JSON), in any order. What stays as it is does not count.

    Nor does the random end of names that a provider makes up: it is another one in each preview.
    """
    kept = ("urn", "operation", "changes", "replacing", "inputs")
    changes = [{key: each[key] for key in kept} for each in planned if each["operation"] != "same"]
    text = _text(sorted(changes, key=lambda each: (each["urn"], each["operation"])))
    names = {name: stem for each in changes for name, stem in _made_up(each["inputs"])}
    if names:
        longest_first = sorted(names, key=len, reverse=True)
        made_up = re.compile("|".join(re.escape(json.dumps(name)[1:-1]) for name in longest_first))
        # Everywhere: what is built from such a name, in other resources too, ends as randomly.
        text = made_up.sub(lambda found: names[json.loads(f'"{found[0]}"')], text)
    return hashlib.sha256(text.encode()).hexdigest()


def _made_up(inputs: Any) -> Iterator[tuple[str, str]]:
    """Yield names that a provider made up, each with its lasting part: the bridge lists such inputs in `__defaults`."""
    if isinstance(inputs, Mapping):
        for key in inputs.get(DEFAULTS) or ():
            value = inputs.get(key)
            if isinstance(value, str) and (end := _RANDOM_END.search(value)):
                yield value, f"{value[: end.start()]}[random]"
        for value in inputs.values():
            yield from _made_up(value)
    elif isinstance(inputs, list):
        for value in inputs:
            yield from _made_up(value)


def _hash(value: Any) -> str:
    return hashlib.sha256(_text(value).encode()).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def _skipped(path: Path) -> bool:
    return any(part in SKIPPED or part.startswith(".") for part in path.parts)


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S607  # the user's git
    except FileNotFoundError:
        return b""
    return done.stdout if done.returncode == 0 else b""
