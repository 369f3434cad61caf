"""Review environments until they are gone, whatever happens in between. The test plays the engine."""

import logging
from datetime import timedelta

import pytest
import yaml

from portal.access.roles import ForbiddenError, Role
from portal.fingerprints import Fingerprint
from portal.outcomes import Lock, Outcome, Pending, Reason, State, repairs_for
from portal.records import ReviewState
from portal.requests import Kind
from portal.service.errors import ConflictError, InvalidError, NotThereError, UnavailableError
from portal.service.git_checkout import GitCheckout, GitError
from portal.service.queue import Queue
from portal.service.review_life import ReviewLife
from portal.service.review_outcomes import problem_of, wait_after
from portal.service.reviews import Reviews
from portal.store import StoreDownError
from settings import read_stack_file
from tests.portal.service2.conftest import START, actor

ADA = actor("Ada", role=Role.DEVELOPER)
DONE = Outcome(state=State.SUCCEEDED)
SEEN = Outcome(state=State.SUCCEEDED, fingerprint=Fingerprint(commit="c", program="p", config="o", state="s", plan="l"))
BROKEN = Outcome(state=State.FAILED, reason=Reason.RESOURCES, message="AWS refused")


class World:
    def __init__(self, project, settings, store, clock):
        self.project, self.settings, self.store, self.clock = project, settings, store, clock
        self.start()

    def start(self):
        """A service starts, as after a crash: it knows what the database and the disk hold."""
        queue = Queue(self.clock)
        self.reviews = Reviews(
            store=self.store, settings=self.settings, clock=self.clock, queue=queue, checkout=self.project.checkout()
        )

    def create(self, branch="fix", hours=None, person=ADA):
        return self.reviews.create(person, branch, hours, "to look at it")

    def tick(self, **later):
        self.clock.passes(**later)
        self.reviews.tick(self.clock())
        return self.now()

    def now(self, name="fix"):
        return self.reviews.get(ADA, name)

    def waiting(self):
        """What the engine has to do, oldest first."""
        with self.store.reading() as unit:
            return list(unit.operations.unfinished())

    def ends(self, outcome, kind=None):
        """The engine ends the one operation there is."""
        self.clock.passes(milliseconds=1)  # no two begin at once
        (operation,) = self.waiting()
        assert kind in (None, operation.kind), f"the next step is {kind}"
        with self.store.writing() as unit:
            arguments = unit.operations.arguments(operation.id)
            assert unit.operations.claim(operation.id, self.clock())
            unit.operations.end(operation.id, outcome, self.clock())
        return operation, arguments

    def up(self, **options):
        record = self.create(**options)
        self.ends(SEEN, Kind.PREVIEW)
        self.tick()
        self.ends(DONE, Kind.UP)
        assert self.tick().state is ReviewState.UP
        return record

    def folder(self, name="fix"):
        return self.settings.work / "reviews" / name

    def actions(self):
        with self.store.reading() as unit:
            return [entry.action for entry in reversed(unit.audit.page().items)]


@pytest.fixture
def world(project, settings, store, clock):
    project.branch("fix")
    return World(project, settings, store, clock)


def test_a_branch_is_checked_out_previewed_and_deployed_as_previewed_without_an_approval(world):
    record = world.create()
    assert (record.stack, record.state, record.by) == ("review-fix", ReviewState.CREATING, ADA.id)
    assert (world.folder() / "change.txt").read_text() == "fix", "the branch's own files"
    settings = read_stack_file(world.folder() / "Pulumi.review-fix.yaml")
    assert settings.unit.startswith("rv"), "its names are its own"
    preview, _ = world.ends(SEEN, Kind.PREVIEW)
    assert (preview.stack, preview.by, preview.by_name) == ("review-fix", ADA.id, "Ada")
    world.tick()
    up, _ = world.ends(DONE, Kind.UP)
    assert up.preview == preview.id, "only what was judged by the policies is deployed"
    assert up.by == ADA.id
    assert world.tick().state is ReviewState.UP
    assert world.actions() == ["review.create", "operation.preview", "operation.up", "review.up"]
    assert world.project.git("status", "--porcelain") == "", "the project itself is as it was"


def test_at_its_time_it_is_destroyed_and_nothing_of_it_is_left(world):
    world.up(hours=2)
    assert world.tick(hours=1, minutes=59).state is ReviewState.UP
    assert world.tick(minutes=1).state is ReviewState.REAPING
    _, arguments = world.ends(DONE, Kind.DESTROY)
    assert arguments == {"remove": True}, "the empty stack goes too"
    assert world.tick().state is ReviewState.GONE
    assert not world.folder().exists()
    assert "reviews" not in world.project.git("worktree", "list")
    assert world.reviews.all(ADA) == ()
    assert [review.name for review in world.reviews.all(ADA, with_gone=True)] == ["fix"]
    assert world.actions()[-3:] == ["operation.destroy", "review.reaping", "review.gone"]
    assert world.create().state is ReviewState.CREATING, "its name is free again"


@pytest.mark.parametrize("crash", range(5))
def test_a_service_that_is_killed_at_any_point_goes_on_where_it_was(world, crash, monkeypatch):
    def step(place, act):
        if place == crash:
            world.start()
        act()

    with monkeypatch.context() as patched:
        if crash == 0:  # between the record and the worktree
            patched.setattr(GitCheckout, "add_worktree", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                world.create()
        else:
            world.create()
    step(0, world.tick)
    step(1, lambda: world.ends(SEEN, Kind.PREVIEW))
    step(2, world.tick)
    world.ends(DONE, Kind.UP)
    step(3, lambda: world.tick(hours=24))
    world.ends(DONE, Kind.DESTROY)
    step(4, world.tick)
    assert world.now().state is ReviewState.GONE
    with world.store.reading() as unit:
        kinds = [operation.kind for operation in reversed(unit.operations.of_stack("review-fix", 10))]
    assert kinds == [Kind.PREVIEW, Kind.UP, Kind.DESTROY], "nothing ran twice"


def test_a_destroy_that_fails_is_tried_again_for_ever_with_longer_waits_and_an_alarm(world, caplog):
    world.up()
    waits = []
    for attempt in range(1, 8):
        record = world.tick(hours=24 if attempt == 1 else 0)
        assert (record.state, record.attempts) == (ReviewState.REAPING, attempt)
        world.ends(BROKEN, Kind.DESTROY)
        record = world.tick()
        assert record.problem == "AWS refused"
        waits.append(record.retry_at - world.clock())
        assert world.tick(seconds=waits[-1].total_seconds() - 1).retry_at, "not before its time"
        assert world.waiting() == []
        world.clock.passes(seconds=1)
    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 32, 60)]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [error.attempts for error in errors] == [5, 6, 7], "somebody is told from the fifth on"
    world.tick()
    world.ends(Outcome(state=State.FAILED, reason=Reason.NO_STACK), Kind.DESTROY)
    assert world.tick().state is ReviewState.GONE, "no stack is what was wanted"


def test_the_wait_never_passes_an_hour():
    assert wait_after(10_000) == timedelta(hours=1)


def test_a_lock_of_a_dead_process_is_taken_away_before_the_next_try(world):
    world.up()
    world.tick(hours=24)
    stale = (Lock(by="x@y", process=1),)
    repairs = repairs_for((), stale)
    harmless = tuple(repair.__class__(step=repair.step, about="", needs_confirmation=False) for repair in repairs)
    world.ends(Outcome(state=State.LOCKED, locks=stale, repairs=harmless), Kind.DESTROY)
    world.tick()
    world.tick(minutes=1)
    _, arguments = world.ends(DONE, Kind.REPAIR)
    assert arguments == {"step": "unlock", "confirmed": False}
    world.tick()
    world.ends(DONE, Kind.DESTROY)
    assert world.tick().state is ReviewState.GONE


def test_a_lock_whose_holder_may_live_is_left_alone(world):
    world.up()
    world.tick(hours=24)
    held = (Lock(by="x@elsewhere", process=1),)
    world.ends(Outcome(state=State.LOCKED, locks=held, repairs=repairs_for((), held)), Kind.DESTROY)
    world.tick()
    world.tick(minutes=1)
    world.ends(DONE, Kind.DESTROY)


def test_protected_resources_are_named():
    urn = "urn:pulumi:review-fix::mlops::mlops:index:Platform$aws:s3/bucket:Bucket::data"
    said = f'resource "{urn}" cannot be deleted\nbecause it is protected. … `pulumi state unprotect {urn}`'
    outcome = Outcome(
        state=State.FAILED, message="resources failed", diagnostics=(said,),
        pending=(Pending(urn="urn:pulumi:a::b::c::role", type="t", operation="creating"),),
    )  # fmt: skip
    problem = problem_of(outcome)
    assert problem.startswith("Protected resources refuse to be destroyed: aws:s3/bucket:Bucket data.")
    assert "creating role" in problem


def test_settings_that_are_not_valid_any_more_do_not_keep_it_alive(world):
    world.up()
    world.tick(hours=24)
    file = world.folder() / "Pulumi.review-fix.yaml"
    file.write_text("config: {}\n")
    world.ends(Outcome(state=State.FAILED, reason=Reason.SETTINGS, message="a key is unknown"), Kind.DESTROY)
    world.tick()
    assert read_stack_file(file).unit.startswith("rv"), "written anew by today's rules"


def test_a_folder_that_somebody_deleted_is_made_again_to_destroy_from(world):
    world.up()
    world.project.git("worktree", "remove", "--force", str(world.folder()))
    world.tick(hours=24)
    assert (world.folder() / "Pulumi.yaml").is_file()
    assert yaml.safe_load((world.folder() / "Pulumi.review-fix.yaml").read_text())["config"]
    world.ends(DONE, Kind.DESTROY)
    assert world.tick().state is ReviewState.GONE
    assert not world.folder().exists()


def test_a_preview_or_up_that_fails_leaves_what_is_there_to_the_reaper(world):
    world.create()
    world.ends(Outcome(state=State.FAILED, reason=Reason.POLICY, message="a bucket is public"), Kind.PREVIEW)
    record = world.tick()
    assert (record.state, record.problem) == (ReviewState.FAILED, "a bucket is public")
    assert world.actions()[-1] == "review.failed"
    assert world.waiting() == []
    assert world.tick(hours=24).state is ReviewState.REAPING


def test_who_removes_it_while_it_is_deployed_has_that_cancelled_first(world):
    world.create()
    world.reviews.remove(actor("Bob"), "fix")
    (preview,) = world.waiting()
    assert preview.cancel_asked_by == "system:reviews"
    assert world.tick().state is ReviewState.CREATING, "one at a time on a stack"
    world.ends(Outcome(state=State.CANCELLED, reason=Reason.ASKED))
    assert world.tick().state is ReviewState.REAPING
    world.ends(DONE, Kind.DESTROY)
    assert world.tick().state is ReviewState.GONE
    with pytest.raises(ConflictError, match="gone already"):
        world.reviews.remove(ADA, "fix")


def test_it_is_extended_up_to_the_longest_time_and_not_once_it_is_over(world):
    world.up()
    assert world.reviews.extend(ADA, "fix", 10).expires == START + timedelta(hours=34)
    assert world.reviews.extend(ADA, "fix", 1000).expires == START + timedelta(hours=72), "cut to the longest"
    with pytest.raises(ConflictError, match="already lives the 72 hours"):
        world.reviews.extend(ADA, "fix", 1)
    world.tick(hours=73)
    with pytest.raises(ConflictError, match="being removed"):
        world.reviews.extend(ADA, "fix", 1)
    assert "review.extend" in world.actions()


def test_a_branch_that_is_deleted_ends_its_review_and_git_that_does_not_answer_ends_none(world, monkeypatch):
    world.up()
    with monkeypatch.context() as patched:
        patched.setattr(GitCheckout, "branches", lambda _: (_ for _ in ()).throw(GitError("locked")))
        assert world.tick().state is ReviewState.UP
    world.project.git("branch", "-D", "fix")
    assert world.tick().state is ReviewState.REAPING
    assert "review.branch_closed" in world.actions()


def test_there_are_so_many_at_most_and_one_per_branch(world):
    world.project.branch("two")
    world.project.branch("three")
    world.create("fix")
    with pytest.raises(ConflictError, match="has a review environment already"):
        world.create("fix")
    world.create("two")
    with pytest.raises(ConflictError, match="2 at most"):
        world.create("three")
    assert not world.folder("three").exists()


def test_nothing_is_made_of_what_is_wrong(world):
    text = world.project.file.read_text().replace("accuracy: 0.80", "accuracy: 80")
    world.project.branch("bad", text)
    with pytest.raises(InvalidError) as refused:
        world.create("bad")
    assert [problem.path for problem in refused.value.problems] == ["models.fraud-detector.gate.accuracy"]
    for branch in ("gone", "--orphan", "main:x"):
        with pytest.raises(InvalidError, match="branch"):
            world.create(branch)
    with pytest.raises(InvalidError, match="hours"):
        world.create("fix", hours=73)
    with pytest.raises(ForbiddenError):
        world.create("fix", person=actor("Vic", role=Role.VIEWER))
    with pytest.raises(NotThereError):
        world.reviews.get(ADA, "fix")
    assert world.waiting() == []
    assert not (world.settings.work / "reviews").exists()


def test_a_checkout_that_fails_leaves_nothing_behind(world, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(GitCheckout, "add_worktree", lambda *_: (_ for _ in ()).throw(GitError("disk full")))
        with pytest.raises(ConflictError, match="disk full"):
            world.create()
    assert world.now().state is ReviewState.GONE
    assert world.actions() == ["review.create", "review.given_up", "review.gone"]
    assert world.create().state is ReviewState.CREATING


def test_an_up_that_a_person_started_by_hand_is_taken_over(world):
    world.create()
    preview, _ = world.ends(SEEN, Kind.PREVIEW)
    with world.store.writing() as unit:
        by_hand = Queue(world.clock).put(unit, ADA, kind=Kind.UP, stack="review-fix", preview=preview.id)
    world.tick()
    assert [each.id for each in world.waiting()] == [by_hand.id], "a preview is carried out once"
    world.ends(DONE, Kind.UP)
    world.tick()
    assert world.now().state is ReviewState.UP


def test_branches_are_listed_with_those_of_the_remote(world, tmp_path):
    world.project.git("update-ref", "refs/remotes/origin/theirs", world.project.git("rev-parse", "fix"))
    assert {branch.name for branch in world.reviews.branches(ADA)} == {"main", "fix", "theirs"}
    assert world.create("theirs").commit == world.project.git("rev-parse", "fix")


def test_a_database_that_does_not_answer_is_told_and_the_next_tick_goes_on(world, monkeypatch):
    world.up()
    world.clock.passes(hours=24)
    with monkeypatch.context() as patched:
        patched.setattr(world.store, "writing", lambda: (_ for _ in ()).throw(StoreDownError("down")))
        with pytest.raises(UnavailableError):
            world.reviews.tick(world.clock())
    assert world.now().state is ReviewState.UP
    assert world.tick().state is ReviewState.REAPING


def test_one_that_fails_in_an_unforeseen_way_stops_no_other(world, monkeypatch, caplog):
    world.project.branch("two")
    world.up()
    world.create("two")
    world.ends(SEEN)
    advance = ReviewLife.advance

    def odd(self, record, now):
        if record.name == "two":
            raise RuntimeError("never thought of")
        return advance(self, record, now)

    monkeypatch.setattr(ReviewLife, "advance", odd)
    assert world.tick(hours=24).state is ReviewState.REAPING
    assert "cannot be moved on" in caplog.text
