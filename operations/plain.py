"""Plain values of what AWS gives: moments as text, and a dataclass as JSON."""

import datetime as dt
import math
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def moment(value: dt.datetime | str | None) -> str | None:
    """Return a moment as `2026-03-01T10:00:00Z`, UTC and whole seconds, as events and the deliveries table have it."""
    if value is None or isinstance(value, str):
        return value
    known = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return known.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> str:
    """Return the present as `moment` gives it."""
    return str(moment(dt.datetime.now(dt.UTC)))


def as_json(value: object) -> Any:
    """Return dataclasses, mappings and sequences of them as what `json.dumps` takes."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): as_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
