"""The files that jobs read from S3, under keys with their content's hash: new content, new key, new definition."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STEPS = Path(__file__).parent / "steps"
SCHEMAS = Path(__file__).parent / "schemas"
SHARED = "shared"
NAMES = ("preprocess", "train", "evaluate")

HASH_LENGTH = 16
"""Hexadecimal digits of the content hash in a key: 64 bits, far beyond accidental collisions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """Files that are published together and mounted as one folder in a job."""

    name: str
    sha256: str
    """Of names and contents; file times and the checkout's path have no say."""
    files: dict[str, Path]
    """Name within the bundle (with `/` for folders) to the file on disk."""

    @property
    def prefix(self) -> str:
        """Key prefix in the artifact bucket, ending in a slash."""
        return f"code/{self.sha256[:HASH_LENGTH]}/{self.name}/"

    def keys(self) -> dict[str, Path]:
        """Object key in the artifact bucket to the file that goes there."""
        return {f"{self.prefix}{name}": path for name, path in self.files.items()}


def bundles(steps: Path = STEPS) -> dict[str, Bundle]:
    """Return the scripts of each step, with everything in `steps/shared/` beside them.

    Raises FileNotFoundError for a step without files, ValueError where a shared file has the name of a step's own.
    """
    shared = dict(_files(steps / SHARED))
    found = {}
    for name in NAMES:
        own = dict(_files(steps / name))
        if not own:
            raise FileNotFoundError(f"{steps / name} holds no script: put the step's files there ({name}.py)")
        if clash := sorted(own.keys() & shared.keys()):
            raise ValueError(f"{steps / name}: {', '.join(clash)} is also in {SHARED}/: rename one of the two")
        found[name] = _bundle(name, shared | own)
    return found


def schema(name: str, schemas: Path = SCHEMAS) -> Bundle:
    """Return a data contract, published as `schema.json`. Raises FileNotFoundError that lists what exists."""
    path = schemas / f"{name}.json"
    if name not in schema_names(schemas):
        raise FileNotFoundError(
            f"there is no data schema {name!r}: add {path.name} to pipeline_defs/schemas/ or use one of "
            f"{', '.join(schema_names(schemas))}"
        )
    return _bundle("schema", {"schema.json": path})


def schema_names(schemas: Path = SCHEMAS) -> list[str]:
    """Names of the data schemas that exist, sorted."""
    return sorted(path.stem for path in schemas.glob("*.json"))


def code_hash(*parts: Bundle) -> str:
    """One hash over several bundles: what a registered model version says it was made with."""
    return _digest({part.name: part.sha256 for part in parts})[:HASH_LENGTH]


def _bundle(name: str, files: dict[str, Path]) -> Bundle:
    contents = {file: hashlib.sha256(path.read_bytes()).hexdigest() for file, path in files.items()}
    return Bundle(name=name, sha256=_digest(contents), files=dict(sorted(files.items())))


def _digest(hashes: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files that a job needs: no bytecode, no hidden files, nothing an editor or a test run leaves behind."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if (
            path.is_file()
            and path.suffix != ".pyc"
            and not any(part.startswith((".", "__pycache__")) for part in parts)
        ):
            yield "/".join(parts), path
