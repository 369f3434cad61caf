"""Approvals: who, how many, for how long, of what, and once."""

from datetime import timedelta

import pytest

from portal.access.roles import Actor, ForbiddenError, Role
from portal.outcomes import State
from portal.service.errors import ConflictError


def why_not(world, preview):
    return world.portal.operations.approvals(world.viewer, preview.id).why_not_ready


def test_prod_needs_two_others(world):
    operations = world.portal.operations
    preview = world.preview("prod", by=world.approver)
    assert why_not(world, preview).startswith("2 more approvals")
    state = operations.approvals(world.viewer, preview.id)
    assert not state.may_approve(world.approver), "who asked is none of the two"
    assert state.may_approve(world.second_approver)
    with pytest.raises(ConflictError, match="others approve"):
        operations.approve(world.approver, preview.id)
    with pytest.raises(ForbiddenError):
        operations.approve(world.developer, preview.id)
    operations.approve(world.second_approver, preview.id, "fine")
    with pytest.raises(ConflictError, match="already decided"):
        operations.approve(world.second_approver, preview.id)
    with pytest.raises(ConflictError, match=r"1 more approval .* \(1 of 2"):
        operations.up(world.developer, preview.id)
    assert world.portal.stacks.get(world.viewer, "prod").health == "waiting"
    operations.approve(world.admin, preview.id)
    state = operations.approvals(world.viewer, preview.id)
    assert (state.ready, state.given, state.needed) == (True, 2, 2)
    up = world.ended(operations.up(world.developer, preview.id), State.SUCCEEDED)
    used = operations.approvals(world.viewer, preview.id)
    assert used.used_by == up.id
    assert {each.used_by for each in used.decisions} == {up.id}


def test_a_token_of_the_person_who_asked_is_the_same_person(world):
    token = Actor(
        id="token:abc", name="Dan's token", owner=world.developer.id, via="token", roles={"*": Role.ADMIN},
        scopes=frozenset({"read", "preview", "approve", "deploy"}),
    )  # fmt: skip
    preview = world.ended(world.portal.operations.preview(token, "prod"))
    assert preview.by == world.developer.id, "the person behind it answers for it"
    admin_dan = Actor(id=world.developer.id, name="Dan", roles={"*": Role.ADMIN})
    with pytest.raises(ConflictError, match="others approve"):
        world.portal.operations.approve(admin_dan, preview.id)
    with pytest.raises(ConflictError, match="others approve"):
        world.portal.operations.approve(token, preview.id)


def test_an_approval_is_used_once(world):
    preview = world.approved("preprod")
    world.ended(world.portal.operations.up(world.developer, preview.id), State.SUCCEEDED)
    with pytest.raises(ConflictError, match="carried out already"):
        world.portal.operations.up(world.developer, preview.id)
    with pytest.raises(ConflictError, match="carried out already"):
        world.portal.operations.approve(world.second_approver, preview.id)


def test_a_cancelled_deployment_has_used_its_approvals(still):
    still.portal.start()
    preview = still.approved("preprod")
    still.scenario.stop("preprod", "up-begin")
    up = still.portal.operations.up(still.developer, preview.id)
    still.portal.operations.cancel(still.developer, up.id)
    still.ended(up, State.CANCELLED)
    with pytest.raises(ConflictError, match="carried out already"):
        still.portal.operations.up(still.developer, preview.id)


def test_what_somebody_rejected_cannot_be_used(world):
    preview = world.preview("preprod")
    world.portal.operations.approve(world.approver, preview.id)
    world.portal.operations.reject(world.second_approver, preview.id, "the gate is too low")
    assert "Ben rejected it: the gate is too low" in why_not(world, preview)
    with pytest.raises(ConflictError, match="rejected"):
        world.portal.operations.up(world.developer, preview.id)


def test_who_asked_may_reject_the_own_preview(world):
    preview = world.preview("prod", by=world.approver)
    world.portal.operations.reject(world.approver, preview.id, "my mistake")
    assert "rejected" in why_not(world, preview)


def test_approvals_hold_for_the_stacks_time(world):
    preview = world.approved("prod")
    assert why_not(world, preview) == ""
    world.clock.forward(hours=24)
    assert "too old" in why_not(world, preview)
    with pytest.raises(ConflictError, match="too old"):
        world.portal.operations.up(world.developer, preview.id)


def test_a_newer_deployment_makes_older_previews_useless(world):
    older = world.approved("preprod")
    newer = world.deploy("preprod")
    assert newer.id in why_not(world, older)
    with pytest.raises(ConflictError, match="another one"):
        world.portal.operations.up(world.developer, older.id)
    after = world.preview("preprod")
    assert "another one" not in why_not(world, after)


def test_a_deployment_that_waits_or_runs_already_does(world):
    older = world.approved("preprod")
    world.scenario.stop("preprod", "up-begin")
    up = world.portal.operations.up(world.developer, world.approved("preprod").id)
    world.scenario.reached("preprod", "up-begin")
    assert f"{up.id} (up) runs" in why_not(world, older)
    world.scenario.go("preprod")
    world.ended(up)


def test_a_refresh_that_found_nothing_leaves_previews_usable(world):
    world.deploy("preprod")
    preview = world.approved("preprod")
    world.ended(world.portal.operations.refresh(world.approver, "preprod"), State.SUCCEEDED)
    assert why_not(world, preview) == ""
    world.scenario.set("preprod", drift={"vpc": {"cidrBlock": "10.99.0.0/16"}})
    world.ended(world.portal.operations.refresh(world.approver, "preprod"), State.SUCCEEDED)
    assert "another one" in why_not(world, preview)


def test_a_refused_deployment_did_nothing(world):
    older = world.preview("dev")
    newer = world.preview("dev")
    main = world.project / "__main__.py"
    text = main.read_text()
    main.write_text("# changed\n")
    world.ended(world.portal.operations.up(world.developer, newer.id), State.FAILED)
    main.write_text(text)
    assert why_not(world, older) == "", "the stack is as the older preview saw it"
    world.ended(world.portal.operations.up(world.developer, older.id), State.SUCCEEDED)


def test_only_successful_previews_can_be_approved(world):
    drift = world.ended(world.portal.operations.check_drift(world.developer, "preprod"))
    with pytest.raises(ConflictError, match="no preview"):
        world.portal.operations.approve(world.approver, drift.id)
    world.scenario.stop("preprod", "preview-begin")
    running = world.portal.operations.preview(world.developer, "preprod")
    with pytest.raises(ConflictError, match="not ended"):
        world.portal.operations.approve(world.approver, running.id)
    assert world.portal.operations.approvals(world.viewer, running.id).valid_until is None
    world.scenario.go("preprod")
    ended = world.ended(running)
    valid = world.portal.operations.approvals(world.viewer, running.id).valid_until
    assert valid == ended.ended + timedelta(hours=24)
