"""What operations reported, as it was recorded."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, select

from portal.store.errors import NotThereError
from portal.store.tables import events, operations
from portal.store.transactions import Transaction

_GREATEST = 2**31 - 1
"""Of the column; strangers ask for greater ones."""


class Events:
    """The events of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def append(self, operation: str, new: Sequence[Mapping[str, Any]]) -> None:
        """Keep events, as `portal.events.to_json` makes them. Those whose sequence is there already are passed over.

        Raises NotThereError for an unknown operation.
        """
        if not new:
            return
        last = max(int(event["sequence"]) for event in new)
        recorded = operations.c.events_recorded
        known = self._transaction.change(
            operations.update()
            .where(operations.c.id == operation)
            .values(events_recorded=case((recorded < last, last), else_=recorded))
        )
        if known == 0:
            raise NotThereError("operation", operation)
        self._transaction.change(
            self._transaction.upsert(events).on_conflict_do_nothing(),
            [{"operation": operation, "sequence": event["sequence"], "content": dict(event)} for event in new],
        )

    def after(self, operation: str, sequence: int, limit: int) -> list[dict[str, Any]]:
        """Return events with a greater sequence, in order. None of an unknown or pruned operation."""
        query = (
            select(events.c.content)
            .where(events.c.operation == operation, events.c.sequence > min(sequence, _GREATEST))
            .order_by(events.c.sequence)
            .limit(limit)
        )
        return [row["content"] for row in self._transaction.rows(query)]

    def recorded(self, operation: str) -> int:
        """Return the greatest sequence that was ever recorded, pruned or not. Raises NotThereError."""
        row = self._transaction.row(select(operations.c.events_recorded).where(operations.c.id == operation))
        if row is None:
            raise NotThereError("operation", operation)
        return int(row["events_recorded"])

    def prune(self, before: datetime) -> int:
        """Forget the events of operations that ended before that time; return how many. The operations stay."""
        old = select(operations.c.id).where(operations.c.ended < before)
        return self._transaction.change(events.delete().where(events.c.operation.in_(old)))
