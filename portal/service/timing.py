"""How long the service's threads wait, and what a clock is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

Clock = Callable[[], datetime]
"""Returns now, in UTC, aware."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """Waits in seconds. Tests shorten them; none of them decides what happens, only when."""

    poll: float = 1.0
    """Between looks at the queue when nothing woke the dispatcher: another service may have filled it."""
    watch: float = 0.5
    """Between looks at the journal of a worker that an earlier service started."""
    housekeeping: float = 30.0
    """Between looks whether something is due: drift checks, review environments, old events."""
    retry_first: float = 0.5
    retry_longest: float = 30.0
    stray: float = 30.0
    """Before an operation whose recording failed in an unexpected way is taken up again."""
    drain: float = 30.0
    """How long `stop` lets running operations go on before it cancels them."""
    grace: float = 60.0
    """How long `stop` waits after that for their end to be recorded; the next service records what is left."""

    def retries(self) -> Iterator[float]:
        """Yield the pauses between tries, each twice the one before, for ever."""
        pause = self.retry_first
        while True:
            yield pause
            pause = min(2 * pause, self.retry_longest)
