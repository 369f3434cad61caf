"""Review environments in a running portal: real threads, real database, worker processes of their own."""

import subprocess
import time

import pytest

from portal.records import ReviewState
from tests.portal.scenario import resource
from tests.portal.world import PortalWorld, stack_files

pytestmark = pytest.mark.stories


def git(folder, *arguments):
    names = [f"user.{key}={value}" for key, value in (("name", "Grace"), ("email", "grace@example.com"))]
    options = [part for name in names for part in ("-c", name)]
    subprocess.run(["git", "-C", str(folder), *options, *arguments], check=True, capture_output=True)


@pytest.fixture
def world(tmp_path):
    project = tmp_path / "project"
    stack_files(project)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "begin")
    git(project, "branch", "fix")
    with PortalWorld(tmp_path) as world:
        world.scenario.set("review-fix", resources=[resource("vpc", "aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")])
        yield world


def becomes(world, state, within=30.0):
    deadline = time.monotonic() + within
    while (record := world.portal.reviews.get(world.viewer, "fix")).state is not state:
        assert time.monotonic() < deadline, f"it is {record.state} and not {state}: {record.problem}"
        time.sleep(0.02)
    return record


def test_a_branch_comes_up_and_goes_at_its_time(world):
    world.portal.reviews.create(world.developer, "fix", 2, "to look at it")
    record = becomes(world, ReviewState.UP)
    history = world.portal.operations.history(world.viewer).items
    assert [(each.kind, each.stack, each.by) for each in reversed(history)] == [
        ("preview", "review-fix", world.developer.id),
        ("up", "review-fix", world.developer.id),
    ]
    assert (world.state / "scripted" / "review-fix.json").is_file()
    world.clock.forward(hours=2)
    gone = becomes(world, ReviewState.GONE)
    assert gone.attempts == 1
    assert not (world.work / "reviews" / "fix").exists()
    assert not (world.state / "scripted" / "review-fix.json").exists(), "the empty stack is gone too"
    assert world.portal.reviews.create(world.developer, "fix").created > record.created


def test_what_a_branch_protects_is_named_and_goes_once_it_is_not_protected_any_more(world):
    protected = resource("vpc", "aws:ec2/vpc:Vpc", protected=True, cidrBlock="10.0.0.0/16")
    world.scenario.set("review-fix", resources=[protected])
    world.portal.reviews.create(world.developer, "fix", 2)
    becomes(world, ReviewState.UP)
    world.portal.reviews.remove(world.developer, "fix")
    deadline = time.monotonic() + 30
    while not (record := world.portal.reviews.get(world.viewer, "fix")).problem:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "vpc is protected" in record.problem
    state = world.state / "scripted" / "review-fix.json"
    state.write_text(state.read_text().replace('"protected": true', '"protected": false'))
    world.clock.forward(minutes=2)
    becomes(world, ReviewState.GONE)
