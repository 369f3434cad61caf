import logging
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from portal.store import NotThereError, Store, StoreDownError, connections
from portal.store.tables import audit
from tests.portal.store.conftest import DONE, START, later, operation


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url hunter2", "no database URL"),
        ("mysql://ada:hunter2@host/db", "mysql is not supported"),
        ("sqlite://", "in memory forgets everything"),
        ("sqlite:///:memory:", "in memory forgets everything"),
    ],
)
def test_a_url_that_cannot_be_is_refused_without_showing_it(url, says):
    with pytest.raises(ValueError, match=says) as error:
        Store(url)
    assert "hunter2" not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_that_does_not_answer_is_down_and_its_password_is_nowhere(scheme, unused_port, caplog):
    caplog.set_level(logging.DEBUG)
    password = "hunter2"
    with pytest.raises(StoreDownError, match=rf"postgresql://ada:\*\*\*@127\.0\.0\.1:{unused_port}/db") as error:
        Store(f"{scheme}://ada:{password}@127.0.0.1:{unused_port}/db?application_name={password}")
    assert password not in "".join(traceback.format_exception(error.value))
    assert password not in caplog.text


def test_the_address_shows_no_password():
    url = connections.database_url("postgresql://ada@host/db?sslpassword=hunter2", "hunter2")
    assert url.password == "hunter2"
    assert connections.address(url) == "postgresql://ada:***@host/db"


def test_a_file_that_is_no_database_is_down(tmp_path):
    (tmp_path / "portal.db").write_text("no database" * 100)
    with pytest.raises(StoreDownError, match="not a database"):
        Store(f"sqlite:///{tmp_path}/portal.db")
    with pytest.raises(StoreDownError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}/portal.db/below/a.file")


def test_another_programs_lock_is_waited_for_and_then_the_database_is_down(tmp_path, monkeypatch):
    monkeypatch.setattr(connections, "WAIT", 0.1)
    with (
        closing(Store(f"sqlite:///{tmp_path}/portal.db")) as store,
        closing(sqlite3.connect(tmp_path / "portal.db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreDownError, match="locked"), store.writing():
            pass
        with store.reading() as unit:
            assert unit.operations.unfinished() == (), "readers do not wait"
        other.execute("ROLLBACK")
        with store.writing() as unit:
            unit.operations.add(operation(), {})


def test_a_full_disk_leaves_nothing_half_written_and_the_store_works_again(tmp_path):
    with closing(Store(f"sqlite:///{tmp_path}/portal.db")) as store:

        def limit(pages):
            with store._engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        limit(1)  # SQLite takes the present size where that is more
        with pytest.raises(StoreDownError, match="full"), store.writing() as unit:  # noqa: PT012
            unit.audit.append(START, "ada", "Ada", "a", "b", {})
            unit.operations.add(operation(why="x" * 100_000), {})
        limit(100_000)
        with store.writing() as unit:
            assert unit.audit.head().sequence == 0
            unit.operations.add(operation(), {})


def test_a_file_that_was_taken_away_is_down_and_not_made_anew(tmp_path):
    with closing(Store(f"sqlite:///{tmp_path}/portal.db")) as store:
        store.close()
        (tmp_path / "portal.db").rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreDownError, match="not there any more"):
            store.check()
        assert not (tmp_path / "portal.db").exists()
        (tmp_path / "elsewhere.db").rename(tmp_path / "portal.db")
        store.check()


def test_a_unit_of_work_that_passes_over_an_error_of_the_database_does_not_happen(store):
    with pytest.raises(IntegrityError, match="audit log"), store.writing() as unit:  # noqa: PT012
        unit.operations.add(operation(), {})
        with suppress(IntegrityError):
            unit.audit._transaction.change(audit.delete().where(audit.c.sequence == 1))
            unit.audit.append(START, "ada", "Ada", "a", "b", {})
            unit.audit._transaction.change(audit.delete())
    with store.reading() as unit:
        assert unit.operations.unfinished() == ()
        assert unit.audit.head().sequence == 0


def test_what_follows_an_error_that_was_passed_over_is_not_written_either(tmp_path):
    """SQLite ends the transaction by itself when the disk is full: what came then would each be one of its own."""
    with closing(Store(f"sqlite:///{tmp_path}/portal.db")) as store:
        with store._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with pytest.raises(StoreDownError, match="full"), store.writing() as unit:  # noqa: PT012
            unit.audit.append(START, "ada", "Ada", "a", "b", {})
            with suppress(StoreDownError):
                unit.operations.add(operation(why="x" * 100_000), {})
            with suppress(StoreDownError):
                unit.leases.take("drift", "one", later(10), START)
        with store.reading() as unit:
            assert unit.audit.head().sequence == 0
            assert unit.leases.holder("drift", START) is None


@pytest.mark.faults
def test_a_service_that_is_killed_in_the_middle_leaves_nothing_half_written(tmp_path):
    dies = """
import os, sys
from portal.store import Store
from tests.portal.store.conftest import START, operation
with Store(sys.argv[1]).writing() as unit:
    unit.operations.add(operation(), {})
    unit.audit.append(START, "ada", "Ada", "a", "b", {})
    os._exit(9)
"""
    url = f"sqlite:///{tmp_path}/portal.db"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", dies, url], cwd=root, check=False, timeout=60).returncode == 9
    with closing(Store(url)) as store, store.writing() as unit:
        assert unit.operations.unfinished() == ()
        assert unit.audit.head().sequence == 0
        unit.operations.add(operation(), {})


def test_statements_are_logged_without_what_they_carry(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="sqlalchemy")
    with closing(Store(f"sqlite:///{tmp_path}/portal.db")) as store, store.writing() as unit:
        unit.operations.add(operation(why="hunter2"), {"settings": "hunter2"})
        unit.operations.get("a")
    assert "INSERT INTO operations" in caplog.text
    assert "hunter2" not in caplog.text


def begin(server, unit):
    server.crash()
    unit.operations.add(operation("b"), {})


def middle(server, unit):
    unit.operations.add(operation("b"), {})
    unit.operations.end("a", DONE, later(1))
    unit.audit.append(START, "ada", "Ada", "two", "s", {})
    server.crash()
    unit.events.append("a", [{"sequence": 1}])


def savepoint(server, unit):
    unit.audit.append(START, "ada", "Ada", "two", "s", {})
    server.crash()
    unit.operations.add(operation("b"), {})


def commit(server, unit):
    unit.operations.end("a", DONE, later(1))
    unit.audit.append(START, "ada", "Ada", "two", "s", {})
    server.crash()


@pytest.mark.faults
@pytest.mark.parametrize("point", [begin, middle, savepoint, commit])
def test_a_postgresql_that_crashes_leaves_nothing_half_written_and_the_store_works_again(postgresql_server, point):
    server = postgresql_server
    with closing(Store(server.new_schema())) as store:
        with store.writing() as unit:
            unit.operations.add(operation(), {})
            unit.audit.append(START, "ada", "Ada", "one", "s", {})
        try:
            with pytest.raises(StoreDownError) as error, store.writing() as unit:
                point(server, unit)
            for use in (store.check, lambda: store.reading().__enter__(), lambda: store.writing().__enter__()):
                with pytest.raises(StoreDownError):
                    use()
        finally:
            server.start()
        assert server.password not in "".join(traceback.format_exception(error.value))
        store.check()
        with store.reading() as unit:
            assert unit.operations.get("a") == operation(), "its end was not committed"
            with pytest.raises(NotThereError):
                unit.operations.get("b")
            assert unit.events.after("a", 0, 9) == []
            assert unit.audit.head().sequence == 1
        with store.writing() as unit:
            unit.audit.append(START, "ada", "Ada", "two", "s", {})
            assert unit.operations.end("a", DONE, later(2))
        with store.reading() as unit:
            assert unit.audit.verify() is None
            assert unit.operations.get("a").outcome == DONE


@pytest.mark.faults
def test_a_postgresql_that_crashes_under_a_reader_is_down_for_it(postgresql_server):
    with closing(Store(postgresql_server.new_schema())) as store:
        try:
            with pytest.raises(StoreDownError), store.reading() as unit:  # noqa: PT012
                unit.operations.unfinished()
                postgresql_server.crash()
                unit.operations.unfinished()
        finally:
            postgresql_server.start()
        with store.reading() as unit:
            assert unit.operations.unfinished() == ()


@pytest.mark.faults
def test_a_wrong_password_is_down_and_not_shown(postgresql_server):
    url = postgresql_server.new_schema().replace(postgresql_server.password, "hunter2")
    with pytest.raises(StoreDownError, match="password authentication failed") as error:
        Store(url)
    assert "hunter2" not in "".join(traceback.format_exception(error.value))
    Store(url, password=postgresql_server.password).close()


@pytest.mark.faults
def test_another_services_writer_is_waited_for_and_then_the_database_is_down(postgresql_server, monkeypatch):
    url = postgresql_server.new_schema()
    with closing(Store(url)) as other:
        monkeypatch.setattr(connections, "WAIT", 1)
        with closing(Store(url)) as store, other.writing() as held:
            with pytest.raises(StoreDownError, match="lock timeout"), store.writing():
                pass
            with store.reading() as unit:
                assert unit.operations.unfinished() == (), "readers do not wait"
            held.operations.add(operation(), {})
