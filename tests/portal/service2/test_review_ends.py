"""No review environment outlives its end, whoever does what meanwhile, and however many services look after it."""

import shutil
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.access.roles import Role
from portal.outcomes import Outcome, State
from portal.records import Progress, ReviewState
from portal.requests import Kind
from portal.service.book import StackBook
from portal.service.errors import ConflictError, NotThereError
from portal.service.git_checkout import Branch
from portal.service.operations import Operations
from portal.service.queue import Queue
from portal.service.review_life import ReviewLife
from portal.service.reviews import Reviews
from portal.service.stacks import Stacks
from settings import SettingsError
from tests.portal.service2.conftest import actor
from tests.portal.service2.test_reviews import ADA, DONE, SEEN, World

BOB = actor("Bob")


class Checkout:
    """Branches without git: what these tests are about happens in the database."""

    def __init__(self):
        self.names = ["fix", "other"]

    def checkout(self):
        return self

    def is_whole(self):
        return True

    def commit_of(self, branch):
        return "c" * 40

    def branches(self):
        return tuple(Branch(name=name, commit="c" * 40, changed="") for name in self.names)


class Folders:
    """Folders with nothing in them."""

    def __init__(self, *, settings, checkout):
        self.of = lambda record: settings.work / "reviews" / record.name

    def check(self, record):
        return {}

    def make(self, record, document=None):
        self.of(record).mkdir(parents=True, exist_ok=True)

    make_for_destroy = make

    def is_usable(self, record):
        return self.of(record).is_dir()

    def remove(self, record):
        shutil.rmtree(self.of(record), ignore_errors=True)


@pytest.fixture
def world(settings, store, clock, monkeypatch):
    monkeypatch.setattr("portal.service.reviews.ReviewFolders", Folders)
    made = World(Checkout(), settings, store, clock)
    made.book = StackBook(settings, store)
    made.operations = Operations(
        store=store, queue=Queue(clock), feed=SimpleNamespace(close=lambda _: None), book=made.book, clock=clock,
        prices=None, region=None,
    )  # fmt: skip
    return made


def put(world, kind, progress=Progress.QUEUED, **more):
    """Somebody's operation on the stack, past what refuses it."""
    world.clock.passes(milliseconds=1)
    with world.store.writing() as unit:
        record = Queue(world.clock).put(unit, BOB, kind=kind, stack="review-fix", **more)
        if progress is not Progress.QUEUED:
            assert unit.operations.claim(record.id, world.clock())
        if progress is Progress.ENDED:
            unit.operations.end(record.id, DONE, world.clock())
    world.clock.passes(milliseconds=1)  # no two are begun at once: the newest is told by its time
    return record


def asked_to_stop(world):
    return {each.kind for each in world.waiting() if each.cancel_asked_by == "system:reviews"}


def test_a_stack_that_somebody_wrote_to_after_its_destroy_is_destroyed_again(world):
    world.up()
    world.tick(hours=24)
    world.ends(DONE, Kind.DESTROY)
    put(world, Kind.UP, Progress.ENDED)
    assert world.tick().state is ReviewState.REAPING, "there are resources again"
    assert world.folder().is_dir()
    world.ends(DONE, Kind.DESTROY)
    assert world.tick().state is ReviewState.GONE


def test_a_writer_that_comes_while_the_folder_goes_is_not_buried_with_it(world, monkeypatch):
    world.up()
    world.tick(hours=24)
    world.ends(DONE, Kind.DESTROY)
    folders = world.reviews._folders
    remove = folders.remove

    def removed(record):
        remove(record)
        put(world, Kind.UP, Progress.ENDED)

    monkeypatch.setattr(folders, "remove", removed)
    assert world.tick().state is ReviewState.REAPING
    world.ends(DONE, Kind.DESTROY)


def test_what_was_started_before_there_was_an_operation_of_its_own_is_destroyed(world, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(ReviewLife, "begin", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            world.create()
    put(world, Kind.UP, Progress.ENDED)
    assert world.tick(hours=24).state is ReviewState.REAPING
    world.ends(DONE, Kind.DESTROY)
    assert world.tick().state is ReviewState.GONE


def test_all_that_stands_in_the_way_is_cancelled_while_it_is_removed_too(world):
    world.up()
    put(world, Kind.DRIFT, Progress.RUNNING)
    put(world, Kind.UP)
    assert world.tick(hours=24).state is ReviewState.UP
    assert asked_to_stop(world) == {Kind.DRIFT, Kind.UP}
    for each in world.waiting():
        with world.store.writing() as unit:
            unit.operations.end(each.id, Outcome(state=State.CANCELLED), world.clock())
    assert world.tick().state is ReviewState.REAPING
    put(world, Kind.DRIFT, Progress.RUNNING)
    put(world, Kind.REPAIR)
    world.tick()
    assert asked_to_stop(world) == {Kind.DRIFT}, "neither its own destroy, nor the repair that may be what it needs"


def test_nobody_starts_anything_on_it_after_its_end(world):
    world.create()
    preview, _ = world.ends(SEEN, Kind.PREVIEW)
    world.clock.passes(hours=24)
    for state in (ReviewState.CREATING, ReviewState.REAPING):
        assert world.now().state is state
        for start in (world.operations.preview, world.operations.refresh, world.operations.check_drift):
            with pytest.raises(ConflictError, match="at its end"):
                start(ADA if start != world.operations.refresh else BOB, "review-fix")
        with pytest.raises(ConflictError, match="at its end"):
            world.operations.up(ADA, preview.id)
        world.tick()
    repair = world.operations.repair(BOB, "review-fix", "unlock", confirmed=True)
    assert repair.progress is Progress.QUEUED, "what keeps it from going is a person's to clear"
    assert world.operations.cancel(BOB, repair.id).outcome.state is State.CANCELLED
    world.ends(DONE, Kind.DESTROY)
    assert world.tick().state is ReviewState.GONE
    with pytest.raises(NotThereError):
        world.operations.preview(ADA, "review-fix")
    with pytest.raises(ConflictError, match="is gone"):
        world.operations.up(ADA, preview.id)


def test_what_can_be_no_review_s_name_is_no_stack_and_no_path(world):
    (world.settings.work / "reviews" / "left").mkdir(parents=True)
    names = ["review-", "review-.", "review-..", "review-../../project", "review-a/b", "review--a", "review-a-",
             "review-" + "./" * 60, "review-" + "a" * 21, "review-a\n", "a" * 200, "review-A"]  # fmt: skip
    for name in names:
        with pytest.raises(NotThereError):
            world.operations.preview(ADA, name)
        if name.startswith("review-"):
            with pytest.raises(NotThereError):
                world.book.root(name)
            assert not world.book.is_review(name), "its rules would need no approval"
    with pytest.raises(NotThereError):
        world.operations.preview(ADA, "review-left")  # a folder, and no record
    dee = actor("Dee", roles={"dev": Role.DEVELOPER})
    with pytest.raises(NotThereError, match=r"There are dev\.$"):
        world.operations.preview(dee, "review-nope")


def test_stack_files_of_reviews_that_come_and_go_are_not_remembered_for_ever(world):
    stacks = Stacks(store=world.store, book=world.book, drift=None, clock=world.clock)
    for number in range(80):
        with pytest.raises(SettingsError):
            stacks.settings(f"review-{number}")
    assert len(stacks._read) < 70


def another(world):
    """A second service on the same database and folders."""
    return Reviews(
        store=world.store, settings=world.settings, clock=world.clock, queue=Queue(world.clock),
        checkout=world.project.checkout(),
    )  # fmt: skip


@pytest.mark.parametrize("step", ["_start", "make"])
def test_two_services_take_each_step_once(world, monkeypatch, step):
    second = another(world)
    owner = world.reviews._life if step == "_start" else world.reviews._folders
    original = getattr(owner, step)

    def overtaken(*arguments, **named):
        second.tick(world.clock())
        return original(*arguments, **named)

    monkeypatch.setattr(owner, step, overtaken)
    record = world.create()
    assert [each.id for each in world.waiting()] == [record.operation]
    world.ends(SEEN, Kind.PREVIEW)
    world.tick()
    world.ends(DONE, Kind.UP)
    assert world.tick().state is ReviewState.UP
    world.reviews.remove(ADA, "fix")
    world.ends(DONE, Kind.DESTROY)
    assert world.tick().state is ReviewState.GONE
    assert world.actions().count("review.gone") == 1


def test_a_step_that_was_decided_before_somebody_extended_it_is_not_taken(world):
    world.up()
    before = world.now()
    world.reviews.extend(ADA, "fix", 10)
    late = before.expires + timedelta(minutes=1)
    found = world.reviews._life.advance(before, late)
    assert (found.state, world.waiting()) == (ReviewState.UP, [])
    assert world.reviews._life.failed(before, OSError("full"), late) == found
    assert world.reviews._closed(replace(before, attempts=7), late) == found


def test_one_that_another_service_has_begun_is_not_given_up(world, monkeypatch):
    second = another(world)

    def there_already(*_):
        second.tick(world.clock())
        raise OSError("it is there already")

    monkeypatch.setattr(world.reviews._folders, "make", there_already)
    record = world.create()
    assert [each.id for each in world.waiting()] == [record.operation]
    assert world.now().expires > world.clock()


def test_a_branch_has_one_whatever_it_was_called_by_an_earlier_version(world):
    record = world.create()
    with world.store.writing() as unit:
        unit.reviews.put(replace(record, name="old-1a2b", branch="other"))
    world.settings.reviews.__dict__["most"] = 5
    with pytest.raises(ConflictError, match="old-1a2b"):
        world.create("other")
