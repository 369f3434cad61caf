"""The folder that the engine works in: a copy of the project's description and of one stack's file.

The engine writes into the stack file (what encrypts secrets), and takes the file's name from the stack. So each
operation gets a folder of its own, whose description points at the program; the project's files stay as they are.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ENCRYPTION = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""Keys of a stack file that say how its secrets are encrypted."""


def stack_file(folder: Path, stack: str) -> Path:
    """Return the path of a stack's file."""
    return folder / f"Pulumi.{stack}.yaml"


def prepare(folder: Path, root: Path, stack: str, document: Mapping[str, Any], kept: Path) -> None:
    """Write description and stack file into `folder`.

    `document` is the stack file's content; `kept` holds how the stack's secrets were encrypted before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    description = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(described(description, root)), encoding="utf-8")
    encryption = yaml.safe_load(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    content = {**(encryption if not any(key in document for key in ENCRYPTION) else {}), **document}
    file = stack_file(folder, stack)
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def keep_encryption(folder: Path, stack: str, kept: Path) -> None:
    """Remember how the engine encrypts the stack's secrets, for the next operation."""
    file = stack_file(folder, stack)
    document = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    found = {key: value for key, value in (document or {}).items() if key in ENCRYPTION}
    if not found:
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(f".{folder.parent.name}")
    part.write_text(yaml.safe_dump(found), encoding="utf-8")
    part.replace(kept)  # whole or not at all: two operations may end at once


def described(description: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return a project's description whose program is at `root` and runs with the project's environment."""
    runtime = description["runtime"]
    runtime = {"name": runtime} if isinstance(runtime, str) else dict(runtime)
    options = dict(runtime.get("options") or {})
    own = root / str(options.get("virtualenv", ".venv"))
    options["virtualenv"] = str(own if (own / "bin").is_dir() else Path(sys.prefix))
    runtime["options"] = options
    rest = {key: _absolute(value, root) for key, value in description.items() if key not in {"runtime", "main"}}
    return {**rest, "runtime": runtime, "main": str((root / str(description.get("main") or ".")).resolve())}


def _absolute(value: Any, root: Path) -> Any:
    """Return a value whose relative paths (of plugins, of packages) start at the project."""
    if isinstance(value, str) and value.startswith(("./", "../")):
        return str((root / value).resolve())
    if isinstance(value, dict):
        return {key: _absolute(each, root) for key, each in value.items()}
    if isinstance(value, list):
        return [_absolute(each, root) for each in value]
    return value
