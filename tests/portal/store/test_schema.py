import stat
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from portal.store import SchemaError, Store, connections, schema
from portal.store.tables import metadata
from tests.portal.store.conftest import operation


def described(engine) -> dict:
    """All that the database knows about our tables: also what alembic does not compare."""
    catalog, found = inspect(engine), {}
    for table in sorted(metadata.tables):
        found[table] = {
            "columns": [
                (each["name"], str(each["type"]), each["nullable"], each.get("default"))
                for each in catalog.get_columns(table)
            ],
            "key": catalog.get_pk_constraint(table),
            "foreign": sorted(map(str, catalog.get_foreign_keys(table))),
            "unique": sorted(map(str, catalog.get_unique_constraints(table))),
            "checks": sorted(str((each["name"], each["sqltext"])) for each in catalog.get_check_constraints(table)),
            "indexes": sorted(
                str(
                    (
                        each["name"],
                        each["column_names"],
                        each["unique"],
                        sorted((key, str(value)) for key, value in each["dialect_options"].items()),
                    )
                )
                for each in catalog.get_indexes(table)
            ),
        }
    return found


@pytest.fixture
def made_from_tables(request, tmp_path):
    """A database that the tables made, without any revision."""

    def make(kind):
        server = request.getfixturevalue("postgresql_server") if kind == "postgresql" else None
        url = server.new_schema() if server else f"sqlite:///{tmp_path}/tables.db"
        engine = connections.connect(connections.database_url(url))
        metadata.create_all(engine)
        return engine

    return make


def test_the_revisions_make_what_the_tables_say(store, made_from_tables):
    engine = store._engine
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    other = made_from_tables(engine.dialect.name)
    assert described(engine) == described(other), "defaults, checks, predicates of indexes and names are the same too"
    other.dispose()


@pytest.mark.faults
def test_a_postgresql_user_who_may_not_make_tables_is_told_what_is_needed(postgresql_server):
    server = postgresql_server
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE guest LOGIN PASSWORD '{server.password}'")
    with pytest.raises(SchemaError, match=r"permission denied.*needs CREATE on the schema"):
        Store(server.url.replace("portal:", "guest:"))


def test_the_newest_revision_is_one_and_offers_no_way_back():
    script = schema.ScriptDirectory.from_config(schema._config())
    assert len(script.get_heads()) == 1
    for each in script.walk_revisions():
        assert not hasattr(each.module, "downgrade"), "an older portal comes with the backup of its time"


def test_a_store_that_is_opened_again_keeps_what_it_has(url):
    for _ in range(2):
        with closing(Store(url)) as store:
            store.check()
            with store.writing() as unit:
                if not unit.operations.unfinished():
                    unit.operations.add(operation(), {})
    with closing(Store(url)) as store, store.reading() as unit:
        assert unit.operations.get("a") == operation()


def test_a_database_of_a_newer_portal_is_refused(store, url):
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match=r"revision 9999.*a newer portal was here"):
        Store(url)
    with pytest.raises(SchemaError, match="9999"):
        store.check()


def test_tables_of_something_else_are_not_touched(url):
    engine = connections.connect(connections.database_url(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE events (id integer)"))
    with pytest.raises(SchemaError, match=r"tables events.*something else made them"):
        Store(url)
    assert inspect(engine).get_table_names() == ["events"]
    engine.dispose()


def test_an_upgrade_that_fails_leaves_nothing_behind(url, monkeypatch):
    def fail(*_arguments):
        raise OSError("no more")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", fail)
        with pytest.raises(OSError, match="no more"):
            Store(url)
    engine = connections.connect(connections.database_url(url))
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    Store(url).close()


def test_the_database_file_is_nobody_elses_business(tmp_path):
    with closing(Store(f"sqlite:///{tmp_path}/new/folder/portal.db")) as store, store.writing() as unit:
        unit.operations.add(operation(), {})
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "new" / "folder").iterdir()}
    assert modes == {"portal.db": 0o600, "portal.db-wal": 0o600, "portal.db-shm": 0o600}


def test_revisions_are_packaged():
    folder = Path(schema.__file__).parent / "migrations"
    assert (folder / "__init__.py").exists(), "setuptools finds packages by it"
    assert (folder / "versions" / "__init__.py").exists()
    assert {each.suffix for each in folder.rglob("*") if each.is_file()} <= {".py", ".pyc"}, "no package data is needed"
