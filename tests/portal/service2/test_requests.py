"""What people ask for: how much of it, twice with one key, unconfirmed; and what the audit log says of the rest."""

from types import SimpleNamespace

import pytest

from portal.engine import RepairRefusedError
from portal.outcomes import Lock, Outcome, State, repairs_for
from portal.records import OperationRecord, Progress
from portal.requests import Kind
from portal.service.approvals import did_nothing
from portal.service.book import StackBook
from portal.service.errors import ConflictError
from portal.service.operations import Operations
from portal.service.queue import MOST_UNFINISHED, Queue
from portal.service.schedule import forget_old
from portal.service.starts import start
from tests.portal.service2.conftest import START, actor

ADA, BOB = actor("Ada"), actor("Bob")


@pytest.fixture
def operations(project, settings, store, clock):
    return Operations(
        store=store, queue=Queue(clock), feed=SimpleNamespace(close=lambda _: None), book=StackBook(settings, store),
        clock=clock, prices=None, region=None,
    )  # fmt: skip


def test_one_person_has_so_many_unfinished_operations_and_no_more(operations, audit):
    token = actor("token", via="token", owner=ADA.id, scopes=frozenset({"read", "preview", "deploy"}))
    asked = [operations.preview(ADA, "dev", key=f"key-{number}") for number in range(MOST_UNFINISHED)]
    before = len(audit())
    for who in (ADA, token):
        with pytest.raises(ConflictError, match="20 are the most"):
            operations.preview(who, "prod")
    assert len(audit()) == before, "who asks in vain writes nothing, however often"
    assert operations.preview(ADA, "dev", key="key-0").id == asked[0].id, "asked again, not for more"
    operations.preview(BOB, "dev")
    operations.cancel(ADA, asked[0].id)
    operations.preview(ADA, "dev")


def test_a_key_stands_for_one_request_with_all_that_it_says(operations, project):
    text = project.file.read_text()
    first = operations.preview(ADA, "dev", draft=text, key="key-1")
    assert operations.preview(ADA, "dev", draft=text, key="key-1").id == first.id
    others = (text.replace("accuracy: 0.80", "accuracy: 0.70"), None)
    for draft in others:
        with pytest.raises(ConflictError, match="this request is another one"):
            operations.preview(ADA, "dev", draft=draft, key="key-1")
    repair = operations.repair(ADA, "dev", "refresh", key="key-2")
    for step, confirmed in (("unlock", True), ("refresh", True)):
        with pytest.raises(ConflictError, match="this request is another one"):
            operations.repair(ADA, "dev", step, confirmed=confirmed, key="key-2")
    assert operations.repair(ADA, "dev", "refresh", key="key-2").id == repair.id


@pytest.mark.parametrize("process", [1, 2**22])
def test_a_lock_is_taken_away_without_a_look_only_where_its_holder_is_gone(operations, store, clock, process):
    with pytest.raises(ConflictError, match="Make sure that no operation runs there"):
        operations.repair(ADA, "dev", "unlock")
    held = (Lock(by="x@elsewhere", process=process, since="then"),)
    offered = repairs_for((), held)[0]
    offered = offered.__class__(step=offered.step, about="", needs_confirmation=process == 1)
    seen = operations.refresh(ADA, "dev")
    with store.writing() as unit:
        unit.operations.end(seen.id, Outcome(state=State.LOCKED, locks=held, repairs=(offered,)), clock())
    if process == 1:
        with pytest.raises(ConflictError, match="last seen held by x@elsewhere"):
            operations.repair(ADA, "dev", "unlock")
    else:
        assert operations.repair(ADA, "dev", "unlock").kind is Kind.REPAIR
    assert operations.repair(ADA, "dev", "unlock", confirmed=True).kind is Kind.REPAIR


def test_a_lock_that_has_a_holder_again_when_the_engine_looks_is_no_defect():
    def refuses(*_, **__):
        raise RepairRefusedError("the stack dev is held by x@elsewhere")

    record = OperationRecord(
        id="1", stack="dev", kind=Kind.REPAIR, by="a", by_name="A", why="", created=START, progress=Progress.RUNNING
    )
    engines = SimpleNamespace(of=lambda *_: SimpleNamespace(repair=refuses))
    tokens = SimpleNamespace(mint=lambda *_: None)
    end = start(engines, tokens, record, {"step": "unlock", "confirmed": False}, None, lambda: None)
    assert (end.state, end.reason) == (State.LOCKED, None)
    assert "held by x@elsewhere" in end.message
    assert end.repairs[0].needs_confirmation
    assert did_nothing(end)


def test_the_end_of_what_was_cancelled_before_it_began_is_audited(operations, audit):
    queued = operations.preview(ADA, "dev")
    operations.cancel(ADA, queued.id)
    (action, details) = audit()[-1]
    assert (action, details["kind"], details["state"]) == ("operation.ended", "preview", "cancelled")
    assert [action for action, _ in audit()].count("operation.ended") == 1


def test_that_old_events_were_forgotten_is_audited(operations, store, clock, audit):
    operations.cancel(ADA, operations.preview(ADA, "dev").id)
    forget = forget_old(store, clock, 90)
    forget()
    assert audit()[-1][0] == "operation.ended", "nothing was old"
    clock.passes(days=91)
    forget()
    assert audit()[-1] == ("events.prune", {"events": 1, "older_than_days": 90})
    forget()
    assert [action for action, _ in audit()].count("events.prune") == 1
