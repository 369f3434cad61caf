"""Operations: from the request to the end."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, and_, exists, func, or_, select

from portal.outcomes import Outcome, State
from portal.records import OperationRecord, Page, Progress
from portal.requests import READS_ONLY, WAITS_FOR_WRITER, Kind
from portal.store.errors import CursorError, NotThereError
from portal.store.tables import operations
from portal.store.transactions import Transaction

WRITES = tuple(kind for kind in Kind if kind not in READS_ONLY)
"""Kinds of which one at a time runs on a stack."""

_RECORD = [column for column in operations.c if column.name not in {"arguments", "events_recorded", "state"}]
_NEWEST_FIRST = (operations.c.created.desc(), operations.c.id.desc())
_OLDEST_FIRST = (operations.c.created, operations.c.id)


class Operations:
    """The operations of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, record: OperationRecord, arguments: Mapping[str, Any]) -> None:
        """Keep a new operation, with what the engine's method gets besides the stack.

        Raises DuplicateError where its id, or another operation of the same preview, is there already.
        """
        values = {column.name: getattr(record, column.name) for column in _RECORD}
        values |= {
            "kind": record.kind.value,
            "progress": record.progress.value,
            "outcome": record.outcome.to_json() if record.outcome else None,
            "state": record.outcome.state.value if record.outcome else None,
            "arguments": dict(arguments),
        }
        taken = f"operation {record.id!r} is there already"
        if record.preview is not None:
            taken += f", or preview {record.preview!r} was already carried out: make a new preview"
        self._transaction.insert(operations, values, taken=taken, refers_to=("preview", record.preview or ""))

    def get(self, id: str) -> OperationRecord:  # noqa: A002
        """Return an operation. Raises NotThereError."""
        row = self._transaction.row(select(*_RECORD).where(operations.c.id == id))
        if row is None:
            raise NotThereError("operation", id)
        return _record(row)

    def arguments(self, id: str) -> dict[str, Any]:  # noqa: A002
        """Return what `add` got besides the record. Raises NotThereError."""
        row = self._transaction.row(select(operations.c.arguments).where(operations.c.id == id))
        if row is None:
            raise NotThereError("operation", id)
        return dict(row["arguments"])

    def claim(self, id: str, now: datetime) -> bool:  # noqa: A002
        """Make a queued operation run, for one caller only, and return whether this is the one.

        False where it is not queued any more, and where it has to wait for another that writes to the stack. Operations
        that only read never wait for each other, and for a writer only where they compare with the cloud.
        """
        other = operations.alias("other")
        writer_runs = exists().where(
            other.c.stack == operations.c.stack,
            other.c.progress == Progress.RUNNING.value,
            other.c.kind.in_([kind.value for kind in WRITES]),
        )
        waits = operations.c.kind.in_([kind.value for kind in WAITS_FOR_WRITER])
        claimed = self._transaction.change(
            operations.update()
            .where(operations.c.id == id, operations.c.progress == Progress.QUEUED.value, or_(~waits, ~writer_runs))
            .values(progress=Progress.RUNNING.value, started=now)
        )
        return claimed == 1

    def end(self, id: str, outcome: Outcome, now: datetime) -> bool:  # noqa: A002
        """Record how an operation ended and return whether this call did. The first end stands for ever.

        Raises NotThereError.
        """
        ended = self._transaction.change(
            operations.update()
            .where(operations.c.id == id, operations.c.progress != Progress.ENDED.value)
            .values(progress=Progress.ENDED.value, ended=now, outcome=outcome.to_json(), state=outcome.state.value)
        )
        if ended == 0:
            self.get(id)
        return ended == 1

    def ask_cancel(self, id: str, by: str) -> bool:  # noqa: A002
        """Note who wants it cancelled and return whether this call did: False after an end, or after another's wish.

        Raises NotThereError.
        """
        asked = self._transaction.change(
            operations.update()
            .where(
                operations.c.id == id,
                operations.c.progress != Progress.ENDED.value,
                operations.c.cancel_asked_by.is_(None),
            )
            .values(cancel_asked_by=by)
        )
        if asked == 0:
            self.get(id)
        return asked == 1

    def of_stack(self, stack: str, newest: int, before: str | None = None) -> tuple[OperationRecord, ...]:
        """Return the `newest` operations of a stack, the newest first; with `before`, of those older than that one."""
        query = select(*_RECORD).where(operations.c.stack == stack).order_by(*_NEWEST_FIRST).limit(newest)
        if before is not None:
            query = query.where(_older_than(self.get(before)))
        return self._all(query)

    def history(
        self,
        *,
        stacks: Collection[str] | None = None,
        kind: Kind | None = None,
        by: str | None = None,
        state: State | Progress | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[OperationRecord]:
        """Return operations, the newest first, created from `since` on and before `until`.

        `stacks` None means all of them. `cursor` is `next` of the page before. Raises CursorError.
        """
        query = select(*_RECORD).order_by(*_NEWEST_FIRST).limit(limit + 1)
        if stacks is not None:
            query = query.where(operations.c.stack.in_(list(stacks)))
        if kind is not None:
            query = query.where(operations.c.kind == kind.value)
        if by is not None:
            query = query.where(operations.c.by == by)
        if isinstance(state, State):
            query = query.where(operations.c.state == state.value)
        elif state is not None:
            query = query.where(operations.c.progress == state.value)
        if since is not None:
            query = query.where(operations.c.created >= since)
        if until is not None:
            query = query.where(operations.c.created < until)
        if cursor is not None:
            query = query.where(_after_cursor(cursor))
        found = self._all(query)
        return Page(items=found[:limit], next=_cursor(found[limit - 1]) if len(found) > limit else None)

    def unfinished(self) -> tuple[OperationRecord, ...]:
        """Return what is queued or runs, the oldest first."""
        return self._all(select(*_RECORD).where(operations.c.progress != Progress.ENDED.value).order_by(*_OLDEST_FIRST))

    def queued(self) -> tuple[OperationRecord, ...]:
        """Return what waits, the oldest first."""
        return tuple(record for record in self.unfinished() if record.progress is Progress.QUEUED)

    def running_on(self, stack: str) -> tuple[OperationRecord, ...]:
        """Return what runs on a stack, the oldest first."""
        return tuple(
            record for record in self.unfinished() if record.progress is Progress.RUNNING and record.stack == stack
        )

    def last_of_each_stack(self) -> dict[str, OperationRecord]:
        """Return the newest operation of every stack that ever had one."""
        place = func.row_number().over(partition_by=operations.c.stack, order_by=_NEWEST_FIRST).label("place")
        newest = select(operations.c.id, place).subquery()
        query = select(*_RECORD).join(newest, newest.c.id == operations.c.id).where(newest.c.place == 1)
        return {record.stack: record for record in self._all(query)}

    def last_writing(self, stack: str) -> OperationRecord | None:
        """Return the newest operation that wrote, or now writes, to a stack; those that only wait do not count."""
        return self.last(stack, WRITES)

    def last(self, stack: str, kinds: Collection[Kind], state: State | None = None) -> OperationRecord | None:
        """Return the newest operation of these kinds that was started on a stack; with `state`, that ended so."""
        query = (
            select(*_RECORD)
            .where(
                operations.c.stack == stack,
                operations.c.kind.in_([kind.value for kind in kinds]),
                operations.c.started.is_not(None),
            )
            .order_by(*_NEWEST_FIRST)
            .limit(1)
        )
        if state is not None:
            query = query.where(operations.c.state == state.value)
        row = self._transaction.row(query)
        return _record(row) if row is not None else None

    def _all(self, query: Any) -> tuple[OperationRecord, ...]:
        return tuple(_record(row) for row in self._transaction.rows(query))


def _record(row: RowMapping) -> OperationRecord:
    outcome = row["outcome"]
    return OperationRecord(
        **{
            **row,
            "kind": Kind(row["kind"]),
            "progress": Progress(row["progress"]),
            "outcome": Outcome.from_json(outcome) if outcome is not None else None,
        }
    )


def _older_than(record: OperationRecord) -> Any:
    return _before(record.created, record.id)


def _before(created: datetime, id: str) -> Any:  # noqa: A002
    return or_(operations.c.created < created, and_(operations.c.created == created, operations.c.id < id))


def _cursor(record: OperationRecord) -> str:
    return f"{record.created.isoformat()}~{record.id}"


def _after_cursor(cursor: str) -> Any:
    created, _, id_ = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(created).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not id_:
        raise CursorError(f"cursor {cursor!r}: give `next` of the page before, as it came")
    return _before(moment, id_)
