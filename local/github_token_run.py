"""A command with a secret in its environment: signals reach it, and the end of it is waited for, however it comes."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

FAILED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127
"""Exit codes of a wrapper: it failed itself; COMMAND cannot be run; there is none (GNU coreutils, `env`, `timeout`)."""
SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a command."""
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
FROM_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)


class Signals:
    """While it is entered no signal ends this process: the child gets it, and this process goes on to clean up."""

    def __init__(self) -> None:
        self.first: int | None = None
        """The first signal that came."""
        self._child: subprocess.Popen[bytes] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take over, but for what whoever started us wants ignored, as `nohup` does."""
        for number in PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._came)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def attach(self, child: subprocess.Popen[bytes]) -> None:
        """Pass on to `child` from now on, first of all what came while it was started."""
        self._child = child
        if self.first is not None:
            child.send_signal(self.first)

    def _came(self, number: int, _frame: FrameType | None) -> None:
        self.first = self.first or number
        # A terminal sends Ctrl-C to the child as well, and Pulumi takes a second one for "stop at once".
        if self._child is not None and not (number in FROM_KEYBOARD and _at_the_terminal()):
            self._child.send_signal(number)


def _at_the_terminal() -> bool:
    """Whether this process, and with it the child, is who a terminal's keys go to."""
    try:
        with Path("/dev/tty").open("rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def run(command: Sequence[str], secrets: Mapping[str, str], signals: Signals) -> int:
    """Run a command with `secrets` added to its environment, and return its exit code; 128 and more for a signal.

    Input, output and working directory are ours. Raises OSError where it cannot be started. A signal that came before
    keeps it from being started.
    """
    if signals.first is not None:
        return SIGNALLED + signals.first
    child = subprocess.Popen(list(command), env={**os.environ, **secrets})
    signals.attach(child)
    code = child.wait()
    return SIGNALLED - code if code < 0 else code


@contextmanager
def warned(seconds: float, warn: Callable[[], None]) -> Iterator[None]:
    """Call `warn` once after some seconds, unless the block ends before."""
    timer = threading.Timer(max(0.0, seconds), warn)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
