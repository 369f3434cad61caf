import json
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.records import AuditHead, FaultKind
from portal.store import CursorError, Store, chain
from tests.portal.store.conftest import START, later


def fill(unit, count=5):
    return [
        unit.audit.append(later(number), "ada", "Ada", f"step.{number % 2}", "stack:dev", {"n": number})
        for number in range(1, count + 1)
    ]


def tamper(store, *statements):
    """Change what the triggers refuse, as somebody could who owns the database."""
    with store._engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for name in ("audit_no_update", "audit_no_delete", "audit_next_only"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_entries_form_a_chain_from_the_first_one_on(store):
    with store.writing() as unit:
        assert unit.audit.head() == AuditHead(sequence=0, hash=chain.FIRST)
        entries = fill(unit)
    with store.reading() as unit:
        assert unit.audit.verify() is None
        assert unit.audit.head() == AuditHead(sequence=5, hash=entries[-1].hash)
        page = unit.audit.page()
        assert page.items == tuple(reversed(entries)), "what append returns is what is read"
    assert [each.previous for each in entries] == [chain.FIRST, *(each.hash for each in entries[:-1])]


def test_an_entry_of_a_unit_that_fails_is_not_there(store):
    with store.writing() as unit:
        fill(unit, 1)
    with pytest.raises(ZeroDivisionError), store.writing() as unit:  # noqa: PT012
        fill(unit, 1)
        raise ZeroDivisionError
    with store.writing() as unit:
        assert unit.audit.head().sequence == 1
        fill(unit, 1)
        assert unit.audit.verify() is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET action = 'x' WHERE sequence = 2",
        "UPDATE audit SET action = 'x'",
        "DELETE FROM audit WHERE sequence = 5",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT 9, at, 'a', 'A', 'x', 's', '{}', hash, 'h' FROM audit WHERE sequence = 5",
        "INSERT INTO audit SELECT 6, at, 'a', 'A', 'x', 's', '{}', previous, 'h' FROM audit WHERE sequence = 5",
    ],
)
def test_the_database_refuses_everything_but_the_next_entry(store, statement):
    with store.writing() as unit:
        fill(unit)
    with pytest.raises(IntegrityError, match="audit log"), store._engine.begin() as connection:
        connection.execute(text(statement))
    with store.reading() as unit:
        assert unit.audit.verify() is None
        assert unit.audit.head().sequence == 5


def test_sqlite_refuses_to_replace_an_entry(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/portal.db")
    with store.writing() as unit:
        fill(unit)
        head = unit.audit.head().hash
    replacing = text("INSERT OR REPLACE INTO audit VALUES (:sequence, '', '', '', '', '', '{}', :previous, :hash)")
    for sequence, hash_ in ((2, "h"), (6, head)):
        values = {"sequence": sequence, "previous": head, "hash": hash_}
        with pytest.raises(IntegrityError, match="audit log"), store._engine.begin() as connection:
            connection.execute(replacing, values)
    with store.reading() as unit:
        assert unit.audit.verify() is None


@pytest.mark.faults
def test_postgresql_refuses_to_truncate(postgresql_server):
    store = Store(postgresql_server.new_schema())
    with store.writing() as unit:
        fill(unit)
    with pytest.raises(IntegrityError, match="append-only"), store._engine.begin() as connection:
        connection.execute(text("TRUNCATE audit"))
    store.close()


@pytest.mark.parametrize(
    ("statements", "sequence", "kind"),
    [
        (["UPDATE audit SET details = '{\"n\":9}' WHERE sequence = 3"], 3, FaultKind.CHANGED),
        (["UPDATE audit SET details = '{\"n\": 3}' WHERE sequence = 3"], 3, FaultKind.CHANGED),
        (["UPDATE audit SET details = 'no json' WHERE sequence = 3"], 3, FaultKind.CHANGED),
        (["UPDATE audit SET at = 'no time' WHERE sequence = 5"], 5, FaultKind.CHANGED),
        (["UPDATE audit SET by_name = 'Eve' WHERE sequence = 1"], 1, FaultKind.CHANGED),
        (["DELETE FROM audit WHERE sequence = 1"], 1, FaultKind.MISSING),
        (["DELETE FROM audit WHERE sequence in (2, 3)"], 2, FaultKind.MISSING),
        (["UPDATE audit SET sequence = 9 WHERE sequence = 2"], 2, FaultKind.REORDERED),
        (["UPDATE audit SET sequence = 0 WHERE sequence = 2"], 0, FaultKind.REORDERED),
        (
            [
                "UPDATE audit SET sequence = 99 WHERE sequence = 2",
                "UPDATE audit SET sequence = 2 WHERE sequence = 3",
                "UPDATE audit SET sequence = 3 WHERE sequence = 99",
            ],
            2,
            FaultKind.REORDERED,
        ),
    ],
)
def test_the_first_broken_entry_is_named_and_how(store, statements, sequence, kind):
    with store.writing() as unit:
        fill(unit)
    tamper(store, *statements)
    with store.reading() as unit:
        fault = unit.audit.verify()
    assert (fault.sequence, fault.kind) == (sequence, kind), fault.why
    if kind is FaultKind.MISSING:
        assert fault.entry is None


def test_an_entry_that_cannot_be_read_is_a_fault_and_no_error(store):
    with store.writing() as unit:
        fill(unit)
    tamper(store, "UPDATE audit SET details = 'no json' WHERE sequence = 3")
    with store.reading() as unit:
        assert unit.audit.verify().entry is None


def test_an_end_that_was_cut_off_shows_against_a_head_that_was_noted(store):
    with store.writing() as unit:
        fill(unit)
        noted = unit.audit.head()
    tamper(store, "DELETE FROM audit WHERE sequence > 3")
    with store.writing() as unit:
        assert unit.audit.verify() is None, "from inside it cannot be seen"
        fault = unit.audit.verify(noted)
        assert (fault.sequence, fault.kind) == (4, FaultKind.TRUNCATED)
        fill(unit, 3)
        assert unit.audit.verify() is None
        assert unit.audit.verify(noted).kind is FaultKind.REWRITTEN, "the new entry 5 is not the one that was noted"


def test_a_head_that_was_noted_long_ago_still_holds(store):
    with store.writing() as unit:
        fill(unit, 2)
        noted = unit.audit.head()
        fill(unit, 2)
        assert unit.audit.verify(noted) is None


def test_an_export_can_be_verified_without_a_database(store):
    with store.writing() as unit:
        entries = fill(unit)
        lines = list(unit.audit.export())
        assert [json.loads(line)["sequence"] for line in unit.audit.export(after=3)] == [4, 5]
    documents = [json.loads(line) for line in lines]
    assert documents[0]["hash"] == entries[0].hash
    assert chain.first_fault(chain.line_of(each) for each in documents) is None
    documents[1]["subject"] = "stack:prod"
    assert chain.first_fault(chain.line_of(each) for each in documents).sequence == 2


def test_pages_are_filtered_and_go_on_where_they_ended(unit):
    fill(unit)
    unit.audit.append(later(9), "bob", "Bob", "token.create", "token:1", {})

    def found(**filters):
        return [each.sequence for each in unit.audit.page(**filters).items]

    assert found(by="bob") == [6]
    assert found(action="step.1") == [5, 3, 1]
    assert found(action="step.*") == [5, 4, 3, 2, 1]
    assert found(action="s_ep*") == [], "a star is the only wildcard"
    assert found(subject="token:1") == [6]
    assert found(since=later(5)) == [6, 5]
    assert found(until=later(2)) == [1]
    first = unit.audit.page(limit=4)
    assert [each.sequence for each in unit.audit.page(limit=4, cursor=first.next).items] == [2, 1]
    assert unit.audit.page(limit=2, cursor="3").next is None
    for cursor in ("", "x", "-1", "9" * 19, "\u0663"):
        with pytest.raises(CursorError):
            unit.audit.page(cursor=cursor)


@pytest.mark.parametrize("details", [{"n": float("nan")}, {"at": START}, {1: 1, "a": 2}])
def test_details_that_are_no_json_are_refused(unit, details):
    with pytest.raises((TypeError, ValueError)):
        unit.audit.append(START, "ada", "Ada", "a", "b", details)
    with pytest.raises(ValueError, match="no zone"):
        unit.audit.append(datetime(2031, 5, 4), "ada", "Ada", "a", "b", {})  # noqa: DTZ001
    assert unit.audit.head().sequence == 0
