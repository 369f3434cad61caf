"""Time as the runner sees it; a test hands in another one."""

import datetime as dt
import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the runner asks of time."""

    def now(self) -> dt.datetime:
        """Return the moment, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""

    def pause(self, seconds: float, cancelled: threading.Event) -> None:
        """Wait before another attempt, shorter when the run is cancelled."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """Return the moment, in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()

    def pause(self, seconds: float, cancelled: threading.Event) -> None:
        """Wait until the seconds are over or the run is cancelled."""
        cancelled.wait(seconds)
