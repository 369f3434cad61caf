"""The audit log: append-only, in a hash chain. Triggers in the database refuse everything but the next entry."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select

from portal.records import AuditEntry, AuditFault, AuditHead, Page
from portal.store import chain
from portal.store.errors import CursorError
from portal.store.tables import audit
from portal.store.transactions import Transaction
from portal.store.types import clean

_MOST_DIGITS = 18
"""Of a number that both databases can hold."""


class Audit:
    """The audit log of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def append(
        self, at: datetime, by: str, by_name: str, action: str, subject: str, details: Mapping[str, Any]
    ) -> AuditEntry:
        """Write the next entry. It stands once the unit of work ends well, together with what it tells about.

        Raises ValueError or TypeError for details that are no JSON, and for a time without a zone.
        """
        head = self.head()
        line = chain.Line(
            sequence=head.sequence + 1,
            at=chain.time_text(at),
            by=clean(by),
            by_name=clean(by_name),
            action=clean(action),
            subject=clean(subject),
            details=chain.canonical(dict(details)),
            previous=head.hash,
            hash="",
        )
        line = replace(line, hash=chain.hash_of(line))
        self._transaction.change(audit.insert().values(**asdict(line)))
        return line.entry()

    def head(self) -> AuditHead:
        """Return number and hash of the newest entry: note it outside, and `verify` can later be asked with it."""
        row = self._transaction.row(select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1))
        return AuditHead(**row) if row is not None else AuditHead(sequence=0, hash=chain.FIRST)

    def page(
        self,
        *,
        by: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[AuditEntry]:
        """Return entries, the newest first, from `since` on and before `until`.

        `action` may end with a star: `operation.*`. `cursor` is `next` of the page before. Raises CursorError.
        """
        query = select(audit).order_by(audit.c.sequence.desc()).limit(limit + 1)
        if by is not None:
            query = query.where(audit.c.by == by)
        if action is not None and action.endswith("*"):
            query = query.where(audit.c.action.startswith(action[:-1], autoescape=True))
        elif action is not None:
            query = query.where(audit.c.action == action)
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        if since is not None:
            query = query.where(audit.c.at >= chain.time_text(since))
        if until is not None:
            query = query.where(audit.c.at < chain.time_text(until))
        if cursor is not None:
            query = query.where(audit.c.sequence < _place(cursor))
        found = [_line(row).entry() for row in self._transaction.rows(query)]
        return Page(items=tuple(found[:limit]), next=str(found[limit - 1].sequence) if len(found) > limit else None)

    def verify(self, head: AuditHead | None = None) -> AuditFault | None:
        """Return the first place where the log is not what was written, or None. Reads all of it, a part at a time.

        An end that was cut off is seen only with a `head` that was noted outside: see `portal.store.chain`.
        """
        return chain.first_fault(
            self._lines(),
            head=head,
            with_hash=lambda hash_: self._number(audit.c.hash == hash_),
            following=lambda hash_: self._number(audit.c.previous == hash_),
        )

    def export(self, after: int = 0) -> Iterator[str]:
        """Yield entries with a greater number as lines of canonical JSON, oldest first; within the unit of work only.

        `portal.store.chain` verifies what was exported, without a database.
        """
        for line in self._lines(after):
            yield chain.canonical(chain.plain(line))

    def _lines(self, after: int | None = None) -> Iterator[chain.Line]:
        query: Select[Any] = select(audit).order_by(audit.c.sequence)
        if after is not None:
            query = query.where(audit.c.sequence > after)
        for row in self._transaction.stream(query):
            yield _line(row)

    def _number(self, condition: ColumnElement[bool]) -> int | None:
        row = self._transaction.row(select(audit.c.sequence).where(condition).limit(1))
        return int(row["sequence"]) if row is not None else None


def _line(row: RowMapping) -> chain.Line:
    return chain.Line(**row)


def _place(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MOST_DIGITS):
        raise CursorError(f"cursor {cursor!r}: give `next` of the page before, as it came")
    return int(cursor)
