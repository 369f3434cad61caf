"""Cancel, crash, lost worker, locks and deadlines on the real engine: each end is a known state, and repairable."""

import os
import shutil
import signal

import pytest

from portal import processes
from portal.engine import RepairRefusedError
from portal.outcomes import Reason, RepairStep, State

MISSING = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
]
TWO = {"a": {"size": 1, "zone": "x"}, "b": {"size": 1, "zone": "x"}}


def steps(outcome):
    return [repair.step for repair in outcome.repairs]


def lose(world, engine=None):
    """Start an update, kill its worker with the cloud in the middle of a creation, and return the outcome."""
    world.things(**TWO)
    world.order(hang=["b"])
    operation = (engine or world.with_patience(grace=2)).up("dev")
    world.hanging(operation, "b")
    os.kill(operation.process, signal.SIGKILL)
    outcome = operation.wait(60)
    assert processes.of_session(operation.process) == [], "nothing of it runs on"
    return operation, outcome


def test_cancel_ends_what_has_begun_and_begins_nothing_more(world):
    world.things(**TWO)
    world.order(hang=["a"])
    operation = world.engine.up("dev")
    world.hanging(operation, "a")
    operation.cancel()
    world.order()  # the call that hung comes to its end
    outcome = operation.wait()
    assert (outcome.state, outcome.reason) == (State.CANCELLED, Reason.ASKED), outcome
    assert outcome.pending == ()
    assert list(world.there()) == ["a-0"], "b was not begun"
    assert world.up().counts["create"] == 1, "no lock is left, and the next run goes on from there"


def test_a_deadline_cancels(world):
    world.order(hang=["a"])
    operation = world.with_patience(deadline=4).up("dev")
    for _ in operation.events():  # heartbeats keep this going
        if operation._cancelled_at is not None:
            world.order()
    assert (operation.outcome.state, operation.outcome.reason) == (State.CANCELLED, Reason.DEADLINE), operation.outcome


def test_a_killed_worker_is_lost_and_its_stack_is_repaired(world):
    operation, outcome = lose(world)
    assert outcome.state is State.LOST, outcome
    assert [(found.operation, found.urn.split("::")[-1]) for found in outcome.pending] == [("creating", "b")]
    assert [lock.process for lock in outcome.locks], "the engine could not take its lock away"
    assert all(lock.is_stale for lock in outcome.locks)
    assert steps(outcome) == [RepairStep.UNLOCK, RepairStep.REFRESH, RepairStep.CLEAR_PENDING]
    assert world.engine.reopen(operation.id) == outcome, "the record says so after a restart, too"

    world.order()
    locked = world.engine.up("dev").wait()
    assert (locked.state, steps(locked)) == (State.LOCKED, [RepairStep.UNLOCK]), locked
    assert "a process that is gone" in locked.message
    assert world.engine.repair("dev", RepairStep.UNLOCK).wait().state is State.SUCCEEDED
    assert world.engine.state("dev").locks == ()

    with pytest.raises(RepairRefusedError, match="look whether each pending creation"):
        world.engine.repair("dev", RepairStep.CLEAR_PENDING)
    repaired = world.engine.repair("dev", RepairStep.CLEAR_PENDING, confirmed=True).wait()
    assert (repaired.state, repaired.pending, repaired.repairs) == (State.SUCCEEDED, (), ()), repaired
    assert world.up().counts["create"] == 1
    assert sorted(world.there()) == ["a-0", "b-0"]


def test_a_cancel_that_takes_too_long_is_killed_and_lost(world):
    world.order(hang=["a"])
    operation = world.with_patience(grace=2).up("dev")
    world.hanging(operation, "a")
    operation.cancel()
    outcome = operation.wait(60)
    assert (outcome.state, outcome.pending[0].operation) == (State.LOST, "creating"), outcome
    assert "still at work 2 s later" in outcome.message
    assert processes.of_session(operation.process) == []


def test_a_killed_engine_is_lost_as_well(world):
    world.order(hang=["a"])
    operation = world.engine.up("dev")
    world.hanging(operation, "a")
    (engine,) = {lock.process for lock in world.engine._locks("dev")}
    os.kill(engine, signal.SIGKILL)
    outcome = operation.wait(60)
    assert outcome.state is State.LOST, outcome
    assert [found.operation for found in outcome.pending] == ["creating"]
    assert RepairStep.UNLOCK in steps(outcome)


def test_an_operation_on_a_stack_at_work_is_locked_and_says_by_whom(world):
    world.order(hang=["a"])
    first = world.engine.up("dev")
    world.hanging(first, "a")
    second = world.engine.up("dev").wait()
    assert second.state is State.LOCKED, second
    (lock,) = second.locks
    assert lock.process in processes.of_session(first.process)
    assert "@" in lock.by
    assert lock.since
    assert not lock.is_stale
    with pytest.raises(RepairRefusedError, match="make sure that no operation runs"):
        world.engine.repair("dev", RepairStep.UNLOCK)
    world.order()
    assert first.wait().state is State.SUCCEEDED, "the first one did not notice"


def test_a_service_that_dies_leaves_operations_that_end_by_themselves(world):
    world.order(hang=["a"])
    operation = world.engine.up("dev")
    world.hanging(operation, "a")
    assert world.with_patience().reopen(operation.id) is None, "its worker lives"
    operation._worker.stdin.close()  # what the system does when the service dies
    world.order()
    assert operation.wait().state is State.CANCELLED
    assert world.with_patience().reopen(operation.id).state is State.CANCELLED


def test_a_refresh_ends_pending_updates(world):
    world.up()
    world.things(a={"size": 2, "zone": "x"})
    world.order(hang=["a"])
    (world.cloud / "hanging-a").unlink(missing_ok=True)
    operation = world.with_patience(grace=2).up("dev")
    world.hanging(operation, "a")
    os.kill(operation.process, signal.SIGKILL)
    outcome = operation.wait(60)
    assert [found.operation for found in outcome.pending] == ["updating"]
    assert RepairStep.CLEAR_PENDING not in steps(outcome), "an update leaves nothing behind that could be forgotten"
    world.order()
    world.engine.repair("dev", RepairStep.UNLOCK).wait()
    assert world.engine.repair("dev", RepairStep.REFRESH).wait().pending == ()
    assert world.up().counts["update"] == 1
