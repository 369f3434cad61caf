"""Who is logged in, and who is about to. What a browser holds is kept as a hash only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.records import SessionRecord
from portal.store.errors import NotThereError
from portal.store.tables import login_attempts, sessions
from portal.store.transactions import Transaction

_HASH_SHOWN = 8
"""Characters of a hash that an error may show."""


class Sessions:
    """The sessions of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, record: SessionRecord) -> None:
        """Keep a new session. Raises DuplicateError."""
        values = {column.name: getattr(record, column.name) for column in sessions.c}
        self._transaction.insert(
            sessions,
            values | {"actor": dict(record.actor)},
            taken="this session is there already",
            refers_to=("session", ""),
        )

    def get(self, hash: str, now: datetime) -> SessionRecord:  # noqa: A002
        """Return a session that has not expired. Raises NotThereError."""
        row = self._transaction.row(select(sessions).where(sessions.c.hash == hash, sessions.c.expires > now))
        if row is None:
            raise NotThereError("session", hash[:_HASH_SHOWN])
        return SessionRecord(**row)

    def touch(self, hash: str, now: datetime, expires: datetime | None = None) -> bool:  # noqa: A002
        """Note that a session was seen, and make it last until `expires`; return whether it is there.

        Each call is a write to disk: not on every request, but when `last_seen` is some minutes old.
        """
        values = {"last_seen": now} | ({"expires": expires} if expires is not None else {})
        return self._transaction.change(sessions.update().where(sessions.c.hash == hash).values(**values)) == 1

    def delete(self, hash: str) -> bool:  # noqa: A002
        """End a session and return whether it was there."""
        return self._transaction.change(sessions.delete().where(sessions.c.hash == hash)) == 1

    def delete_of(self, by: str) -> int:
        """End all sessions of an actor and return how many there were."""
        return self._transaction.change(sessions.delete().where(sessions.c.by == by))

    def prune(self, now: datetime) -> int:
        """Forget sessions that have expired; return how many."""
        return self._transaction.change(sessions.delete().where(sessions.c.expires <= now))


class LoginAttempts:
    """Logins that were begun and have not come back from the identity provider."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, hash: str, content: Mapping[str, Any], expires: datetime) -> None:  # noqa: A002
        """Keep a new attempt. Raises DuplicateError."""
        self._transaction.insert(
            login_attempts,
            {"hash": hash, "content": dict(content), "expires": expires},
            taken="this login attempt is there already",
            refers_to=("login attempt", ""),
        )

    def take(self, hash: str, now: datetime) -> dict[str, Any]:  # noqa: A002
        """Return an attempt's content and forget it: whoever comes second gets NotThereError, as after its end."""
        attempt = login_attempts.c.hash == hash
        row = self._transaction.row(select(login_attempts).where(attempt))
        if (
            row is None
            or self._transaction.change(login_attempts.delete().where(attempt)) == 0
            or row["expires"] <= now
        ):
            raise NotThereError("login attempt", hash[:_HASH_SHOWN])
        return dict(row["content"])

    def is_there(self, hash: str, now: datetime) -> bool:  # noqa: A002
        """Return whether an attempt waits for its answer; it is left where it is."""
        query = select(login_attempts.c.hash).where(login_attempts.c.hash == hash, login_attempts.c.expires > now)
        return self._transaction.row(query) is not None

    def count(self, now: datetime) -> int:
        """Return how many attempts wait for their answer."""
        query = select(func.count().label("waiting")).select_from(login_attempts).where(login_attempts.c.expires > now)
        row = self._transaction.row(query)
        return int(row["waiting"]) if row is not None else 0

    def prune(self, now: datetime) -> int:
        """Forget attempts that have expired; return how many."""
        return self._transaction.change(login_attempts.delete().where(login_attempts.c.expires <= now))
