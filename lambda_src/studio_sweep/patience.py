"""How long one call of the function looks again before it gives the rest to the next."""

import time
from typing import Any

MARGIN_SECONDS = 40
"""Time that one round of calls may take; with less than this left, no new one is begun."""
PAUSE_SECONDS = 10
"""Between two looks. Applications and mount targets take one to three minutes to go."""


class Patience:
    """What remains of Lambda's time, spent in pauses."""

    def __init__(self, context: Any) -> None:  # Lambda's context
        self._context = context

    def is_over(self) -> bool:
        """Whether another round might not end in time."""
        return bool(self._context.get_remaining_time_in_millis() < (MARGIN_SECONDS + PAUSE_SECONDS) * 1000)

    def pause(self) -> None:
        """Let SageMaker and EFS get on with it."""
        time.sleep(PAUSE_SECONDS)
