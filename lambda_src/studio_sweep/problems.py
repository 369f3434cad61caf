"""What keeps a Studio domain from going now, in the words that `pulumi destroy` shows."""

from collections.abc import Iterable

AGAIN = "run `pulumi destroy` again"
SHOWN = 20
"""Names of one kind in a message; the rest is counted."""


class SweepError(Exception):
    """What keeps the stack from being destroyed now. `pulumi destroy` shows its text."""


def listed(names: Iterable[str]) -> str:
    """Return the first names, and how many more there are."""
    found = sorted(names)
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more
