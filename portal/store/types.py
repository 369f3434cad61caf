"""Column types that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, String, Text, TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A point in time: aware datetimes go in, UTC comes out. SQLite knows no zones, so UTC is what it holds."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the driver gets. Raises ValueError for a time without a zone: it could mean anything."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value}: it has no zone; make it aware: datetime.now(UTC)")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return what the caller gets."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that people or programs wrote. What PostgreSQL cannot hold is replaced on both databases: see `clean`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return what the driver gets."""
        return None if value is None else clean(value)


class Name(TypeDecorator[str]):
    """A short text that the portal itself gives or has checked: ids, hashes, names of stacks."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return what the driver gets: strangers ask for names that PostgreSQL could not even look for."""
        return None if value is None else clean(value)


def clean(text: str) -> str:
    """Return `text` without what a text column cannot hold: NUL, which PostgreSQL refuses, and half surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
