"""Stores on both databases: SQLite always, PostgreSQL where its binaries are (marker `faults`)."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.fingerprints import Fingerprint
from portal.outcomes import Outcome, State
from portal.records import ApprovalRecord, OperationRecord, Progress, ReviewRecord, ReviewState
from portal.requests import Kind
from portal.store import Store
from tests.portal.store import postgresql

START = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
SEEN = Fingerprint(commit="c", program="p", config="o", state="s", plan="l")
DONE = Outcome(state=State.SUCCEEDED, counts={"create": 2}, fingerprint=SEEN, seconds=1.5)


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def operation(name="a", **fields) -> OperationRecord:
    return OperationRecord(
        **{
            "id": name,
            "stack": "dev",
            "kind": Kind.UP,
            "by": "ada",
            "by_name": "Ada",
            "why": "because",
            "created": START,
            "progress": Progress.QUEUED,
            **fields,
        }
    )


def approval(**fields) -> ApprovalRecord:
    return ApprovalRecord(
        **{
            "operation": "a",
            "by": "bob",
            "by_name": "Bob",
            "at": START,
            "approved": True,
            "comment": "",
            "fingerprint": SEEN,
            **fields,
        }
    )


def review(name="tree", **fields) -> ReviewRecord:
    return ReviewRecord(
        **{
            "name": name,
            "branch": "feature/tree",
            "commit": "c" * 40,
            "by": "ada",
            "by_name": "Ada",
            "created": START,
            "expires": later(60),
            "state": ReviewState.CREATING,
            **fields,
        }
    )


@pytest.fixture(scope="session")
def postgresql_server():
    folder = postgresql.binaries()
    if folder is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are neither on PATH nor in /usr/lib/postgresql")
    server = postgresql.Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.faults)])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/portal.db"
    return request.getfixturevalue("postgresql_server").new_schema()


@pytest.fixture
def store(url):
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def unit(store):
    """A unit of work that writes, for tests of one repository."""
    with store.writing() as unit:
        yield unit
