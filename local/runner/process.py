"""Run a job's command in a process group of its own, with a time limit, and end the whole group for good."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.runner.errors import CancelledError

GRACE_SECONDS = 3.0
"""Between SIGTERM and SIGKILL. The service gives a training job 120 s to save its work; nobody waits that long here."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a process ended."""

    exit_code: int
    """Negative for a signal, as subprocess reports it."""
    seconds: float
    timed_out: bool


class Processes:
    """The running processes of a pipeline run, so that all of them can be ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self.cancelled = threading.Event()

    def run(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path, limit: float | None
    ) -> Result:
        """Run `command` and wait for it. `limit` is in seconds.

        Raises `CancelledError` when the run was cancelled, `OSError` when the command cannot be started.
        """
        began = time.monotonic()
        with log.open("ab") as output:
            with self._lock:
                if self.cancelled.is_set():
                    raise CancelledError
                process = subprocess.Popen(  # running the definition's own command is the purpose
                    command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True,
                )  # fmt: skip
                self._running.add(process)
            expired = threading.Event()

            def expire() -> None:
                expired.set()
                _end(process)

            timer = threading.Timer(limit, expire) if limit else None
            if timer:
                timer.daemon = True
                timer.start()
            try:
                code = process.wait()
            finally:
                if timer:
                    timer.cancel()
                # A container ends with its first process, so what that one left behind ends here too.
                _signal(process, signal.SIGKILL)
                with self._lock:
                    self._running.discard(process)
        if self.cancelled.is_set():
            raise CancelledError
        return Result(code, time.monotonic() - began, expired.is_set())

    def cancel(self) -> None:
        """End every process and let no new one start."""
        self.cancelled.set()
        with self._lock:
            running = list(self._running)
        for process in running:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    _signal(process, signal.SIGTERM)
    killer = threading.Timer(GRACE_SECONDS, _kill_if_alive, (process,))
    killer.daemon = True
    killer.start()


def _kill_if_alive(process: "subprocess.Popen[bytes]") -> None:
    if process.returncode is None:
        _signal(process, signal.SIGKILL)


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # already gone; macOS says EPERM for a zombie group
        os.killpg(process.pid, number)
