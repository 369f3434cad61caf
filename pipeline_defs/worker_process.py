"""Starts the worker with a clean environment, hands over its results as they come, and keeps what it said on stderr."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline_defs.settings import PipelineSettings

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Variables the worker inherits. No AWS_*, PYTHON*, SAGEMAKER_* or proxy setting can change a definition."""
TAIL_LINES = 15
GRACE_SECONDS = 5.0
"""How long a worker may take to end before it is killed."""


def environment(home: Path) -> dict[str, str]:
    """Choose the worker's variables: the few it needs, and fixed values where an inherited one could matter."""
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "HOME": str(home),  # no ~/.aws, no ~/.config/sagemaker, and caches of libraries go with the folder
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
    }


COMMAND = (sys.executable, "-s", "-P", "-m", "pipeline_defs.worker")
"""Without the user's site-packages and without the working directory on the path."""


class WorkerProcess:
    """One worker, started at once.

    `deliver` is called for each result and `ended` once at the end with what to say about a model that has none; both
    from a thread of this object. Requests and stderr are files, so that neither side ever waits for a full pipe.
    """

    def __init__(
        self,
        requests: Sequence[PipelineSettings],
        deliver: Callable[[dict[str, Any]], None],
        ended: Callable[[str], None],
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mlops-definitions-", ignore_cleanup_errors=True)
        home = Path(self._folder.name)  # also the working directory: no .sagemaker-code-config lies above it
        (home / "requests").write_text("".join(f"{item.to_json()}\n" for item in requests), encoding="utf-8")
        with (home / "requests").open("rb") as stdin, (home / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(  # our own interpreter and module
                COMMAND,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=home,
                env=environment(home),
                text=True,
                encoding="utf-8",
            )
        self._deliver, self._ended = deliver, ended
        self._reader = threading.Thread(target=self._read, name="definitions", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def stderr_tail(self) -> str:
        """Return the last lines the worker wrote, indented."""
        lines = (Path(self._folder.name) / "stderr").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-TAIL_LINES:]) or "  (it wrote nothing)"

    def close(self) -> None:
        """Stop the worker if it still runs, and remove its folder."""
        if self._process.poll() is None:
            self._process.terminate()
            self._reader.join(GRACE_SECONDS)
            self._process.kill()
        self._reader.join()
        self._folder.cleanup()

    def _read(self) -> None:
        problem = None
        if self._process.stdout is not None:
            with self._process.stdout as results:
                try:
                    for line in results:
                        self._deliver(json.loads(line))
                except (ValueError, TypeError, KeyError) as error:
                    problem = f"the worker's answer cannot be read ({error!r})"
                    self._process.terminate()
        code = self._process.wait()
        reason = problem or (
            f"the worker was killed by signal {-code}" if code < 0 else f"the worker ended with exit code {code}"
        )
        self._ended(f"{reason}; its last lines:\n{self.stderr_tail()}")
