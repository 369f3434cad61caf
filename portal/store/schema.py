"""The schema's version: upgraded at the start of the portal, refused where a newer portal made it."""

import threading
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from portal.store.errors import SchemaError
from portal.store.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
_ALEMBIC = threading.Lock()
"""Alembic keeps what it works on in module globals: one upgrade at a time within a process."""


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest revision, in the connection's transaction: wholly or not at all.

    Raises SchemaError. Two portals that start at once do not meet here: the transaction is the only writing one.
    There is no way back to an older revision: an older portal comes with the backup of its time.
    """
    now = _revision(connection)
    if now == known()[0]:
        return
    if now is None:
        strangers = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
        if strangers:
            raise SchemaError(
                f"the database has tables {', '.join(strangers)}, and no revision of ours: something else made them. "
                "Give the portal a database, or a PostgreSQL schema, of its own"
            )
    config = _config()
    config.attributes["connection"] = connection
    with _ALEMBIC:
        command.upgrade(config, "head")


def check(connection: Connection) -> None:
    """Return if the schema is at the newest revision that this version knows. Raises SchemaError."""
    now = _revision(connection)
    if now != known()[0]:
        raise SchemaError(f"the database is at revision {now}, not {known()[0]}: start the portal anew")


@cache
def known() -> tuple[str, ...]:
    """Return the revisions that this version knows, the newest first."""
    return tuple(each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions())


def _revision(connection: Connection) -> str | None:
    # Alembic could tell too, but logs lines about it at every look, and health checks look all the time.
    there = inspect(connection).has_table("alembic_version")
    now = connection.scalar(text("SELECT version_num FROM alembic_version")) if there else None
    if now is not None and now not in known():
        raise SchemaError(
            f"the database is at revision {now}, which this version does not know (it knows {known()[0]}): a newer "
            "portal was here. Run that version or a later one, or put back the backup from before its start"
        )
    return now


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
