"""Stacks at a glance, drift and its schedule, what the service does by itself, and its log."""

import io
import json
import logging

import pytest

from portal.access.roles import ForbiddenError
from portal.logging_setup import JsonFormatter
from portal.outcomes import State
from portal.service.drift import DriftState
from portal.service.stacks import Health


def health(world, stack="dev"):
    return world.portal.stacks.get(world.viewer, stack).health


def test_stacks_are_shown_to_who_may_see_them_with_where_they_are(still):
    views = still.portal.stacks.all(still.viewer)
    assert [view.name for view in views] == ["dev", "preprod", "prod", "sandbox"]
    assert [view.name for view in still.portal.stacks.all(still.dev_only)] == ["dev"]
    assert still.portal.stacks.all(still.stranger) == []
    prod = views[2]
    assert (prod.environment, prod.account, prod.region) == ("prod", "333333333333", "us-east-1")
    assert (prod.health, prod.approvals, prod.by_others) == (Health.NEVER, 2, True)
    (still.project / "Pulumi.prod.yaml").write_text("config: {}\n")
    broken = still.portal.stacks.get(still.viewer, "prod")
    assert "mlops:settings" in broken.problem
    assert broken.environment == ""


def test_health_follows_what_happened_last(world):
    assert health(world) is Health.NEVER
    world.deploy("dev")
    assert health(world) is Health.OK
    world.scenario.set("dev", locked=True)
    world.ended(world.portal.operations.refresh(world.approver, "dev"), State.LOCKED)
    assert health(world) is Health.LOCKED
    world.scenario.set("dev", locked=False, drift={"vpc": {"cidrBlock": "10.99.0.0/16"}})
    world.deploy("dev")
    assert health(world) is Health.OK
    world.ended(world.portal.operations.check_drift(world.developer, "dev"), State.SUCCEEDED)
    assert health(world) is Health.DRIFTED
    world.ended(world.portal.operations.refresh(world.approver, "dev"), State.SUCCEEDED)
    assert health(world) is Health.OK, "what was written since makes the check old"
    assert world.portal.drift.get(world.viewer, "dev").outdated


def test_a_preview_without_changes_waits_for_nobody(world):
    world.preview("preprod")
    assert health(world, "preprod") is Health.WAITING
    world.deploy("preprod")
    world.preview("preprod")
    assert health(world, "preprod") is Health.OK


def test_drift_names_the_resources_and_what_differs(world):
    world.deploy("dev")
    assert world.portal.drift.get(world.viewer, "dev").state is DriftState.UNKNOWN
    world.ended(world.portal.operations.check_drift(world.developer, "dev"), State.SUCCEEDED)
    assert world.portal.drift.get(world.viewer, "dev").state is DriftState.CLEAN
    world.scenario.set("dev", drift={"vpc": {"cidrBlock": "10.99.0.0/16"}})
    world.ended(world.portal.operations.check_drift(world.developer, "dev"), State.SUCCEEDED)
    view = world.portal.drift.get(world.viewer, "dev")
    (found,) = view.resources
    assert (view.state, found.name, found.operation) == (DriftState.DRIFTED, "vpc", "update")
    assert [(change.path, change.new) for change in found.changes] == [("cidrBlock", "10.99.0.0/16")]
    with pytest.raises(ForbiddenError):
        world.portal.operations.check_drift(world.viewer, "dev")


def test_drift_is_checked_when_its_time_has_come_and_once(world):
    world.portal.schedule.stop()  # so that each look here is the only one
    check = world.portal.drift.check_due
    world.deploy("dev")
    assert check() == [], "dev is checked on demand only, and the others were never deployed"
    assert world.portal.drift.get(world.viewer, "dev").due is None
    world.deploy("sandbox")
    (first,) = check()
    assert (first.stack, first.by) == ("sandbox", "system:drift")
    assert check() == [], "one waits or runs already"
    world.ended(first, State.SUCCEEDED)
    assert check() == [], "the next one is due a day later"
    world.clock.forward(hours=23)
    assert check() == []
    world.clock.forward(hours=1)
    second = world.another(start=False)
    both = [*check(), *second.drift.check_due()]
    assert len(both) == 1, "two services check once"


def test_old_events_are_forgotten_and_the_end_stays(world):
    preview = world.preview("dev")
    world.clock.forward(days=91)
    world.portal.schedule.wake()
    world.until(lambda: not world.portal.operations.events(world.viewer, preview.id), "old events to be forgotten")
    assert [each["event"] for each in world.events(preview)] == ["ended"]
    assert world.get(preview).outcome.counts == {"create": 4}


def test_a_task_that_fails_stops_no_other(still):
    from portal.service.schedule import Schedule

    done = []

    def broken():
        raise RuntimeError("a defect")

    Schedule({"a": broken, "b": lambda: done.append(1)}, timing=still.timing, leads=lambda: True).look()
    assert done == [1]
    Schedule({"b": lambda: done.append(2)}, timing=still.timing, leads=lambda: False).look()
    assert done == [1], "only the service that leads does things by itself"


def test_the_log_has_ids_and_nothing_that_people_wrote(world):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("portal.service")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        preview = world.preview("dev", why="because of Mallory's ticket")
        world.until(lambda: "operation ended" in stream.getvalue())
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    queued = next(line for line in lines if line["message"] == "operation queued")
    assert (queued["operation"], queued["stack"], queued["actor"]) == (preview.id, "dev", world.developer.id)
    assert "Mallory" not in stream.getvalue()
