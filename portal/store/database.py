"""The store: opens the database, brings its schema up to date, and gives out units of work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from portal.store import connections, schema
from portal.store.errors import StoreDownError
from portal.store.transactions import Transaction
from portal.store.units import Unit


class Store:
    """The portal's database. Any thread may use it; a unit of work belongs to the thread that opened it."""

    def __init__(self, url: str, *, password: str | None = None) -> None:
        """Open the database at a SQLAlchemy URL and bring its schema up to date.

        `password`: for PostgreSQL, so that it need not stand in the URL. Without one, libpq's own means hold
        (PGPASSWORD, a password file). Raises ValueError for another URL, StoreDownError, SchemaError.
        """
        self._url = connections.database_url(url, password)
        self._engine = connections.connect(self._url)
        # Writers of one process wait here in turn; SQLite's own waiting is by chance, and can starve one of them.
        self._turn = threading.Lock()
        self._writer: int | None = None
        try:
            with self._writing() as connection:
                schema.upgrade(connection)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        """Return where it is, without a password."""
        return f"Store({self.address})"

    @property
    def address(self) -> str:
        """Where the database is, without a password."""
        return connections.address(self._url)

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """Give a unit of work that sees one state of the database throughout, and changes nothing."""
        with self._connection() as connection, connections.reading(connection).begin():
            yield Unit(Transaction(connection, writing=False))

    @contextmanager
    def writing(self) -> Iterator[Unit]:
        """Give a unit of work that happens wholly, or, when its block raises, not at all. One at a time, everywhere.

        Keep it short: nothing that waits for the network or a process belongs inside. A second one within it, in the
        same thread, would wait for ever and raises RuntimeError.
        """
        with self._writing() as connection:
            transaction = Transaction(connection, writing=True)
            yield Unit(transaction)
            transaction.end()

    def check(self) -> None:
        """Return if the database answers and its schema is ours. Raises StoreDownError or SchemaError."""
        with self._connection() as connection, connections.reading(connection).begin():
            schema.check(connection)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        me = threading.get_ident()
        if self._writer == me:
            raise RuntimeError("store.writing() within store.writing(): use the unit that is open")
        if not self._turn.acquire(timeout=connections.WAIT):
            raise StoreDownError(f"the database {self.address}: no turn to write within {connections.WAIT} s")
        self._writer = me
        try:
            with self._connection() as connection, connections.writing(connection).begin():
                connections.wait_for_turn(connection)
                yield connection
        finally:
            self._writer = None
            self._turn.release()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            connection = self._engine.connect()
        except PoolTimeoutError as error:
            raise StoreDownError(
                f"the database {self.address}: no free connection within {connections.WAIT} s"
            ) from error
        with connection:
            yield connection
