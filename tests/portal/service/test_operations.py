"""Operations from request to end, on the scripted engine."""

import pytest

from portal.access.roles import ForbiddenError
from portal.outcomes import Reason, State
from portal.records import Progress
from portal.requests import Kind
from portal.service.errors import ConflictError, InvalidError, NotThereError


def test_a_deployment_from_preview_to_end_is_recorded_and_audited(world):
    preview = world.preview("dev", why="try the new gate")
    assert preview.outcome.counts == {"create": 4}
    up = world.ended(world.portal.operations.up(world.developer, preview.id), State.SUCCEEDED)
    assert (up.kind, up.preview, up.why) == (Kind.UP, preview.id, "try the new gate")
    assert up.created < up.started < up.ended
    events = world.events(up)
    assert [each["sequence"] for each in events] == sorted(each["sequence"] for each in events)
    assert events[-1]["event"] == "ended"
    assert {each["event"] for each in events} >= {"phase", "resource_planned", "resource_changed", "summary"}
    actions = [(entry.action, entry.subject) for entry in world.audited()]
    assert actions == [
        ("operation.preview", f"operation:{preview.id}"),
        ("operation.ended", f"operation:{preview.id}"),
        ("operation.up", f"operation:{up.id}"),
        ("operation.ended", f"operation:{up.id}"),
    ]
    assert world.portal.audit.verify(world.admin) is None
    again = world.preview("dev")
    assert again.outcome.changes == 0, "what was deployed is as the program says"


def test_the_engine_knows_the_operation_by_the_portals_id(world):
    preview = world.preview("dev")
    assert (world.work / "operations" / preview.id / "request.json").is_file()


def test_a_programs_environment_holds_no_secret_of_the_portal(world):
    environment = world.settings.engine_environment("dev", world.environment)
    assert set(environment) == {"PATH", "HOME", "SCENARIO", "SCENARIO_THREADS"}


def test_rights_are_checked_before_anything_is_kept(world):
    operations = world.portal.operations
    with pytest.raises(ForbiddenError):
        operations.preview(world.viewer, "dev")
    with pytest.raises(ForbiddenError):
        operations.preview(world.dev_only, "prod")
    with pytest.raises(ForbiddenError):
        operations.refresh(world.developer, "dev")
    with pytest.raises(ForbiddenError):
        operations.repair(world.approver, "dev", "unlock")
    preview = world.preview("dev")
    with pytest.raises(ForbiddenError):
        operations.get(world.stranger, preview.id)
    with pytest.raises(ForbiddenError):
        operations.watch(world.stranger, preview.id)
    with pytest.raises(ForbiddenError):
        operations.up(world.viewer, preview.id)
    destroy = world.ended(operations.preview_destroy(world.admin, "dev"))
    assert destroy.outcome.reason is Reason.NO_STACK, "nothing was ever deployed there"
    assert len(world.audited()) == 4, "who may not leaves no operation"


def test_an_unknown_stack_and_operation_are_told(world):
    with pytest.raises(NotThereError, match="dev, preprod, prod, sandbox"):
        world.portal.operations.preview(world.admin, "nowhere")
    with pytest.raises(NotThereError):
        world.portal.operations.preview(world.admin, "review-nothing")
    with pytest.raises(NotThereError):
        world.portal.operations.get(world.admin, "nothing")


def test_the_same_key_gives_the_same_operation(world):
    ask = world.portal.operations.preview
    first = ask(world.developer, "dev", key="key-12345678")
    assert ask(world.developer, "dev", key="key-12345678").id == first.id
    assert ask(world.approver, "dev", key="key-12345678").id != first.id, "another person's key is another key"
    with pytest.raises(ConflictError, match="another one"):
        ask(world.developer, "prod", key="key-12345678")
    preview = world.ended(first)
    up = world.portal.operations.up(world.developer, preview.id, key="up-12345678")
    assert world.portal.operations.up(world.developer, preview.id, key="up-12345678").id == up.id
    world.ended(up, State.SUCCEEDED)
    assert len(world.audited("operation.up")) == 1


def test_what_the_caller_believes_to_start_is_compared(world):
    preview = world.preview("dev")
    with pytest.raises(ConflictError, match="destroy was asked for"):
        world.portal.operations.up(world.admin, preview.id, kind=Kind.DESTROY)


def test_wrong_settings_never_reach_the_engine(world):
    file = world.project / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("accuracy: 0.8", "accuracy: 80"))
    ended = world.ended(world.portal.operations.preview(world.developer, "dev"))
    assert (ended.outcome.state, ended.outcome.reason) == (State.FAILED, Reason.SETTINGS)
    assert not (world.work / "operations" / ended.id / "alive").exists(), "no worker was started"
    assert [each["event"] for each in world.events(ended)] == ["ended"]


def test_a_draft_is_previewed_and_never_deployed(world):
    world.deploy("dev")
    text = (world.project / "Pulumi.dev.yaml").read_text()
    draft = text.replace("accuracy: 0.8", "accuracy: 0.75")
    preview = world.preview("dev", draft=draft)
    assert preview.draft
    assert preview.outcome.counts["update"] == 1, "the pipeline's gate differs"
    assert world.portal.operations.plan(world.viewer, preview.id).weakens_gate
    with pytest.raises(ConflictError, match="not saved"):
        world.portal.operations.up(world.developer, preview.id)
    assert (world.project / "Pulumi.dev.yaml").read_text() == text


def test_a_wrong_draft_is_refused_with_its_mistakes(world):
    text = (world.project / "Pulumi.dev.yaml").read_text()
    with pytest.raises(InvalidError) as caught:
        world.portal.operations.preview(world.developer, "dev", draft=text.replace("nat: single", "nat: sometimes"))
    assert [problem.path for problem in caught.value.problems] == ["network.nat"]
    with pytest.raises(InvalidError, match="takes only"):
        world.portal.operations.preview(world.developer, "dev", draft=text + "  aws:region: eu-west-1\n")
    with pytest.raises(InvalidError):
        world.portal.operations.preview(world.developer, "dev", draft="config: [")


def test_a_violated_policy_fails_the_preview_and_nobody_can_approve_it(world):
    world.scenario.set("prod", violations=[{"policy": "open-bucket", "message": "it is public", "resource": "data"}])
    preview = world.ended(world.portal.operations.preview(world.developer, "prod"))
    assert (preview.outcome.state, preview.outcome.reason) == (State.FAILED, Reason.POLICY)
    with pytest.raises(ConflictError, match="open-bucket"):
        world.portal.operations.approve(world.approver, preview.id)
    assert world.portal.operations.plan(world.viewer, preview.id).blocked


def test_a_resource_that_fails_ends_the_deployment_and_the_next_one_goes_on(world):
    world.scenario.set("dev", fails={"fraud-endpoint": "no capacity"})
    up = world.ended(world.portal.operations.up(world.developer, world.preview("dev").id))
    assert (up.outcome.state, up.outcome.reason) == (State.FAILED, Reason.RESOURCES)
    assert world.portal.stacks.get(world.viewer, "dev").health == "failed"
    world.scenario.set("dev", fails={})
    assert world.deploy("dev").outcome.counts["same"] > 0, "what was made before the failure stays"


def test_cancelling_what_waits_ends_it_without_the_engine(still):
    queued = still.portal.operations.preview(still.developer, "dev")
    cancelled = still.portal.operations.cancel(still.developer, queued.id)
    assert (cancelled.progress, cancelled.outcome.state) == (Progress.ENDED, State.CANCELLED)
    assert [each["event"] for each in still.events(queued)] == ["ended"]
    still.portal.start()
    assert still.preview("dev").outcome.state is State.SUCCEEDED
    assert not (still.work / "operations" / queued.id).exists(), "the engine was never asked"
    with pytest.raises(ConflictError, match="has ended"):
        still.portal.operations.cancel(still.developer, queued.id)


def test_cancelling_what_runs_lets_it_finish_what_it_began(world):
    world.scenario.stop("dev", "up-data")
    up = world.portal.operations.up(world.developer, world.preview("dev").id)
    world.scenario.reached("dev", "up-data")
    asked = world.portal.operations.cancel(world.developer, up.id)
    assert asked.cancel_asked_by == world.developer.id
    ended = world.ended(up, State.CANCELLED)
    assert ended.outcome.reason is Reason.ASKED
    assert 0 < ended.outcome.resources < 4
    assert len(world.audited("operation.cancel")) == 1


def test_of_two_who_cancel_what_runs_the_first_counts(still):
    running = still.portal.operations.preview(still.developer, "dev")
    with still.portal.store.writing() as unit:
        assert unit.operations.claim(running.id, still.clock())
    for who in (still.developer, still.admin):
        assert still.portal.operations.cancel(who, running.id).cancel_asked_by == still.developer.id
    assert len(still.audited("operation.cancel")) == 1


def test_one_writer_at_a_time_runs_on_a_stack_and_previews_run_beside_it(world):
    world.deploy("dev")
    world.scenario.set("dev", drift={"vpc": {"cidrBlock": "10.99.0.0/16"}})
    world.scenario.stop("dev", "refresh-vpc")
    first = world.portal.operations.refresh(world.approver, "dev")
    world.scenario.reached("dev", "refresh-vpc")
    second = world.portal.operations.refresh(world.approver, "dev")
    drift = world.portal.operations.check_drift(world.developer, "dev")
    beside = world.ended(world.portal.operations.preview(world.developer, "dev"), State.SUCCEEDED)
    elsewhere = world.ended(world.portal.operations.preview(world.developer, "prod"), State.SUCCEEDED)
    assert {beside.stack, elsewhere.stack} == {"dev", "prod"}
    assert world.get(second).progress is Progress.QUEUED, "a writer waits for the one that runs"
    view = world.portal.stacks.get(world.viewer, "dev")
    assert view.health == "changing"
    assert [each.id for each in view.queued] == [second.id, drift.id], "half a deployment would look like drift"
    world.scenario.go("dev")
    assert world.ended(first).ended <= world.ended(second, State.SUCCEEDED).started
    assert world.ended(drift, State.SUCCEEDED).started >= world.get(first).ended


def test_a_destroy_is_bound_to_the_state_that_was_previewed(world):
    world.deploy("dev")
    operations = world.portal.operations
    preview = world.ended(operations.preview_destroy(world.admin, "dev"), State.SUCCEEDED)
    with pytest.raises(ForbiddenError):
        operations.up(world.developer, preview.id)
    state = world.state / "scripted" / "dev.json"
    before = state.read_text()
    state.write_text(before.replace("10.10.0.0/16", "10.20.0.0/16"))
    refused = world.ended(operations.up(world.admin, preview.id))
    assert refused.outcome.reason is Reason.NOT_AS_APPROVED, "somebody was there beside the portal"
    state.write_text(before)
    preview = world.ended(operations.preview_destroy(world.admin, "dev"), State.SUCCEEDED)
    destroyed = world.ended(operations.up(world.admin, preview.id), State.SUCCEEDED)
    assert (destroyed.kind, destroyed.outcome.resources) == (Kind.DESTROY, 0)
    assert world.portal.stacks.get(world.viewer, "dev").health == "never"


def test_an_up_is_refused_by_the_engine_when_the_program_changed_in_between(world):
    preview = world.preview("dev")
    (world.project / "__main__.py").write_text("# another program\n")
    refused = world.ended(world.portal.operations.up(world.developer, preview.id))
    assert refused.outcome.reason is Reason.NOT_AS_APPROVED
    assert refused.outcome.resources == 0


def test_a_repair_needs_a_person_who_looked(world):
    world.scenario.set("dev", crashes=["up-in-vpc"])
    lost = world.ended(world.portal.operations.up(world.developer, world.preview("dev").id), State.LOST)
    assert [each.operation for each in lost.outcome.pending] == ["creating"]
    assert world.portal.stacks.get(world.viewer, "dev").health == "lost"
    with pytest.raises(ConflictError, match="Look in AWS"):
        world.portal.operations.repair(world.admin, "dev", "clear_pending")
    with pytest.raises(InvalidError, match="unlock"):
        world.portal.operations.repair(world.admin, "dev", "magic")
    world.scenario.set("dev", crashes=[])
    repaired = world.ended(world.portal.operations.repair(world.admin, "dev", "clear_pending", confirmed=True))
    assert (repaired.outcome.state, repaired.outcome.pending) == (State.SUCCEEDED, ())


def test_history_shows_only_what_one_may_see_and_pages_through_the_rest(still):
    for stack in ("dev", "prod", "dev", "sandbox", "dev"):
        still.portal.operations.preview(still.developer, stack)
    history = still.portal.operations.history
    assert [each.stack for each in history(still.dev_only).items] == ["dev"] * 3
    with pytest.raises(ForbiddenError):
        history(still.dev_only, stack="prod")
    first = history(still.viewer, limit=2)
    second = history(still.viewer, limit=10, cursor=first.next)
    assert [each.stack for each in (*first.items, *second.items)] == ["dev", "sandbox", "dev", "prod", "dev"]
    assert second.next is None
    with pytest.raises(InvalidError):
        history(still.viewer, cursor="nonsense")
