"""The record is true and nothing runs twice, wherever a service was killed. What a killed service left is put there
by hand, at exactly that point; the kills of real processes are a matrix of their own."""

import json

import pytest

from portal.engine import Engine
from portal.events import to_json
from portal.journal import Journal
from portal.outcomes import Reason, State
from portal.records import Progress
from portal.requests import Kind
from portal.service.errors import ConflictError, UnavailableError
from portal.service.lost_work import give_up
from portal.store import StoreDownError
from tests.portal.world import PortalWorld


def claim(world, record):
    """What a service does last before it asks the engine."""
    with world.portal.store.writing() as unit:
        assert unit.operations.claim(record.id, world.clock())


def ups(world):
    """How often an `up` really ran: the scripted engine says `summary` once for the preview and once for the update."""
    journals = [Journal(folder) for folder in (world.work / "operations").iterdir()]
    return [journal.folder.name for journal in journals if journal.request()["kind"] == "up"]


def queued_up(world):
    """A world whose service prepared a preview, was stopped, and has an `up` in its queue."""
    world.portal.start()
    preview = world.preview("dev")
    world.portal.stop()
    world.portal = world.another(start=False)
    return world.portal.operations.up(world.developer, preview.id)


def test_killed_before_the_claim(still):
    up = queued_up(still)
    still.portal.start()
    still.ended(up, State.SUCCEEDED)
    assert ups(still) == [up.id]


def test_killed_between_claim_and_start(still):
    up = queued_up(still)
    claim(still, up)
    still.portal.start()
    still.ended(up, State.SUCCEEDED)
    assert ups(still) == [up.id], "without a folder the engine was never asked, so it is asked now"


def test_killed_while_the_engine_was_being_asked(still):
    up = queued_up(still)
    claim(still, up)
    folder = still.work / "operations" / up.id
    folder.mkdir()
    (folder / "request.0123").write_text('{"half": ')
    still.portal.start()
    still.ended(up, State.SUCCEEDED)


def test_killed_after_the_engine_was_asked_and_before_its_worker_began(still):
    up = queued_up(still)
    claim(still, up)
    engine = still.portal.engines.of("dev")
    journal = Journal(still.work / "operations" / up.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portal.operation.Operation.start", lambda *arguments: None)
        engine.up("dev", identity=up.id)
    assert journal.request()["id"] == up.id
    still.portal.start()
    lost = still.ended(up, State.LOST)
    assert "Nothing runs any more" in lost.outcome.message
    assert [each.step for each in lost.outcome.repairs] == ["unlock"], "there may be a lock; a person has to look"
    assert still.events(up)[-1]["event"] == "ended"


def test_killed_while_its_worker_ran_and_the_worker_has_ended_since(still):
    up = queued_up(still)
    claim(still, up)
    with still.portal.store.reading() as unit:
        approved = unit.operations.get(up.preview).fingerprint
    outcome = still.portal.engines.of("dev").up("dev", approved=approved, identity=up.id).wait(20)
    still.portal.start()
    ended = still.ended(up, State.SUCCEEDED)
    assert ended.outcome == outcome
    journal = [each.sequence for each in Journal(still.work / "operations" / up.id).events()]
    assert [each["sequence"] for each in still.events(up)] == journal
    assert ups(still) == [up.id]


def test_killed_while_its_worker_runs_on(still):
    up = queued_up(still)
    claim(still, up)
    still.scenario.stop("dev", "up-data")
    operation = still.portal.engines.of("dev").up("dev", identity=up.id)
    still.scenario.reached("dev", "up-data")
    still.portal.start()
    still.until(lambda: up.id in still.portal.runner.running, "the new service to watch it")
    blocked = still.portal.operations.refresh(still.approver, "dev")
    assert still.get(up).progress is Progress.RUNNING, "as long as a worker lives it runs"
    assert still.get(blocked).progress is Progress.QUEUED
    operation.cancel()  # in life, the end of the dead service's pipe
    still.ended(up, State.CANCELLED)
    still.ended(blocked, State.SUCCEEDED)
    assert still.audited("operation.ended")[-2].subject == f"operation:{up.id}"


def test_killed_before_the_last_events_were_recorded(still):
    up = queued_up(still)
    claim(still, up)
    still.portal.engines.of("dev").up("dev", identity=up.id).wait(20)
    journal = list(Journal(still.work / "operations" / up.id).events())
    with still.portal.store.writing() as unit:
        unit.events.append(up.id, [to_json(event) for event in journal[:5]])
    still.portal.start()
    still.ended(up, State.SUCCEEDED)
    assert len(still.events(up)) == len(journal), "recorded events are not recorded twice"


def test_a_claimed_operation_that_somebody_cancelled_meanwhile_is_not_started(still):
    up = queued_up(still)
    claim(still, up)
    still.portal.operations.cancel(still.developer, up.id)
    still.portal.start()
    still.ended(up, State.CANCELLED)
    assert ups(still) == []


def test_a_journal_that_was_cut_off_is_mended_and_read(still):
    up = queued_up(still)
    claim(still, up)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portal.operation.Operation.start", lambda *arguments: None)
        still.portal.engines.of("dev").up("dev", identity=up.id)
    file = still.work / "operations" / up.id / "events.jsonl"
    file.write_text('{"event":"phase","sequence":1,"time":1.0,"phase":"up","detail":""}\n{"event":"pha')
    still.portal.start()
    still.ended(up, State.LOST)
    assert [each["event"] for each in still.events(up)] == ["phase", "ended"]


def test_a_service_that_is_stopped_ends_its_operations_in_good_order(world):
    world.scenario.stop("dev", "up-data")
    up = world.portal.operations.up(world.developer, world.preview("dev").id)
    world.scenario.reached("dev", "up-data")
    world.portal.stop()
    assert world.get(up).outcome.state is State.CANCELLED
    world.portal = world.another()
    assert world.portal.leads, "the lease was given back, so nobody waits"


def test_a_second_service_carries_nothing_out_until_the_first_is_gone(world):
    second = world.another()
    assert not second.leads
    asked = second.operations.preview(world.developer, "dev")
    world.ended(asked, State.SUCCEEDED)
    assert second.runner.running == ()
    world.portal.stop()
    world.portal = second
    assert second.leadership.attempt()
    world.preview("dev")


def test_a_service_that_dies_is_replaced_when_its_lease_is_over(still):
    first, up = still.portal, queued_up(still)
    dead = still.another(start=False)
    assert dead.leadership.attempt(), "it leads, and then gives no sign of life"
    claim(still, up)
    still.portal.start()
    assert not still.portal.leads
    still.clock.forward(seconds=still.settings.service_lease_seconds + 1)
    assert still.portal.leadership.attempt()
    still.ended(up, State.SUCCEEDED)
    assert not dead.leadership.attempt(), "back again, it sees that another one leads"
    assert first is not still.portal


def test_a_service_without_an_answer_of_the_database_stops_leading_in_time(still):
    from portal.service.leadership import Leadership

    now = [0.0]
    made = Leadership(
        store=still.portal.store, work=still.work, clock=still.clock, timing=still.timing, seconds=20,
        changed=lambda: None, monotonic=lambda: now[0],
    )  # fmt: skip
    assert made.attempt()
    now[0] = 19.9
    assert made.held()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(still.portal.store, "writing", down)
        now[0] = 20.0
        assert not made.attempt(), "from here on another one may lead"
    assert made.attempt()


def test_a_work_folder_of_another_database_is_refused_while_something_runs(still):
    up = queued_up(still)
    claim(still, up)
    elsewhere = still.settings.model_copy(update={"work": still.folder / "elsewhere"})
    from portal.service.portal import Portal

    other = Portal(elsewhere, clock=still.clock, timing=still.timing, environment=still.environment)
    still.portals.append(other)
    other.start()
    assert not other.leads
    assert up.id in other.leadership.problem
    assert still.get(up).progress is Progress.RUNNING, "nobody there can know how it ends"
    still.portal.start()
    still.ended(up)
    assert other.leadership.attempt() is False, "the first one leads"
    still.portal.stop()
    assert other.leadership.attempt(), "nothing runs any more: the new folder is as good"


def down(*arguments):
    raise StoreDownError("the database is away")


def test_while_the_database_is_away_the_engine_goes_on_and_the_record_catches_up(world):
    world.scenario.stop("dev", "up-data")
    up = world.portal.operations.up(world.developer, world.preview("dev").id)
    world.scenario.reached("dev", "up-data")
    store = world.portal.store
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "writing", down)
        patch.setattr(store, "reading", down)
        with pytest.raises(UnavailableError, match="nothing of them is lost"):
            world.portal.operations.preview(world.developer, "dev")
        with pytest.raises(UnavailableError):
            world.portal.stacks.all(world.viewer)
        world.scenario.go("dev")
        journal = Journal(world.work / "operations" / up.id)
        world.until(lambda: journal.ended() is not None, "the engine to end")
    ended = world.ended(up, State.SUCCEEDED)
    assert len(world.events(up)) == len([e for e in journal.events() if e.name != "heartbeat"])
    assert ended.outcome == journal.ended().outcome


def test_an_engine_that_cannot_be_asked_is_an_end_and_no_riddle(world, monkeypatch):
    def broken(*arguments, **options):
        raise OSError("no space left on device")

    monkeypatch.setattr(Engine, "preview", broken)
    ended = world.ended(world.portal.operations.preview(world.developer, "dev"), State.FAILED)
    assert ended.outcome.reason is Reason.INTERNAL
    assert "no space left" in ended.outcome.message


def test_a_defect_while_recording_leaves_the_row_and_is_taken_up_again(world, monkeypatch):
    from portal.service.recorder import Recorder

    follow, failures = Recorder.follow, []

    def broken(self, record, operation):
        failures.append(record.id)
        operation.wait(20)
        raise RuntimeError("a defect")

    monkeypatch.setattr(Recorder, "follow", broken)
    asked = world.portal.operations.preview(world.developer, "dev")
    world.ended(asked, State.SUCCEEDED)
    assert failures == [asked.id], "the second time, the journal told"
    monkeypatch.setattr(Recorder, "follow", follow)
    assert json.loads((world.work / "operations" / asked.id / "request.json").read_text())["kind"] == Kind.PREVIEW


def test_a_work_folder_that_is_gone_is_given_up_by_hand(still):
    up = queued_up(still)
    claim(still, up)
    assert still.portal.leadership.attempt()
    with pytest.raises(ConflictError, match="A service leads"):
        give_up(still.portal, "the disk died")
    still.portal.leadership.stop()
    assert give_up(still.portal, "the disk died") == (up.id,)
    lost = still.get(up)
    assert lost.outcome.state is State.LOST
    assert [each.step for each in lost.outcome.repairs] == ["unlock"]
    assert still.events(up)[-1]["event"] == "ended"
    assert still.audited("operation.given_up")[0].details["why"] == "the disk died"


@pytest.mark.stories
def test_worker_processes_that_are_killed_are_lost_and_nothing_is_done_twice(tmp_path):
    with PortalWorld(tmp_path, processes=True) as world:
        world.deploy("dev")
        world.scenario.change("dev", "vpc", enableDnsSupport=True)
        world.scenario.set("dev", crashes=["up-in-vpc"])
        lost = world.ended(world.portal.operations.up(world.developer, world.preview("dev").id), State.LOST)
        assert "signal 9" in lost.outcome.message
        assert [each.operation for each in lost.outcome.pending] == ["updating"]
        world.scenario.set("dev", crashes=[])
        world.ended(world.portal.operations.refresh(world.approver, "dev"), State.SUCCEEDED)
        assert world.deploy("dev").outcome.counts == {"same": 15, "update": 1}


def test_a_service_that_lost_its_lease_still_passes_on_that_its_own_operation_is_cancelled(world):
    world.scenario.stop("dev", "up-data")
    up = world.portal.operations.up(world.developer, world.preview("dev").id)
    world.scenario.reached("dev", "up-data")
    world.clock.forward(seconds=world.settings.service_lease_seconds + 1)
    second = world.another()
    assert second.leads, "the first gave no sign of life for too long"
    assert not world.portal.leadership.attempt()
    second.operations.cancel(world.developer, up.id)
    ended = world.ended(up, State.CANCELLED)
    assert len([entry for entry in world.audited("operation.ended") if up.id in entry.subject]) == 1
    assert world.events(up)[-1]["outcome"]["state"] == ended.outcome.state


def test_what_waits_and_was_cancelled_by_the_portal_itself_is_ended(still):
    queued = still.portal.operations.refresh(still.approver, "dev")
    with still.portal.store.writing() as unit:
        assert unit.operations.ask_cancel(queued.id, "system:reviews")
    still.portal.start()
    still.ended(queued, State.CANCELLED)
    assert not (still.work / "operations" / queued.id).exists()
