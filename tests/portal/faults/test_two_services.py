"""Two services on one database: one carries operations out, the other takes over, and nobody starts what is begun."""

from pathlib import Path

import pytest

from portal.outcomes import State
from portal.records import Progress
from tests.portal.faults.points import Fault
from tests.portal.faults.service import RefusedError
from tests.portal.faults.world import LEASE, FaultWorld, wait_until

pytestmark = pytest.mark.faults
S, C, L = State.SUCCEEDED, State.CANCELLED, State.LOST


def second(world):
    """Another service beside the first, whose clock goes as the first one's."""
    assert world.service.ask("leads"), "the first has begun"
    world._ahead = 0.0
    return world.serve()


def leads_after_the_lease(service):
    assert service.ask("forward", seconds=LEASE + 1), "the first gave no sign of life for the lease's time"


def test_the_second_serves_and_carries_nothing_out(fault_world):
    world = fault_world
    first = world.serve()
    other = second(world)
    assert (first.ask("leads"), other.ask("leads")) == (True, False)
    asked = [other.ask("operations.preview", "developer", "preprod", key=str(n)) for n in range(4)]
    for each in asked:
        world.ended(each, S)
    assert {line["service"] for line in world.log("began")} == {first.pid}
    world.check_truth()


def test_when_the_first_is_killed_the_second_takes_over_after_the_lease_and_recovers(fault_world):
    world = fault_world
    first = world.serve()
    other = second(world)
    preview = world.ended(first.ask("operations.preview", "developer", "preprod"), S)
    world.approve(preview.id)
    world.scenario.stop("preprod", "up-data")
    up = first.ask("operations.up", "developer", preview.id)
    world.scenario.reached("preprod", "up-data")
    first.kill()
    queued = other.ask("operations.refresh", "approver", "preprod")
    assert not other.ask("leads")
    assert world.get(queued).progress is Progress.QUEUED, "the lease is not over yet"
    leads_after_the_lease(other)
    world.ended(up, C)
    world.ended(queued, S)
    world.check_truth()


def test_the_lease_ends_by_itself(tmp_path):
    with FaultWorld(tmp_path, settings={"service_lease_seconds": 5}) as world:
        first = world.serve()
        other = second(world)
        first.kill()
        asked = other.ask("operations.preview", "developer", "preprod")
        world.ended(asked, S)
        assert other.ask("leads")
        world.check_truth()


@pytest.mark.parametrize(("point", "outcome"), [
    ("after commit of claim of up", S),  # the second finds it claimed and not begun
    ("before asking for up", S),
    ("before request of up", S),
    ("after request of up", L),  # asked, and nobody at work: the second cannot know what the first is about to do
    ("before sending up", L),
])  # fmt: skip
def test_a_paused_service_that_lost_its_lease_begins_nothing_that_the_second_has_taken_over(
    fault_world, point, outcome
):
    world = fault_world
    mark = Path(world.folder) / "go-on"
    first = world.serve(Fault(point, how="stop", mark=str(mark)))
    other = second(world)
    preview = world.ended(first.ask("operations.preview", "developer", "preprod"), S)
    world.approve(preview.id)
    up = other.ask("operations.up", "developer", preview.id)
    first.frozen()
    leads_after_the_lease(other)
    ended = world.ended(up, outcome)
    mark.touch()
    first.go_on()
    wait_until(lambda: not first.ask("leads"))
    wait_until(lambda: first.ask("running") == ())
    assert world.get(up) == ended, "the record stands"
    assert world.begun("up") == ([up.id] if outcome is S else [])
    after = other.ask("operations.refresh", "approver", "preprod")
    world.ended(after)
    assert {line["service"] for line in world.log("began") if line["began"] == after.id} == {other.pid}
    world.check_truth()


def test_a_paused_service_whose_worker_works_on_keeps_its_stack_until_that_one_ends(fault_world):
    world = fault_world
    mark = Path(world.folder) / "go-on"
    first = world.serve(Fault("heard resource_changed vpc", how="stop", mark=str(mark)))
    other = second(world)
    preview = world.ended(first.ask("operations.preview", "developer", "preprod"), S)
    world.approve(preview.id)
    world.scenario.stop("preprod", "up-data")
    up = other.ask("operations.up", "developer", preview.id)
    world.scenario.reached("preprod", "up-data")
    first.frozen()
    leads_after_the_lease(other)
    waiting = other.ask("operations.refresh", "approver", "preprod")
    wait_until(lambda: up.id in other.ask("running"))
    assert world.get(waiting).progress is Progress.QUEUED, "its worker lives, whoever watches it"
    world.scenario.go("preprod")
    world.ended(up, S)
    world.ended(waiting, S)
    mark.touch()
    first.go_on()
    wait_until(lambda: first.ask("running") == ())
    with pytest.raises(RefusedError, match="carried out already"):
        first.ask("operations.up", "developer", preview.id)
    world.check_truth()


def test_both_asked_for_the_same_preview_one_of_them_carries_it_out(fault_world):
    world = fault_world
    first = world.serve()
    other = second(world)
    preview = world.ended(first.ask("operations.preview", "developer", "preprod"), S)
    world.approve(preview.id)
    up = first.ask("operations.up", "developer", preview.id)
    with pytest.raises(RefusedError, match="carried out already"):
        other.ask("operations.up", "developer", preview.id)
    world.ended(up, S)
    world.check_truth()
