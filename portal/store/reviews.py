"""Review environments, from their creation until they are gone."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, or_, select

from portal.records import ReviewRecord, ReviewState
from portal.store.errors import NotThereError
from portal.store.tables import reviews
from portal.store.transactions import Transaction

_CHANGEABLE = {"commit", "expires", "state", "operation", "attempts", "retry_at", "problem"}


class Reviews:
    """The review environments of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, record: ReviewRecord) -> None:
        """Keep a new review environment. A name is free again when the one before is gone; else DuplicateError."""
        self._transaction.change(
            reviews.delete().where(reviews.c.name == record.name, reviews.c.state == ReviewState.GONE.value)
        )
        values = {column.name: getattr(record, column.name) for column in reviews.c}
        self._transaction.insert(
            reviews,
            values | {"state": record.state.value},
            taken=f"review environment {record.name!r} is there already",
            refers_to=("operation", record.operation or ""),
        )

    def get(self, name: str) -> ReviewRecord:
        """Return a review environment. Raises NotThereError."""
        row = self._transaction.row(select(reviews).where(reviews.c.name == name))
        if row is None:
            raise NotThereError("review environment", name)
        return _record(row)

    def all(self, *, with_gone: bool = False) -> tuple[ReviewRecord, ...]:
        """Return the review environments, the newest first."""
        query = select(reviews).order_by(reviews.c.created.desc(), reviews.c.name)
        if not with_gone:
            query = query.where(reviews.c.state != ReviewState.GONE.value)
        return tuple(_record(row) for row in self._transaction.rows(query))

    def due(self, now: datetime) -> tuple[ReviewRecord, ...]:
        """Return those whose time is over and that are not gone, but for those that wait for another try."""
        query = (
            select(reviews)
            .where(
                reviews.c.expires <= now,
                reviews.c.state != ReviewState.GONE.value,
                or_(reviews.c.retry_at.is_(None), reviews.c.retry_at <= now),
            )
            .order_by(reviews.c.expires, reviews.c.name)
        )
        return tuple(_record(row) for row in self._transaction.rows(query))

    def update(self, name: str, **changes: Any) -> ReviewRecord:
        """Change fields of a review environment and return it as it is then.

        They can be commit, expires, state, operation, attempts, retry_at and problem. Raises NotThereError.
        """
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(f"{', '.join(sorted(unknown))}: cannot be changed; {', '.join(sorted(_CHANGEABLE))} can")
        if "state" in changes:
            changes["state"] = ReviewState(changes["state"]).value
        if changes:
            self._transaction.change(reviews.update().where(reviews.c.name == name).values(**changes))
        return self.get(name)


def _record(row: RowMapping) -> ReviewRecord:
    return ReviewRecord(**{**row, "state": ReviewState(row["state"])})
