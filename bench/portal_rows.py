"""The portal's rows of the table, as plain values: what `bench.portal_service` measured, beside its bounds."""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

SECTION = "Portal, with a scripted engine"
FIRST_EVENT = 2.0
"""A click passes through HTTP, database and queue before the worker starts; all that costs less than this start."""
MEMORY = 1.6
"""Fifty who watch share one buffer; what each costs is a connection."""


def portal_rows(measured: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the fields of each row; nothing where the portal was not measured."""
    if "click" not in measured:
        return
    click, bare, one, fifty = (measured[key] for key in ("click", "bare", "one", "fifty"))
    yield {
        "section": SECTION,
        "what": "click to first event / start of the engine's worker to first event",
        "value": median(above / below for above, below in zip(click, bare, strict=True)),
        "bound": FIRST_EVENT,
        "note": f"{median(click):.2f} s / {median(bare):.2f} s",
    }
    yield {
        "section": SECTION,
        "what": f"memory with {measured['people']} watchers / with 1",
        "value": median(above / below for above, below in zip(fifty, one, strict=True)),
        "bound": MEMORY,
        "note": f"{median(fifty):.0f} MB / {median(one):.0f} MB at most, while {measured['events']} events come",
    }
