"""A service is killed at every point of a preview, its approval and its deployment; the next one finds out the rest."""

import pytest

from portal.outcomes import State
from portal.requests import Kind
from tests.portal.faults.points import Fault

pytestmark = pytest.mark.faults

S, C, L = State.SUCCEEDED, State.CANCELLED, State.LOST
BEFORE_THE_WORKER = (
    "before commit of operation.{kind}",
    "after commit of operation.{kind}",
    "before commit of claim of {kind}",
    "after commit of claim of {kind}",
    "before asking for {kind}",
    "before request of {kind}",
)
WITHOUT_A_WORKER = ("after request of {kind}", "before sending {kind}")
"""The folder says that the engine was asked, and no worker says that it began: that is lost, and a person looks."""
WHILE_IT_WORKS = ("after sending {kind}", "after asking for {kind}", "before commit of events of {kind}",
                  "after commit of events of {kind}")  # fmt: skip
AFTER_ITS_END = (
    "before end of {kind}",
    "before commit of operation.ended of {kind}",
    "after commit of operation.ended of {kind}",
)


def kinds(points, *more):
    return [(each.format(kind=kind), kind, *more) for each in points for kind in ("preview", "up")]


def ends(world, kind):
    return [record.outcome.state for record in world.all() if record.kind is Kind(kind)]


def story(world, *, how="kill", point, nth=1):
    world.serve(Fault(point, nth, how))
    world.deploy()
    if not world.deaths:  # it dies of what it did last
        world.revive()
    assert world.deaths == 1
    world.check_truth()


@pytest.mark.parametrize(("point", "kind"), kinds(BEFORE_THE_WORKER))
def test_before_its_worker_begins_it_is_begun_once(fault_world, point, kind):
    story(fault_world, point=point)
    assert ends(fault_world, kind) == [S], "nothing had happened, so nothing is lost"


@pytest.mark.parametrize(("point", "kind"), kinds(WITHOUT_A_WORKER))
def test_when_the_engine_was_asked_and_no_worker_begins_it_is_lost_and_done_again_by_a_person(fault_world, point, kind):
    story(fault_world, point=point)
    assert ends(fault_world, kind) == [L, S]


@pytest.mark.parametrize(("point", "kind"), kinds(WHILE_IT_WORKS))
def test_while_its_worker_works_that_one_ends_in_good_order(fault_world, point, kind):
    # Its worker stands at its first step, until the end of the service's pipe cancels it.
    fault_world.scenario.stop("preprod", f"{kind}-begin")
    story(fault_world, point=point)
    # One that was only just started may read that it need not stand anywhere, and be done before it is cancelled.
    assert ends(fault_world, kind) in ([C, S], *([[S]] if "events" not in point else []))


@pytest.mark.parametrize(("point", "nth", "kind"), [
    ("heard phase", 2, "preview"),
    ("heard resource_planned vpc", 1, "preview"),
    ("heard resource_planned vpc", 2, "up"),
    ("heard resource_started vpc", 1, "up"),
    ("heard resource_changed data", 1, "up"),
    ("heard summary", 3, "up"),
])  # fmt: skip
def test_in_the_middle_of_its_events_its_end_is_that_of_its_journal(fault_world, point, nth, kind):
    story(fault_world, point=point, nth=nth)
    assert ends(fault_world, kind) in ([S], [C, S]), "it may have been done before the cancel reached it"


@pytest.mark.parametrize(("point", "kind"), [
    *kinds(AFTER_ITS_END),
    ("in transaction of operation.ended of preview", "preview"),
    ("in transaction of operation.ended of up", "up"),
])  # fmt: skip
def test_after_its_workers_end_that_end_is_recorded_once(fault_world, point, kind):
    story(fault_world, point=point)
    assert ends(fault_world, kind) == [S]
    assert len(fault_world.begun(kind)) == 1


@pytest.mark.parametrize("point", [
    "in transaction of operation.approve",
    "before commit of operation.approve",
    "after commit of operation.approve",
    "in transaction of operation.up",
    "in transaction of approvals used",
])  # fmt: skip
def test_during_an_approval_and_its_use_all_of_it_is_there_or_nothing(fault_world, point):
    story(fault_world, point=point)
    assert ends(fault_world, "up") == [S]
    with fault_world.portal.store.reading() as unit:
        preview, up = (record.id for record in fault_world.all())
        assert [each.used_by for each in unit.approvals.of(preview)] == [up]


@pytest.mark.parametrize(("point", "nth"), [
    ("after sending preview", 1),
    ("after sending up", 1),
    ("heard resource_started vpc", 1),
    ("heard resource_changed data", 1),
])  # fmt: skip
def test_a_machine_that_dies_with_service_and_worker_leaves_a_lost_operation(fault_world, point, nth):
    kind = "preview" if point.endswith("preview") else "up"
    fault_world.scenario.stop("preprod", *({f"{kind}-begin"} if "sending" in point else {"up-data", "up-alarms"}))
    if "changed data" in point:
        fault_world.scenario.go("preprod", "up-data")
    fault_world.serve(Fault(point, nth, "kill with workers"))
    fault_world.deploy()
    assert fault_world.deaths == 1
    fault_world.check_truth()
    assert ends(fault_world, kind) == [L, S]


@pytest.mark.parametrize("point", [
    "in transaction of operation.cancel",
    "before commit of operation.cancel",
    "after commit of operation.cancel",
    "before cancel of up",
    "after cancel of up",
])  # fmt: skip
def test_during_a_cancel_the_operation_is_cancelled_once(fault_world, point):
    world = fault_world
    world.scenario.stop("preprod", "up-data")
    world.serve(Fault(point))
    preview = world.ended(world.ask("operations.preview", "developer", "preprod", key="p"), S)
    world.approve(preview.id)
    up = world.ask("operations.up", "developer", preview.id, key="u")
    world.scenario.reached("preprod", "up-data")
    # The end of the dead service's pipe cancels it too, perhaps before the second try.
    world.ask_unless_done("has ended", "operations.cancel", "developer", up.id)
    assert world.ended(up, C).outcome.message
    assert world.deaths == 1
    world.scenario.go("preprod")
    world.deploy()
    world.check_truth()
    assert ends(world, "up") == [C, S]


@pytest.mark.parametrize("point", ["in transaction of operation.cancel", "after commit of operation.cancel"])
def test_a_cancel_of_what_waits_starts_nothing(fault_world, point):
    world = fault_world
    world.serve()
    world.deploy()
    world.scenario.stop("preprod", "refresh-begin")
    world.service.kill()
    world.serve(Fault(point))
    running = world.ask("operations.refresh", "approver", "preprod", key="r")
    world.scenario.reached("preprod", "refresh-begin")
    waiting = world.ask("operations.refresh", "approver", "preprod", key="w")
    world.ask_unless_done("has ended", "operations.cancel", "developer", waiting.id)
    assert world.ended(waiting).outcome.state is C
    world.ended(running, C)
    assert world.deaths == 1
    assert waiting.id not in world.begun()
    world.check_truth()


def test_a_service_that_dies_again_and_again_gets_everything_done_in_the_end(fault_world):
    world = fault_world
    points = [
        "after commit of claim of preview",
        "heard resource_planned vpc",
        "after commit of operation.up",
        "after commit of claim of up",
        "before end of preview",
        "before commit of operation.ended of up",
    ]
    serve = world.serve
    world.serve = lambda: serve(Fault(points.pop(0)) if points else None)
    world.serve()
    world.deploy()
    while points:
        world.scenario.change("preprod", "vpc", tag=str(len(points)))
        world.deploy(wish=f"more-{len(points)}-")
    world.check_truth()
    assert world.deaths >= 4
