"""A service is killed at every point of a review environment's life; it comes up once, and goes for certain."""

import pytest

from portal.outcomes import State
from portal.records import ReviewState
from portal.requests import Kind
from tests.portal.faults.points import Fault
from tests.portal.faults.service import RefusedError
from tests.portal.faults.test_settings_killed import git, repository
from tests.portal.faults.world import FaultWorld, small

pytestmark = pytest.mark.faults


@pytest.fixture
def world(tmp_path):
    repository(tmp_path / "project")
    git(tmp_path / "project", "branch", "fix")
    with FaultWorld(tmp_path) as made:
        made.scenario.set("review-fix", resources=small("review-fix"))
        yield made


def review(world):
    try:
        return world.ask("reviews.get", "viewer", "fix")
    except RefusedError as refused:
        if refused.kind != "NotThereError":
            raise
        return None


def becomes(world, *states):
    def there():
        if not world.service.alive:
            world.revive()
        return (found := review(world)) is not None and found.state in states and found

    return world.until(there, f"it to be {states}", within=40)


def create(world):
    world.ask_unless_done("already", "reviews.create", "developer", "fix", 2, "to look at it")


def kinds(world):
    return [(record.kind, record.outcome.state) for record in world.all()]


@pytest.mark.parametrize("point", [
    "in transaction of review.create", "before commit of review.create", "after commit of review.create",
    "before add worktree", "after add worktree", "before stack file of review", "after stack file of review",
    "before commit of operation.preview", "after commit of operation.preview", "before asking for preview",
    "before commit of operation.ended of preview", "after commit of operation.ended of preview",
    "before commit of operation.up", "after commit of operation.up", "before asking for up",
    "before commit of operation.ended of up", "before commit of review up", "after commit of review up",
])  # fmt: skip
def test_while_it_comes_up_it_comes_up_once(world, point):
    world.serve(Fault(point))
    create(world)
    becomes(world, ReviewState.UP)
    if not world.deaths:
        world.revive()
    assert kinds(world) == [(Kind.PREVIEW, State.SUCCEEDED), (Kind.UP, State.SUCCEEDED)]
    world.check_truth()
    assert world.deaths == 1


@pytest.mark.parametrize("point", ["in transaction of review.extend", "before commit of review.extend",
                                   "after commit of review.extend"])  # fmt: skip
def test_an_extension_is_there_with_its_entry_or_not_at_all(world, point):
    world.serve()
    create(world)
    before = becomes(world, ReviewState.UP).expires
    world.service.kill()
    world.serve(Fault(point))
    world.ask("reviews.extend", "developer", "fix", 1)
    after = review(world).expires
    entries = world.audited("review.extend")
    assert [entry.details["expires"] for entry in entries][-1] == after.isoformat()
    assert (after - before).total_seconds() / 3600 == len(entries), "each entry is an hour"
    world.check_truth()


@pytest.mark.parametrize("point", [
    "in transaction of review.remove", "after commit of review.remove", "before commit of operation.destroy",
    "after commit of operation.destroy", "after commit of claim of destroy", "before asking for destroy",
    "heard resource_changed data", "before commit of operation.ended of destroy",
    "after commit of operation.ended of destroy", "before remove worktree", "after remove worktree",
    "before commit of review.gone", "after commit of review.gone",
])  # fmt: skip
def test_while_it_is_removed_it_goes_all_the_same(world, point):
    world.serve()
    create(world)
    becomes(world, ReviewState.UP)
    world.service.kill()
    world.serve(Fault(point))
    world.ask_unless_done("gone already", "reviews.remove", "developer", "fix")
    gone = becomes_gone(world)
    if not world.deaths:
        world.revive()
    assert gone.problem == ""
    assert not (world.work / "reviews" / "fix").exists()
    assert not (world.state / "scripted" / "review-fix.json").exists()
    assert [entry.action for entry in world.audited("review.*")].count("review.gone") == 1
    assert [state for kind, state in kinds(world) if kind is Kind.DESTROY].count(State.SUCCEEDED) == 1
    world.check_truth()


def becomes_gone(world):
    """Reaping that was cut short is tried again after a minute: the clock goes on meanwhile."""

    def there():
        if not world.service.alive:
            world.revive()
        found = review(world)
        if found.retry_at is not None:
            world.ask("forward", seconds=90)
        return found.state is ReviewState.GONE and found

    return world.until(there, "it to be gone", within=40)
