"""What a container would give a job: a private /opt/ml, an environment, and nothing of the user's own."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = "/opt/ml"
PLACE = re.compile(r"(?<![\w.\-])/opt/ml(?![\w.\-])")
CODE_SUFFIXES = {".py", ".sh"}
CODE_LIMIT = 1_000_000
"""Bytes; a larger file is data, whatever its name says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """The place of one job on disk, and its identity."""

    name: str
    arn: str
    folder: Path
    """Everything of this step: `ml/`, `log.txt`."""
    image: str
    rewritten: list[str] = field(default_factory=list)
    """Code files in which /opt/ml was replaced."""

    @property
    def root(self) -> Path:
        """What the job sees as /opt/ml."""
        return self.folder / "ml"

    @property
    def log(self) -> Path:
        """What the job printed, both streams."""
        return self.folder / "log.txt"

    def path(self, container_path: str) -> Path:
        """Return where a path under /opt/ml lies on this machine."""
        return Path(self.rewrite(container_path))

    def rewrite(self, text: str) -> str:
        """Return `text` with /opt/ml replaced by this job's own root. Part of a longer name (`/opt/mlflow`) stays."""
        return PLACE.sub(lambda _: str(self.root), text)

    def rewrite_code(self, folder: Path) -> None:
        """Replace /opt/ml in the scripts under `folder`, where they hard-code it.

        A script that knows ML_ROOT needs no change and keeps its bytes.
        """
        for path in sorted(folder.rglob("*")):
            if path.suffix not in CODE_SUFFIXES or not path.is_file() or path.stat().st_size > CODE_LIMIT:
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # not text after all, so there is nothing to replace
            if ROOT not in text or "ML_ROOT" in text:
                continue
            new = self.rewrite(text)
            if new != text:
                path.write_text(new, encoding="utf-8")
                self.rewritten.append(path.relative_to(self.root).as_posix())

    def clear(self) -> None:
        """Remove what an earlier attempt left."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.rewritten.clear()
        for part in ("input/config", "output", "tmp"):
            (self.root / part).mkdir(parents=True, exist_ok=True)


def environment(
    job: Job, *, interpreter: str, home: Path, aws: Mapping[str, str], own: Mapping[str, str], extra: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of a job's process: nothing is inherited, so no proxy and no credential leaks in.

    `home` is shared by all jobs of the project, because libraries keep slow-to-build caches there (matplotlib's fonts).
    `own` is the definition's Environment and wins over `extra`, which the platform sets, but not over `aws`, which
    keeps the job on the embedded AWS.
    """
    places = [str(Path(interpreter).parent)] if os.sep in interpreter else []
    return {
        "PATH": os.pathsep.join([*places, "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(home),
        "TMPDIR": str(job.root / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "TRUE",  # as in the AWS images; without it a killed job's log ends too early
        # Steps side by side share the cores; threads that spin while they wait would take them from each other.
        "OMP_WAIT_POLICY": "PASSIVE",
        "ML_ROOT": str(job.root),
        **extra,
        **{name: job.rewrite(value) for name, value in own.items()},
        **aws,
    }


def failure_text(paths: Iterable[Path]) -> str:
    """Return the first 1024 characters, as the service does, of the first of `paths` that says anything."""
    for path in paths:
        if path.is_file() and (text := path.read_text(encoding="utf-8", errors="replace").strip()):
            return text[:1024]
    return ""


def last_words(log: Path) -> str:
    """Return the last non-empty line of a log: for a Python script that is the exception."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:1024]
