"""A worker, or the engine below it, dies at every point; what is known is recorded, and what can be done is offered."""

import pytest

from portal.outcomes import RepairStep, State
from portal.service.errors import ConflictError
from tests.portal.faults.world import FaultWorld

pytestmark = pytest.mark.faults
S, L = State.SUCCEEDED, State.LOST


@pytest.fixture
def world(tmp_path):
    with FaultWorld(tmp_path, local=True) as made:
        yield made


def carried_out(world):
    preview = world.preview("preprod")
    world.portal.operations.approve(world.approver, preview.id)
    return world.portal.operations.up(world.developer, preview.id)


def repaired(world, record):
    for each in record.outcome.repairs:
        asked = world.portal.operations.repair(world.admin, "preprod", each.step, confirmed=True)
        world.ended(asked, S)


def and_then_it_goes_on(world):
    world.scenario.set("preprod", crashes=[], engine_dies="")
    world.ended(carried_out(world), S)
    world.check_truth()


@pytest.mark.parametrize("place", ["unheld", "held", "begin", "plan-vpc", "end"])
def test_a_preview_whose_worker_dies_is_lost_and_binds_nothing(world, place):
    world.scenario.set("preprod", crashes=[f"preview-{place}"])
    lost = world.ended(world.portal.operations.preview(world.developer, "preprod"), L)
    assert "It only read: start it again." in lost.outcome.message
    assert lost.outcome.repairs == ()
    with pytest.raises(ConflictError, match="The preview lost"):
        world.portal.operations.approve(world.approver, lost.id)
    and_then_it_goes_on(world)


@pytest.mark.parametrize(("place", "resources"), [
    ("unheld", 4), ("held", 4), ("begin", 4), ("plan-vpc", 4), ("vpc", 4), ("data", 4), ("end", 4),
])  # fmt: skip
def test_an_up_whose_worker_dies_between_two_changes_is_lost_with_the_state_as_it_is(world, place, resources):
    world.ended(carried_out(world), S)
    for name in ("vpc", "data"):
        world.scenario.change("preprod", name, another="one")
    world.scenario.set("preprod", crashes=[f"up-{place}"])
    up = carried_out(world)
    lost = world.ended(up, L)
    assert (lost.outcome.resources, lost.outcome.pending) == (resources, ())
    with pytest.raises(ConflictError):
        world.portal.operations.up(world.developer, up.preview)
    repaired(world, lost)
    and_then_it_goes_on(world)


@pytest.mark.parametrize("fault", [{"crashes": ["up-in-data"]}, {"engine_dies": "data"}])
def test_what_was_being_made_when_worker_or_engine_died_is_shown_as_pending_with_its_repair(world, fault):
    world.scenario.set("preprod", **fault)
    lost = world.ended(carried_out(world), L)
    assert [(each.urn.rpartition("::")[2], each.operation) for each in lost.outcome.pending] == [("data", "creating")]
    assert RepairStep.CLEAR_PENDING in [each.step for each in lost.outcome.repairs]
    with pytest.raises(ConflictError, match="Look in AWS"):
        world.portal.operations.repair(world.admin, "preprod", RepairStep.CLEAR_PENDING)
    world.scenario.set("preprod", crashes=[], engine_dies="")
    repaired(world, lost)
    and_then_it_goes_on(world)


@pytest.mark.parametrize("kind", ["preview", "up"])
def test_an_end_that_the_worker_wrote_and_did_not_say_counts_as_it_is_recorded(world, kind):
    world.scenario.set("preprod", crashes=[f"{kind}-unsaid"])
    asked = carried_out(world) if kind == "up" else world.portal.operations.preview(world.developer, "preprod")
    ended = world.ended(asked)
    journal = world.work / "operations" / asked.id / "events.jsonl"
    assert journal.read_text().count('"event":"ended"') == 1, "an operation ends once"
    assert ended.outcome.state is S, "its journal says that it did everything"
    world.scenario.set("preprod", crashes=[])
    repaired(world, ended)
    world.scenario.change("preprod", "vpc", another="one")
    and_then_it_goes_on(world)


def test_a_worker_that_hangs_is_killed_and_its_stack_is_free_again(tmp_path):
    from portal.operation import Patience

    with FaultWorld(tmp_path, local=True, patience=Patience(deadline=60, grace=1, silence=30)) as world:
        world.ended(carried_out(world), S)
        world.scenario.set("preprod", deaf=True)
        world.scenario.stop("preprod", "refresh-begin")
        hanging = world.portal.operations.refresh(world.approver, "preprod")
        world.scenario.reached("preprod", "refresh-begin")
        waiting = world.portal.operations.refresh(world.approver, "preprod")
        world.scenario.set("preprod", deaf=False, stops=[])
        world.portal.operations.cancel(world.developer, hanging.id)
        lost = world.ended(hanging, L)
        assert "still at work 1 s later" in lost.outcome.message
        world.ended(waiting, S)
        world.check_truth()
