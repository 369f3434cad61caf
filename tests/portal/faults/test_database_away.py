"""The database goes away in the middle of things: engines go on, requests say so, and the record catches up."""

import itertools
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from portal.journal import Journal
from portal.outcomes import State
from portal.service.errors import ConflictError, UnavailableError
from portal.store import Store, StoreDownError
from tests.portal.faults.world import FaultWorld, wait_until
from tests.portal.world import STACKS, SetClock

S = State.SUCCEEDED
QUICK_AWAY = "no answer of the database"


class Outage:
    """Makes every use of a store fail while it lasts."""

    def __init__(self, store, patch):
        self.on = False
        for name in ("reading", "writing"):
            patch.setattr(store, name, self._failing(getattr(store, name)))

    def _failing(self, original):
        @contextmanager
        def failing():
            if self.on:
                raise StoreDownError(QUICK_AWAY)
            with original() as unit:
                yield unit
                if self.on:  # it went away within the transaction, which is undone
                    raise StoreDownError(QUICK_AWAY)

        return failing


@pytest.fixture
def local(tmp_path):
    """Workers are threads: what is looked at here are services and databases."""
    with FaultWorld(tmp_path, local=True) as world:
        yield world


def ups_on_all_stacks(world):
    """An `up` on each stack, each standing at its third resource."""
    ups = {}
    for stack in STACKS:
        preview = world.approved(stack)
        world.scenario.stop(stack, "up-data")
        ups[stack] = world.portal.operations.up(world.developer, preview.id)
    for stack in STACKS:
        world.scenario.reached(stack, "up-data")
    return ups


def everything_says_unavailable(world, up):
    for ask in (
        lambda: world.portal.operations.preview(world.developer, "dev"),
        lambda: world.portal.operations.get(world.viewer, up.id),
        lambda: world.portal.operations.cancel(world.developer, up.id),
        lambda: world.portal.operations.history(world.viewer),
        lambda: world.portal.stacks.all(world.viewer),
        lambda: world.portal.drift.all(world.viewer),
        lambda: world.portal.audit.page(world.admin),
        lambda: world.portal.reviews.all(world.viewer),
    ):
        with pytest.raises(UnavailableError):
            ask()


def ends_while_it_is_away(world, ups):
    for stack in STACKS:
        world.scenario.go(stack)
    journals = [Journal(world.work / "operations" / up.id) for up in ups.values()]
    wait_until(lambda: all(journal.ended() is not None for journal in journals))


@pytest.mark.faults
def test_four_stacks_are_being_deployed_when_it_goes_away(local, monkeypatch):
    world = local
    ups = ups_on_all_stacks(world)
    outage = Outage(world.portal.store, monkeypatch)
    outage.on = True
    everything_says_unavailable(world, ups["dev"])
    ends_while_it_is_away(world, ups)
    outage.on = False
    for up in ups.values():
        world.ended(up, S)
    world.check_truth()


@pytest.mark.faults
def test_a_service_that_starts_without_it_takes_up_its_work_when_it_is_back(fault_world, monkeypatch):
    world = fault_world
    world.serve()
    preview = world.ended(world.ask("operations.preview", "developer", "preprod"), S)
    world.approve(preview.id)
    world.scenario.stop("preprod", "up-data")
    up = world.ask("operations.up", "developer", preview.id)
    world.scenario.reached("preprod", "up-data")
    world.service.kill()
    world.portal.stop()
    world.clock = SetClock(datetime.now(UTC) + timedelta(minutes=5))  # the dead one's lease is over
    world.portal = world.another(start=False, worker="tests.portal.faults.worker")
    outage = Outage(world.portal.store, monkeypatch)
    outage.on = True
    world.portal.start()
    world.services.clear()
    assert not world.portal.leads
    outage.on = False
    assert world.portal.leadership.attempt()
    world.ended(up, State.CANCELLED)
    world.check_truth()


@pytest.mark.faults
@pytest.mark.parametrize("when", ["before", "in the commit"])
def test_every_transaction_fails_once(local, monkeypatch, when):
    """Where the connection breaks in the commit nobody knows which way it went: it is asked again, for nothing."""
    world, store = local, local.portal.store
    original, turn, lock = store.writing, itertools.count(), threading.Lock()

    @contextmanager
    def failing():
        with lock:
            fails = next(turn) % 2 == 0
        if fails and when == "before":
            raise StoreDownError(QUICK_AWAY)
        with original() as unit:
            yield unit
        if fails:
            raise StoreDownError(QUICK_AWAY)

    monkeypatch.setattr(store, "writing", failing)

    def insist(what, *arguments, **named):
        for _ in range(5):
            try:
                return what(*arguments, **named)
            except UnavailableError:
                continue
            except ConflictError as conflict:
                if "already" not in str(conflict):
                    raise
                return None
        raise AssertionError("never an answer")

    operations = world.portal.operations
    preview = world.ended(insist(operations.preview, world.developer, "preprod", key="p"), S)
    insist(operations.approve, world.approver, preview.id)
    up = world.ended(insist(operations.up, world.developer, preview.id, key="u"), S)
    again = world.ended(insist(operations.refresh, world.approver, "preprod", key="r"), S)
    monkeypatch.undo()
    assert [record.id for record in world.all()] == [preview.id, up.id, again.id]
    world.check_truth()


@pytest.mark.faults
@pytest.mark.parametrize("crash", [True, False], ids=["crashed", "shut down"])
def test_a_real_postgresql_ends_and_starts_again_while_four_stacks_are_deployed(tmp_path, postgresql_server, crash):
    url = postgresql_server.new_schema()
    with FaultWorld(tmp_path, database=url, local=True) as world:
        ups = ups_on_all_stacks(world)
        postgresql_server.crash() if crash else postgresql_server._run("pg_ctl", "-w", "-m", "fast", "stop")
        try:
            everything_says_unavailable(world, ups["dev"])
            ends_while_it_is_away(world, ups)
        finally:
            postgresql_server.start()
        for up in ups.values():
            world.ended(up, S)
        assert Store(url).close() is None
        world.check_truth()


@pytest.mark.faults
@pytest.mark.parametrize("point", [
    "after commit of operation.up", "after commit of claim of up", "before asking for up", "heard resource_changed vpc",
    "before commit of operation.ended of up",
])  # fmt: skip
def test_a_service_on_postgresql_is_killed(tmp_path, postgresql_server, point):
    from tests.portal.faults.points import Fault

    with FaultWorld(tmp_path, database=postgresql_server.new_schema()) as world:
        world.serve(Fault(point))
        world.deploy()
        assert world.deaths == 1
        world.check_truth()
