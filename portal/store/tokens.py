"""API tokens, of which only hashes are kept."""

from datetime import datetime

from sqlalchemy import RowMapping, select

from portal.records import TokenRecord
from portal.store.errors import NotThereError
from portal.store.tables import tokens
from portal.store.transactions import Transaction


class Tokens:
    """The API tokens of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, record: TokenRecord) -> None:
        """Keep a new token. Raises DuplicateError."""
        values = {column.name: getattr(record, column.name) for column in tokens.c}
        self._transaction.insert(
            tokens,
            values | {"roles": dict(record.roles), "scopes": list(record.scopes)},
            taken=f"token {record.id!r} is there already",
            refers_to=("token", ""),
        )

    def get(self, id: str) -> TokenRecord:  # noqa: A002
        """Return a token, also one that has expired or was revoked. Raises NotThereError."""
        row = self._transaction.row(select(tokens).where(tokens.c.id == id))
        if row is None:
            raise NotThereError("token", id)
        return _record(row)

    def of(self, owner: str) -> tuple[TokenRecord, ...]:
        """Return a person's tokens, the newest first."""
        query = select(tokens).where(tokens.c.owner == owner).order_by(tokens.c.created.desc(), tokens.c.id)
        return tuple(_record(row) for row in self._transaction.rows(query))

    def all(self) -> tuple[TokenRecord, ...]:
        """Return everybody's tokens, the newest first."""
        query = select(tokens).order_by(tokens.c.created.desc(), tokens.c.id)
        return tuple(_record(row) for row in self._transaction.rows(query))

    def used(self, id: str, now: datetime) -> None:  # noqa: A002
        """Note that a token was used. Each call is a write to disk: when `last_used` is some minutes old will do."""
        self._transaction.change(tokens.update().where(tokens.c.id == id).values(last_used=now))

    def revoke(self, id: str, now: datetime) -> bool:  # noqa: A002
        """End a token for ever and return whether this call did. Raises NotThereError."""
        revoked = self._transaction.change(
            tokens.update().where(tokens.c.id == id, tokens.c.revoked.is_(None)).values(revoked=now)
        )
        if revoked == 0:
            self.get(id)
        return revoked == 1


def _record(row: RowMapping) -> TokenRecord:
    return TokenRecord(**{**row, "scopes": tuple(row["scopes"])})
