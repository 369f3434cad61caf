"""How values become text on a page: times, durations, hashes, numbers, property values."""

import difflib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from markupsafe import Markup

from portal.events import UNKNOWN
from portal.redaction import HIDDEN

NOTHING: Final = "\u2013"
"""Stands where there is no value: an en dash."""
LONGEST_VALUE: Final = 4000
"""Characters of a property's value on a page. A policy document fits; a file's content does not have to."""
MANY_LINES: Final = 4
_WORD: Final = re.compile(r"[a-z]+[ ,.]")
_STEPS: Final = ((60, "second", 1), (3600, "minute", 60), (86400, "hour", 3600), (86400 * 60, "day", 86400))


def utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone came from a database that keeps none, and is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parsed(moment: datetime | str | float | None) -> datetime | None:
    """Return a moment given as such, as ISO 8601 text or as seconds since the epoch; None for what is no time."""
    if isinstance(moment, datetime):
        return utc(moment)
    if isinstance(moment, int | float):
        return datetime.fromtimestamp(moment, UTC)
    try:
        return utc(datetime.fromisoformat(moment)) if moment else None
    except ValueError:
        return None


def relative(moment: datetime, now: datetime) -> str:
    """Return how far a moment is from now, in one unit: 3 minutes ago, in 2 days."""
    seconds = (utc(now) - utc(moment)).total_seconds()
    size = abs(seconds)
    if size < 5:
        return "just now"
    word, unit = next(((word, unit) for limit, word, unit in _STEPS if size < limit), ("day", 86400))
    count = int(size // unit)
    text = f"{count} {word}{'' if count == 1 else 's'}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def when(moment: datetime | str | float | None, now: datetime, *, short: bool = False) -> Markup:
    """Return a time element: relative text with the exact time beside it, or as its title where it is to be `short`."""
    at = parsed(moment)
    if at is None:
        return Markup('<span class="muted">{}</span>').format(NOTHING)
    exact = f"{at:%Y-%m-%d %H:%M} UTC"
    machine = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    if short:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(machine, exact, relative(at, now))
    return Markup(
        '<time datetime="{}"><span class="nowrap">{}</span> <span class="muted nowrap">{}</span></time>'
    ).format(machine, exact, relative(at, now))


def duration(seconds: float | timedelta | None) -> str:
    """Return a length of time in its two greatest units: 4 s, 2 min 5 s, 1 h 20 min."""
    if seconds is None:
        return NOTHING
    total = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    days, rest = divmod(max(total, 0), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((place for place, (count, _) in enumerate(parts) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count or first == 3)


def short(text: str | None, length: int = 8) -> str:
    """Return the beginning of a hash or id."""
    return (text or "")[:length]


def number(value: float | str | None) -> str:
    """Return a number with thin groups of thousands, and no more than four places."""
    if value is None or isinstance(value, str):
        return value or NOTHING
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.4f}".rstrip("0").rstrip(".")


def value(found: Any) -> str:
    """Return a property's value as people read it: text as it is, the rest as JSON, cut where it would flood a page."""
    if found is None:
        return NOTHING
    if isinstance(found, str):
        text = _pretty(found)
    else:
        flat = json.dumps(found, ensure_ascii=False, sort_keys=True, default=str)
        text = flat if len(flat) <= 60 else json.dumps(found, ensure_ascii=False, sort_keys=True, indent=2, default=str)
    if len(text) > LONGEST_VALUE:
        return f"{text[:LONGEST_VALUE]}\n… ({len(text) - LONGEST_VALUE} more characters)"
    return text


def _pretty(text: str) -> str:
    """Indent JSON that stands in a text, as policies and definitions do: a difference is then a line."""
    if not text.startswith(("{", "[")) or text in {UNKNOWN, HIDDEN}:
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return json.dumps(found, ensure_ascii=False, indent=2) if isinstance(found, Mapping | list) else text


def plural(count: int, word: str, words: str | None = None) -> str:
    """Return a count with its noun."""
    return f"{number(count)} {word if count == 1 else words or word + 's'}"


def line_diff(old: Any, new: Any) -> list[tuple[str, str]]:
    """Return the lines that differ between two long values, each with its class; none where one is a single line."""
    before, after = value(old).splitlines(), value(new).splitlines()
    if len(before) < MANY_LINES or len(after) < MANY_LINES:
        return []
    lines = list(difflib.unified_diff(before, after, n=2, lineterm=""))[2:]
    classes = {"+": "added", "-": "removed", "@": "where"}
    return [(classes.get(line[:1], ""), line) for line in lines]


def sentence(text: str) -> str:
    """Return a text that begins with a capital, as on a page it begins a sentence; names stay as they are."""
    return text[:1].upper() + text[1:] if _WORD.match(text) else text
