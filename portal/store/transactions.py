"""What the repositories run statements with: one transaction, reading or writing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, RowMapping, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from portal.store.errors import DuplicateError, NotThereError, StoreError

_UNIQUE = {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
_FOREIGN = {"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"}
STREAMED = 500
"""Rows that are held at a time while many are read."""


class Transaction:
    """A connection within a transaction, and whether it may change something."""

    def __init__(self, connection: Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing
        self._broken: BaseException | None = None

    def rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        """Return all rows."""
        return self._execute(query).mappings().all()

    def row(self, query: Select[Any]) -> RowMapping | None:
        """Return the first row, or None."""
        return self._execute(query).mappings().first()

    def stream(self, query: Select[Any]) -> Iterator[RowMapping]:
        """Yield rows without holding them all; within the transaction only."""
        with self._execute(query.execution_options(yield_per=STREAMED)) as result:
            yield from result.mappings()

    def change(self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Run a statement that changes something and return how many rows it touched."""
        self._require_writing()
        # Of an insert PostgreSQL's count is kept only when it is asked for.
        return self._execute(statement.execution_options(preserve_rowcount=True), parameters).rowcount

    def insert(self, table: Table, values: Mapping[str, Any], *, taken: str, refers_to: tuple[str, str]) -> None:
        """Insert a row. Raises DuplicateError with `taken`, NotThereError of what it refers to, or ValueError.

        A refused row leaves the transaction usable, as PostgreSQL on its own would not.
        """
        self._require_writing()
        _require_room(table, values)
        savepoint = self._connection.begin_nested()
        try:
            self._execute(table.insert().values(**values))
        except IntegrityError as error:
            savepoint.rollback()
            self._broken = None
            code = _code(error)
            if code in _UNIQUE:
                raise DuplicateError(taken) from error
            if code in _FOREIGN:
                raise NotThereError(*refers_to) from error
            raise
        except ValueError:
            savepoint.rollback()
            raise
        savepoint.commit()

    def end(self) -> None:
        """Return if all went well. Raises what went wrong, for a caller that passed over it.

        After an error of the database everything before it is undone. To commit the rest would be half a unit of work.
        """
        if self._broken is not None:
            raise self._broken

    def _execute(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        self.end()
        try:
            return self._connection.execute(statement, parameters)
        except (StoreError, DBAPIError) as error:
            self._broken = error
            raise
        except StatementError as error:  # a value that its column does not take; nothing was sent
            raise (error.orig or error) from None

    def upsert(self, table: Table) -> "postgresql.Insert | sqlite.Insert":
        """Return an insert with `on_conflict_…`, which both databases have and SQLAlchemy spells per database."""
        if self._connection.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def _require_writing(self) -> None:
        if not self._writing:
            raise RuntimeError("this unit of work only reads; change things within store.writing()")


def _require_room(table: Table, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        room = getattr(table.c[name].type, "length", None)
        if room is not None and value is not None and len(value) > room:  # SQLite would take it, PostgreSQL would not
            raise ValueError(f"{table.name}.{name}: {value[:room]!r}… has {len(value)} characters; {room} are the most")


def _code(error: IntegrityError) -> str:
    origin: Any = error.orig
    return str(getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", ""))
