"""The present, in the one form in which moments are compared."""

from datetime import UTC, datetime


def text_of(moment: datetime) -> str:
    """Return `2021-10-25T01:52:12Z`: UTC, whole seconds, as events carry it, so that texts compare as times do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> str:
    """Return the present as `text_of`."""
    return text_of(datetime.now(UTC))
