"""Who runs next: fair between stacks, first come first served within one, one writer at a time."""

from types import SimpleNamespace

from portal.records import OperationRecord, Progress
from portal.requests import Kind
from portal.service.runner import Runner
from tests.portal.world import SetClock

CLOCK = SetClock()


def record(name, stack, kind=Kind.PREVIEW, progress=Progress.QUEUED, by="a", **more):
    return OperationRecord(
        id=name, stack=stack, kind=kind, by=by, by_name="A", why="", created=CLOCK(), progress=progress, **more
    )


def order(*unfinished):
    return [each.id for each in Runner._next(SimpleNamespace(), unfinished)]


def test_first_come_first_served():
    assert order(record("1", "dev"), record("2", "prod"), record("3", "sandbox")) == ["1", "2", "3"]


def test_many_of_one_stack_do_not_keep_the_others_waiting():
    many = [record(f"dev-{number}", "dev") for number in range(20)]
    assert order(*many, record("prod", "prod"), record("sandbox", "sandbox"))[:3] == ["dev-0", "prod", "sandbox"]


def test_many_of_one_person_do_not_keep_the_others_waiting():
    many = [record(f"a-{number}", "dev") for number in range(20)]
    assert order(*many, record("b-0", "dev", by="b"), record("b-1", "dev", by="b"))[:4] == ["a-0", "b-0", "a-1", "b-1"]


def test_what_runs_counts():
    running = record("r", "dev", progress=Progress.RUNNING)
    assert order(running, record("1", "dev"), record("2", "prod")) == ["2", "1"]


def test_a_writer_waits_for_the_one_that_runs_and_readers_do_not():
    running = record("r", "dev", Kind.UP, Progress.RUNNING)
    waiting = order(running, record("w", "dev", Kind.REFRESH), record("p", "dev"), record("o", "prod", Kind.UP))
    assert waiting == ["o", "p"]


def test_writers_of_one_stack_come_one_by_one_in_their_order():
    assert order(record("1", "dev", Kind.UP), record("2", "dev", Kind.DESTROY)) == ["1"]


def test_what_was_cancelled_is_not_started():
    assert order(record("1", "dev", cancel_asked_by="ada")) == []
