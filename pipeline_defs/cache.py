"""Composed definitions by what they were made from, on disk: an unchanged pipeline costs one file read.

Several processes may use a folder at once. An entry is written under another name and renamed, so it is whole or
absent; it carries its key and its content's hash, so one that is damaged or not ours is a miss.
"""

import hashlib
import logging
import os
import platform
import secrets
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from pipeline_defs.code import bundles
from pipeline_defs.settings import PipelineSettings

LOG = logging.getLogger(__name__)
FORMAT = "mlops-definition-1"
PACKAGE = Path(__file__).parent
DISTRIBUTIONS = ("sagemaker", "boto3-", "botocore-", "pydantic", "attrs-")
"""What decides the bytes of a definition or the validator's verdict; the beginnings of their dist-info folders."""
STALE_SECONDS = 3600
"""Age at which another process's temporary file can only be the leftover of a crash."""


def fingerprint() -> str:
    """Hash of everything but the settings that a definition depends on.

    The sources of this package with schemas and validation, the step scripts (by bundle, as their keys are in the
    definition), the SDK's versions and Python's.
    """
    digest = hashlib.sha256(f"{FORMAT}\n{platform.python_implementation()} {sys.version}\n".encode())
    for path in _sources():
        digest.update(f"{path.relative_to(PACKAGE).as_posix()} ".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name, bundle in sorted(bundles(PACKAGE / "steps").items()):
        digest.update(f"{name} {bundle.sha256}\n".encode())
    digest.update("\n".join(_versions()).encode())
    return digest.hexdigest()


def _sources() -> list[Path]:
    steps = PACKAGE / "steps"
    return sorted(
        path
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".json"} and steps not in path.parents and not path.name.startswith(".")
    )


def _stamp() -> list[tuple[str, int, int]]:
    """Paths, times and sizes of everything `fingerprint` reads: tells in a millisecond that nothing was edited."""
    files = [path for path in PACKAGE.rglob("*") if path.suffix != ".pyc" and path.is_file()]
    return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)


def _versions() -> list[str]:
    """Installed versions, from folder names: importlib.metadata would parse every distribution's metadata."""
    spec = find_spec("sagemaker")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the SageMaker SDK is not installed: install requirements.txt", name="sagemaker")
    site = Path(next(iter(spec.submodule_search_locations))).parent
    return sorted(path.name for path in site.glob("*.dist-info") if path.name.startswith(DISTRIBUTIONS))


class DefinitionCache:
    """Definitions in one folder. A folder that cannot be read or written costs time, never a preview."""

    def __init__(self, folder: Path, *, limit: int = 512) -> None:
        self._folder = folder
        self._limit = limit
        self._stamp = _stamp()
        self._fingerprint = fingerprint()

    def key(self, settings: PipelineSettings) -> str:
        """Name of the entry for these settings, hexadecimal."""
        return hashlib.sha256(f"{self._fingerprint}\n{settings.to_json()}".encode()).hexdigest()

    def get(self, settings: PipelineSettings) -> str | None:
        """Return the definition's text, or none. Marks the entry as used, so that the oldest unused ones go first."""
        path = self._path(self.key(settings))
        try:
            header, _, text = path.read_text(encoding="utf-8").partition("\n")
            if header != _header(path.stem, text):
                LOG.warning("%s is damaged or not ours: it is composed again", path)
                return None
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            LOG.warning("%s cannot be read (%s): it is composed again", path, error)
            return None
        return text

    def put(self, settings: PipelineSettings, text: str) -> None:
        """Keep a definition that passed validation.

        Keeps nothing if a source changed since this cache was opened: the text may come from either version.
        """
        if _stamp() != self._stamp:
            LOG.info("a source changed while %s was composed: not cached", settings.model)
            return
        path = self._path(self.key(settings))
        temporary = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(f"{_header(path.stem, text)}\n{text}", encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            LOG.warning("%s cannot be written (%s): the definition will be composed again next time", path, error)
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def prune(self) -> None:
        """Drop the entries used longest ago beyond the limit, and what a crashed process left half-written."""
        try:
            entries = sorted(self._folder.glob("*.definition"), key=_age, reverse=True)
            leftovers = [path for path in self._folder.glob(".*.definition-*") if _age(path) > STALE_SECONDS]
            for path in [*entries[: max(0, len(entries) - self._limit)], *leftovers]:
                path.unlink(missing_ok=True)
        except OSError as error:
            LOG.warning("%s cannot be tidied: %s", self._folder, error)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.definition"


def _header(key: str, text: str) -> str:
    return f"{FORMAT} {key} {hashlib.sha256(text.encode()).hexdigest()}"


def _age(path: Path) -> float:
    """Seconds since last use; an entry that another process has just dropped counts as new."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
