from dataclasses import replace

import pytest

from portal.outcomes import Outcome, Reason, State
from portal.records import Progress
from portal.requests import Kind
from portal.store import CursorError, DuplicateError, NotThereError
from tests.portal.store.conftest import DONE, START, approval, later, operation


def test_an_operation_comes_back_as_it_was_kept(store):
    record = operation(why="caf\u00e9 \U0001f680", draft=True, cancel_asked_by="bob")
    with store.writing() as unit:
        unit.operations.add(record, {"settings": {"a": [1, None]}})
    with store.reading() as unit:
        assert unit.operations.get("a") == record
        assert unit.operations.arguments("a") == {"settings": {"a": [1, None]}}


def test_what_is_not_there_is_said_so(unit):
    for ask in (
        lambda: unit.operations.get("x"),
        lambda: unit.operations.arguments("x"),
        lambda: unit.operations.end("x", DONE, START),
        lambda: unit.operations.ask_cancel("x", "ada"),
        lambda: unit.operations.of_stack("dev", 5, before="x"),
        lambda: unit.events.append("x", [{"sequence": 1}]),
        lambda: unit.events.recorded("x"),
        lambda: unit.operations.add(operation(preview="x"), {}),
        lambda: unit.approvals.put(approval(operation="x")),
    ):
        with pytest.raises(NotThereError):
            ask()
    assert not unit.operations.claim("x", START)


def test_a_refused_row_leaves_the_unit_of_work_usable(unit):
    unit.operations.add(operation(), {})
    with pytest.raises(DuplicateError):
        unit.operations.add(operation(why="another"), {})
    unit.operations.add(operation("b"), {})
    assert unit.operations.get("a").why == "because", "the first stands"


def test_a_preview_is_carried_out_once(unit):
    unit.operations.add(operation("p", kind=Kind.PREVIEW), {})
    unit.operations.add(operation("u", preview="p"), {})
    with pytest.raises(DuplicateError, match="already carried out"):
        unit.operations.add(operation("v", preview="p"), {})


def test_one_writer_runs_on_a_stack_and_only_comparisons_with_the_cloud_wait_for_it(unit):
    unit.operations.add(operation("a"), {})
    unit.operations.add(operation("b", kind=Kind.DESTROY), {})
    unit.operations.add(operation("c", kind=Kind.PREVIEW), {})
    unit.operations.add(operation("d", stack="prod"), {})
    unit.operations.add(operation("e", kind=Kind.DRIFT), {})
    assert unit.operations.claim("a", later(1))
    assert not unit.operations.claim("a", later(2)), "it runs already"
    assert not unit.operations.claim("b", later(2)), "another writer runs on the stack"
    assert unit.operations.claim("c", later(2))
    assert unit.operations.claim("d", later(2)), "it is another stack"
    assert not unit.operations.claim("e", later(2)), "half a deployment would look like drift"
    assert unit.operations.get("a").started == later(1)
    assert [each.id for each in unit.operations.running_on("dev")] == ["a", "c"]
    assert [each.id for each in unit.operations.queued()] == ["b", "e"]
    unit.operations.end("a", DONE, later(3))
    assert unit.operations.claim("e", later(4))
    assert unit.operations.claim("b", later(4)), "the stack is free again"


def test_the_database_itself_refuses_a_second_writer(store):
    with store.writing() as unit:
        unit.operations.add(operation("a", progress=Progress.RUNNING), {})
        with pytest.raises(DuplicateError):
            unit.operations.add(operation("b", progress=Progress.RUNNING, kind=Kind.REFRESH), {})
        unit.operations.add(operation("c", progress=Progress.RUNNING, kind=Kind.DRIFT), {})


def test_the_first_end_stands(unit):
    unit.operations.add(operation(), {})
    unit.operations.claim("a", later(1))
    assert unit.operations.end("a", DONE, later(2))
    assert not unit.operations.end("a", Outcome(state=State.LOST, reason=Reason.INTERNAL), later(9))
    record = unit.operations.get("a")
    assert (record.outcome, record.ended, record.progress) == (DONE, later(2), Progress.ENDED)
    assert record.fingerprint == DONE.fingerprint
    assert not unit.operations.claim("a", later(10)), "an ended operation never runs again"


def test_a_cancel_is_asked_once_and_never_after_the_end(unit):
    unit.operations.add(operation(), {})
    assert unit.operations.ask_cancel("a", "bob")
    assert not unit.operations.ask_cancel("a", "eve")
    assert unit.operations.get("a").cancel_asked_by == "bob"
    unit.operations.add(operation("b"), {})
    unit.operations.end("b", DONE, later(1))
    assert not unit.operations.ask_cancel("b", "bob")


def test_history_is_paged_without_gaps_or_repeats_also_among_equal_times(unit):
    for number in range(7):
        unit.operations.add(operation(f"o{number}", created=later(number // 3)), {})
    seen, cursor = [], None
    while True:
        page = unit.operations.history(limit=2, cursor=cursor)
        seen += [each.id for each in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["o6", "o5", "o4", "o3", "o2", "o1", "o0"]
    assert [each.id for each in unit.operations.of_stack("dev", 2)] == ["o6", "o5"]
    assert [each.id for each in unit.operations.of_stack("dev", 2, before="o4")] == ["o3", "o2"]


def test_history_is_filtered(unit):
    unit.operations.add(operation("a"), {})
    unit.operations.add(operation("b", stack="prod", kind=Kind.PREVIEW, by="bob", created=later(10)), {})
    unit.operations.end("b", DONE, later(11))

    def found(**filters):
        return [each.id for each in unit.operations.history(**filters).items]

    assert found() == ["b", "a"]
    assert found(stacks={"dev"}) == ["a"]
    assert found(stacks=[]) == [], "who may see no stack sees nothing"
    assert found(kind=Kind.PREVIEW) == ["b"]
    assert found(by="ada") == ["a"]
    assert found(state=State.SUCCEEDED) == ["b"]
    assert found(state=State.FAILED) == []
    assert found(state=Progress.QUEUED) == ["a"]
    assert found(since=later(10)) == ["b"]
    assert found(until=later(10)) == ["a"]


@pytest.mark.parametrize("cursor", ["", "x", "2031-05-04T12:00:00+00:00", "0001-01-01T00:00:00+09:00~a", "~"])
def test_a_cursor_that_no_page_gave_is_refused(unit, cursor):
    with pytest.raises(CursorError):
        unit.operations.history(cursor=cursor)


def test_the_last_operations_are_found_by_stack(unit):
    assert unit.operations.last_of_each_stack() == {}
    assert unit.operations.last_writing("dev") is None
    for number, kind in enumerate((Kind.UP, Kind.DESTROY, Kind.PREVIEW)):
        unit.operations.add(operation(f"o{number}", kind=kind, created=later(number)), {})
    unit.operations.add(operation("p", stack="prod"), {})
    unit.operations.claim("o0", later(5))
    unit.operations.end("o0", DONE, later(6))
    assert {stack: record.id for stack, record in unit.operations.last_of_each_stack().items()} == {
        "dev": "o2",
        "prod": "p",
    }
    assert unit.operations.last_writing("dev").id == "o0", "o1 only waits"
    assert unit.operations.last("dev", [Kind.UP], State.SUCCEEDED).id == "o0"
    assert unit.operations.last("dev", [Kind.UP], State.FAILED) is None
    assert [each.id for each in unit.operations.unfinished()] == ["p", "o1", "o2"]


def test_events_are_kept_once_and_in_order(unit):
    unit.operations.add(operation(), {})
    unit.events.append("a", [{"sequence": 2, "event": "b"}, {"sequence": 1, "event": "a"}])
    unit.events.append("a", [{"sequence": 2, "event": "another"}, {"sequence": 3, "event": "c\u0000\ud800"}])
    unit.events.append("a", [])
    assert [each["event"] for each in unit.events.after("a", 0, 10)] == ["a", "b", "c\u0000\ud800"]
    assert [each["sequence"] for each in unit.events.after("a", 1, 1)] == [2]
    assert unit.events.recorded("a") == 3


def test_events_of_old_operations_are_pruned_and_counted_on(unit):
    for name in ("old", "new", "runs"):
        unit.operations.add(operation(name, stack=name), {})
        unit.events.append(name, [{"sequence": 1}, {"sequence": 2}])
    unit.operations.end("old", DONE, later(1))
    unit.operations.end("new", DONE, later(3))
    assert unit.events.prune(later(2)) == 2
    assert [len(unit.events.after(name, 0, 10)) for name in ("old", "new", "runs")] == [0, 2, 2]
    assert unit.events.recorded("old") == 2
    assert unit.operations.get("old").outcome == DONE


def test_each_person_decides_once_and_approvals_are_used_once(unit):
    for name in ("a", "u", "v"):
        unit.operations.add(operation(name), {})
    unit.approvals.put(approval())
    with pytest.raises(DuplicateError, match="Bob has already decided"):
        unit.approvals.put(approval(approved=False, at=later(1)))
    unit.approvals.put(approval(by="eve", approved=False, at=later(2), comment="no"))
    assert unit.approvals.use("a", "u") == 1, "a no is not used"
    used = replace(approval(), used_by="u")
    assert unit.approvals.of("a") == (used, approval(by="eve", approved=False, at=later(2), comment="no"))
    assert unit.approvals.use("a", "u") == 1, "asking again changes nothing"
    with pytest.raises(DuplicateError, match="used by operation 'u'"):
        unit.approvals.use("a", "v")
