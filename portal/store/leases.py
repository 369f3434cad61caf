"""Leases: who, of several services or threads, does a task for now."""

from datetime import datetime

from sqlalchemy import or_, select

from portal.store.tables import leases
from portal.store.transactions import Transaction


class Leases:
    """The leases of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def take(self, name: str, holder: str, until: datetime, now: datetime) -> bool:
        """Hold a lease until then, and return whether it was free, over, or already the holder's."""
        insert = self._transaction.upsert(leases).values(name=name, holder=holder, until=until)
        taken = self._transaction.change(
            insert.on_conflict_do_update(
                index_elements=[leases.c.name],
                set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
                where=or_(leases.c.holder == holder, leases.c.until <= now),
            )
        )
        return taken == 1

    def renew(self, name: str, holder: str, until: datetime) -> bool:
        """Hold a lease longer and return whether it still is the holder's: False after another took it."""
        return (
            self._transaction.change(
                leases.update().where(leases.c.name == name, leases.c.holder == holder).values(until=until)
            )
            == 1
        )

    def release(self, name: str, holder: str) -> bool:
        """Give a lease back and return whether it was the holder's."""
        return self._transaction.change(leases.delete().where(leases.c.name == name, leases.c.holder == holder)) == 1

    def holder(self, name: str, now: datetime) -> str | None:
        """Return who holds a lease; None where nobody does."""
        row = self._transaction.row(select(leases.c.holder).where(leases.c.name == name, leases.c.until > now))
        return str(row["holder"]) if row is not None else None
