"""The time that a function has left, as the one bound of every wait."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

LEFT_FOR_ANSWER = 5.0
"""Seconds that a function keeps for recording and answering, after the last wait."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """Until when to try. Clock and sleeper are handed in, so that a test waits for nothing."""

    at: float
    """Seconds since 1970."""
    clock: Callable[[], float] = field(default=time.time)
    """Returns seconds since 1970."""
    sleeper: Callable[[float], None] = field(default=time.sleep)
    """Waits for some seconds."""

    @property
    def left(self) -> float:
        """Seconds left, 0 at least."""
        return max(0.0, self.at - self.clock())

    def wait(self, seconds: float) -> bool:
        """Wait and return True, or return False at once where the deadline comes first."""
        if seconds >= self.left:
            return False
        self.sleeper(seconds)
        return True


def within(
    seconds: float, *, clock: Callable[[], float] = time.time, sleeper: Callable[[float], None] = time.sleep
) -> Deadline:
    """Return the deadline `seconds` from now."""
    return Deadline(at=clock() + seconds, clock=clock, sleeper=sleeper)


def of_lambda(context: object, most: float = 900.0) -> Deadline:
    """Return the deadline of a Lambda call: what its context says is left, less the time to answer."""
    left = float(getattr(context, "get_remaining_time_in_millis")()) / 1000  # noqa: B009  # Lambda's context has no type
    return within(max(0.0, min(left - LEFT_FOR_ANSWER, most)))
