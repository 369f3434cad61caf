"""Review environments: a branch deployed as a stack of its own, for some hours, and removed for certain.

They have the rights and the credentials of the base stack. The branch's program runs as the portal's own user:
docs/review-environments.md says who has to be trusted.
"""

import logging
import threading
from datetime import datetime, timedelta

from portal.access.roles import Action, Actor
from portal.configuration import PortalSettings
from portal.records import ReviewRecord, ReviewState
from portal.redaction import Redactor
from portal.service.errors import ConflictError, InvalidError, ServiceError, UnavailableError, store_errors
from portal.service.git_checkout import Branch, GitCheckout, GitError, NoBranchError
from portal.service.queue import Queue
from portal.service.reasons import checked_reason
from portal.service.review_folders import ReviewFolders
from portal.service.review_life import ReviewLife
from portal.service.review_outcomes import LONGEST_PROBLEM
from portal.service.review_record import REAPER, unchanged
from portal.service.review_settings import review_name
from portal.service.settings_files import portal_identity
from portal.service.timing import Clock
from portal.store import Store
from portal.store.units import Unit

log = logging.getLogger(__name__)
CLOSED = "the branch is not in the checkout any more"


class Reviews:
    """The review environments. `tick` moves them on: call it every half minute or so, and after an operation ends."""

    def __init__(
        self,
        *,
        store: Store,
        settings: PortalSettings,
        clock: Clock,
        queue: Queue,
        checkout: GitCheckout | None = None,
    ) -> None:
        self._store, self._clock, self._queue, self._rules = store, clock, queue, settings.reviews
        self._checkout = checkout or GitCheckout(settings.project, portal=portal_identity(settings))
        self._folders = ReviewFolders(settings=settings, checkout=self._checkout)
        self._life = ReviewLife(store=store, queue=queue, folders=self._folders)
        self._turn = threading.Lock()  # spares work: what decides between services is the step's own transaction

    def all(self, actor: Actor, *, with_gone: bool = False) -> tuple[ReviewRecord, ...]:
        """Return the review environments, the newest first."""
        actor.require(Action.VIEW, self._rules.base_stack)
        with store_errors(), self._store.reading() as unit:
            return unit.reviews.all(with_gone=with_gone)

    def get(self, actor: Actor, name: str) -> ReviewRecord:
        """Return one review environment, a gone one too. Raises NotThereError."""
        actor.require(Action.VIEW, self._rules.base_stack)
        return self._get(name)

    def branches(self, actor: Actor) -> tuple[Branch, ...]:
        """Return the branches that one can be made of, the newest first."""
        actor.require(Action.VIEW, self._rules.base_stack)
        try:
            return self._checkout.branches() if self._checkout.is_checkout() else ()
        except GitError as error:
            raise UnavailableError(f"The project's checkout does not answer. {error}") from error

    def create(self, actor: Actor, branch: str, hours: int | None = None, why: str = "") -> ReviewRecord:
        """Start a review environment of a branch's newest commit: preview, then `up`, without an approval.

        Raises InvalidError (no such branch, hours, settings that are not valid), and ConflictError where the branch has
        one or there are too many.
        """
        actor.require(Action.MANAGE_REVIEWS, self._rules.base_stack)
        reason = checked_reason(why or f"review of {branch}")
        self._check_enabled()
        lasting = self._hours(hours)
        with self._turn:
            now = self._clock()
            record = self._new(actor, branch, now, now + timedelta(hours=lasting))
            document = self._folders.check(record)
            self._keep(actor, record, reason)
            try:
                return self._life.begin(record, actor, document)
            except (ServiceError, GitError, OSError) as error:
                begun = self._give_up(record, str(error))
                if begun is not None:
                    return begun
                raise ConflictError(f"The branch could not be checked out, and nothing was started. {error}") from error

    def extend(self, actor: Actor, name: str, hours: int) -> ReviewRecord:
        """Let a review environment live on for so many hours more, up to the longest time from its creation."""
        actor.require(Action.MANAGE_REVIEWS, self._rules.base_stack)
        if hours < 1:
            raise InvalidError.of("hours", hours, "it is extended by an hour at least", "write 1 or more")
        with self._turn, store_errors(), self._store.writing() as unit:
            record, now = unit.reviews.get(name), self._clock()
            if record.state in {ReviewState.REAPING, ReviewState.GONE} or record.expires <= now:
                raise ConflictError(f"{name} is being removed, or gone.", "Make a new one of the branch.")
            most = record.created + timedelta(hours=self._rules.longest)
            expires = min(record.expires + timedelta(hours=hours), most)
            if expires <= record.expires:
                raise ConflictError(
                    f"{name} already lives the {self._rules.longest} hours that one may.", "Make a new one afterwards."
                )
            return self._change(unit, actor, "review.extend", record, expires=expires)

    def remove(self, actor: Actor, name: str) -> ReviewRecord:
        """End a review environment now. What runs on it is cancelled first; then it is destroyed until it is gone."""
        actor.require(Action.MANAGE_REVIEWS, self._rules.base_stack)
        with self._turn:
            with store_errors(), self._store.writing() as unit:
                record, now = unit.reviews.get(name), self._clock()
                if record.state is ReviewState.GONE:
                    raise ConflictError(f"{name} is gone already.")
                if record.expires > now:
                    record = self._change(unit, actor, "review.remove", record, expires=now)
                elif record.retry_at is not None:
                    record = self._change(unit, actor, "review.retry", record, retry_at=now)
            return self._advance(record, now)

    def tick(self, now: datetime) -> None:
        """Take every step that is due: go on with what was begun, end what is over or whose branch is closed."""
        with self._turn:
            with store_errors(), self._store.reading() as unit:
                kept = unit.reviews.all()
            living = {record.name for record in kept if record.expires > now}
            there = self._branches_there() if living else None
            for record in kept:
                closed = there is not None and record.name in living and record.branch not in there
                try:
                    self._advance(self._closed(record, now) if closed else record, now)
                except UnavailableError:
                    raise
                except Exception:  # the others are due all the same; this one is tried again with the next tick
                    log.exception("review environment cannot be moved on", extra={"review": record.name})

    def _advance(self, record: ReviewRecord, now: datetime) -> ReviewRecord:
        try:
            return self._life.advance(record, now)
        except UnavailableError:  # the database: nothing can be recorded, and the next tick finds it as it is
            raise
        except (ServiceError, GitError, OSError) as error:
            return self._life.failed(record, error, now)

    def _new(self, actor: Actor, branch: str, now: datetime, expires: datetime) -> ReviewRecord:
        try:
            if not self._checkout.is_whole():
                raise ConflictError(
                    "Review environments are worktrees of branches, and the project is not the top of a git checkout.",
                    "Point `project` in the portal's configuration at one.",
                )
            commit = self._checkout.commit_of(branch)
        except NoBranchError as error:
            raise InvalidError.of("branch", branch, str(error), "choose one that is there") from error
        except GitError as error:
            raise UnavailableError(f"The project's checkout does not answer. {error}") from error
        return ReviewRecord(
            name=review_name(branch), branch=branch, commit=commit, by=actor.person, by_name=actor.name, created=now,
            expires=expires, state=ReviewState.CREATING,
        )  # fmt: skip

    def _keep(self, actor: Actor, record: ReviewRecord, why: str) -> None:
        with store_errors(), self._store.writing() as unit:
            kept = unit.reviews.all()
            if len(kept) >= self._rules.most:
                oldest = min(kept, key=lambda each: each.expires)
                raise ConflictError(
                    f"There are {len(kept)} review environments, and {self._rules.most} at most.",
                    f"Remove one; {oldest.name} of {oldest.by_name} ends first.",
                )
            same = next((each for each in kept if each.branch == record.branch or each.name == record.name), None)
            if same is not None:
                raise ConflictError(
                    f"{same.branch} has a review environment already, or one that is being removed: {same.name}.",
                    "Extend it, or remove it and wait until it is gone to see a newer commit.",
                )
            unit.reviews.put(record)
            details = {"branch": record.branch, "commit": record.commit, "expires": record.expires.isoformat(),
                       "why": why}  # fmt: skip
            self._queue.audit(unit, actor, "review.create", f"review:{record.name}", details)

    def _give_up(self, record: ReviewRecord, problem: str) -> ReviewRecord | None:
        """End a new one whose folder could not be made. No operation was started: there is nothing but the folder.

        Returns the record where another service has begun it meanwhile; then nothing is given up.
        """
        with store_errors(), self._store.writing() as unit:
            if not unchanged(unit, record):
                return unit.reviews.get(record.name)
            due = unit.reviews.update(record.name, expires=self._clock())
            details = {"branch": record.branch, "problem": Redactor().text(problem)[:LONGEST_PROBLEM]}
            self._queue.audit(unit, REAPER, "review.given_up", f"review:{record.name}", details)
        self._advance(due, self._clock())
        return None

    def _closed(self, record: ReviewRecord, now: datetime) -> ReviewRecord:
        log.info("review environment ends: %s", CLOSED, extra={"review": record.name, "branch": record.branch})
        with store_errors(), self._store.writing() as unit:
            if not unchanged(unit, record):
                return unit.reviews.get(record.name)
            return self._change(unit, REAPER, "review.branch_closed", record, expires=now)

    def _change(self, unit: Unit, actor: Actor, action: str, record: ReviewRecord, **changes: datetime) -> ReviewRecord:
        changed = unit.reviews.update(record.name, **changes)
        details = {"branch": record.branch, **{name: value.isoformat() for name, value in changes.items()}}
        self._queue.audit(unit, actor, action, f"review:{record.name}", details)
        return changed

    def _branches_there(self) -> frozenset[str] | None:
        """Return the names of the branches; None where git cannot tell, and then none counts as closed."""
        try:
            return frozenset(each.name for each in self._checkout.branches())
        except GitError as error:
            log.warning("the branches of the checkout cannot be listed", extra={"problem": str(error)})
            return None

    def _get(self, name: str) -> ReviewRecord:
        with store_errors(), self._store.reading() as unit:
            return unit.reviews.get(name)

    def _hours(self, hours: int | None) -> int:
        lasting = self._rules.hours if hours is None else hours
        if 1 <= lasting <= self._rules.longest:
            return lasting
        rule = f"a review environment lives 1 to {self._rules.longest} hours"
        raise InvalidError.of("hours", hours, rule, f"write {self._rules.hours}, and extend it when you need to")

    def _check_enabled(self) -> None:
        if not self._rules.enabled:
            raise ConflictError("This portal makes no review environments.", "reviews.enabled in its configuration.")
