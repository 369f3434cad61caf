"""Connections to SQLite and PostgreSQL: how they are made, how a transaction begins, and which errors mean "down"."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError

from portal.store.errors import SchemaError, StoreDownError

WAIT = 20
"""Seconds to wait for another writer, or for a connection, before the database counts as down."""
STUCK = 120
"""Seconds after which PostgreSQL ends a transaction that does nothing: a frozen service would block all writers."""
WRITER_LOCK = 0x6D6C6F7073  # "mlops": PostgreSQL's advisory locks are known by number
_WRITING = "portal_writing"
_SQLITE_DOWN = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}
_PRIMARY = 0xFF
"""SQLite's extended result codes carry the primary one in their low byte."""


def database_url(text: str, password: str | None = None) -> URL:
    """Return the URL with the driver that we use. Raises ValueError, which does not show it: it may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(
            "database: this is no database URL; write sqlite:////folder/portal.db or postgresql://user@host/name"
        ) from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        if url.database in {None, "", ":memory:"} or str(url.database).startswith("file:"):
            raise ValueError("database: SQLite in memory forgets everything; name a file: sqlite:////folder/portal.db")
        return url.set(drivername="sqlite+pysqlite")
    if kind in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
        return url.set(password=password) if password is not None else url
    raise ValueError(f"database: {kind} is not supported; use sqlite or postgresql")


def address(url: URL) -> str:
    """Return where a database is, for people and logs: without passwords, which may stand in the options too."""
    return url.set(query={}, drivername=url.drivername.partition("+")[0]).render_as_string(hide_password=True)


def connect(url: URL) -> Engine:
    """Return an engine for the database at `url`; nothing is connected yet. Makes the file of an SQLite one."""
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    event.listen(engine, "handle_error", _translate(url))
    return engine


def reading(connection: Connection) -> Connection:
    """Return the connection set up so that its next transaction sees one state of the database, and changes none."""
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection.execution_options(**{_WRITING: False})


def writing(connection: Connection) -> Connection:
    """Return the connection set up so that its next transaction can write. Call `wait_for_turn` in it first."""
    return connection.execution_options(**{_WRITING: True})


def wait_for_turn(connection: Connection) -> None:
    """Wait until no other transaction writes; the end of this one lets the next begin.

    SQLite has waited already, in BEGIN IMMEDIATE. On PostgreSQL the same is done by a lock: the audit chain needs one
    writer at a time anyway, and one that is taken first can neither deadlock nor meet a serialization failure.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, pool_timeout=WAIT, connect_args={"timeout": WAIT})
    path = Path(str(url.database))

    # It holds who did what: nobody else's business. SQLite gives its -wal and -shm files the same mode.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreDownError(f"the database {address(url)} cannot be opened: {error.strerror}") from error

    @event.listens_for(engine, "do_connect")
    def _look(*_arguments: Any) -> None:
        if not path.exists():  # SQLite would make another one, and empty
            raise StoreDownError(f"the database {address(url)} is not there any more: put it back, and start again")

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transactions by itself: `_begin` does
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # what was approved and audited outlives a power failure
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":  # readers and the writer do not wait
            connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=10,
        pool_timeout=WAIT,
        pool_pre_ping=True,  # after a restart of the database the first to come finds out, without an error
        connect_args={"connect_timeout": 10, "application_name": "mlops-portal", "keepalives_idle": 30},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = '{WAIT}s'")
        connection.execute(f"SET idle_in_transaction_session_timeout = '{STUCK}s'")
        connection.autocommit = False

    return engine


def _translate(url: URL) -> Callable[[ExceptionContext], None]:
    def listener(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, StoreDownError):
            raise error
        if context.is_disconnect or _is_down(error):
            raise StoreDownError(f"the database {address(url)} does not work: {_hidden(str(error), url)}") from error
        if getattr(error, "sqlstate", None) == "42501":
            raise SchemaError(
                f"the database {address(url)} does not let us: {_hidden(str(error), url)}. The portal's user needs "
                "CREATE on the schema at its start, and to read and write the tables that it made"
            ) from error

    return listener


def _is_down(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & _PRIMARY in _SQLITE_DOWN
    # psycopg's OperationalError: not reachable, shutting down, disk full, too many connections, waited too long.
    return type(error).__module__.startswith("psycopg") and any(
        each.__name__ in {"OperationalError", "InterfaceError"} for each in type(error).__mro__
    )


def _hidden(text: str, url: URL) -> str:
    first = text.strip().partition("\n")[0]  # the lines after it show the statement
    return first.replace(str(url.password), "***") if url.password else first
