"""Which stacks there are, where each one's program is, which rules and whose rights hold for it."""

import re
from datetime import datetime
from pathlib import Path

from portal.access.roles import Action, Actor
from portal.configuration import PortalSettings, StackRules
from portal.records import ReviewState
from portal.requests import Kind
from portal.service.errors import ConflictError, NotThereError, store_errors
from portal.service.review_settings import LONGEST_NAME
from portal.store import NotThereError as NoSuchRecordError
from portal.store import Store
from portal.store.units import Unit

REVIEW_PREFIX = "review-"
# Names that `review_name` gives. What strangers ask for becomes a path, so nothing else may be one.
_REVIEW = re.compile(rf"{REVIEW_PREFIX}([a-z0-9](?:[a-z0-9-]{{0,{LONGEST_NAME - 2}}}[a-z0-9])?)")


class StackBook:
    """The stacks of the configuration, and the review environments, which follow their base stack."""

    def __init__(self, settings: PortalSettings, store: Store) -> None:
        self._settings, self._store = settings, store

    @property
    def names(self) -> tuple[str, ...]:
        """The configured stacks, in the configuration's order; without review environments."""
        return tuple(self._settings.stacks)

    def is_review(self, stack: str) -> bool:
        """Return whether a stack is a review environment's, by its name: there or not."""
        return _REVIEW.fullmatch(stack) is not None

    def base(self, stack: str) -> str:
        """Return the stack whose credentials and rights hold: of a review environment, its base stack."""
        return self._settings.reviews.base_stack if stack.startswith(REVIEW_PREFIX) else stack

    def root(self, stack: str) -> Path:
        """Return the folder of the stack's program: of a review environment, the checkout of its branch.

        Raises NotThereError for what begins like a review environment and cannot be one.
        """
        if not stack.startswith(REVIEW_PREFIX):
            return self._settings.project
        match = _REVIEW.fullmatch(stack)
        if match is None:
            raise NotThereError(f"stack {stack[:100]!r}: no review environment has such a name.")
        return self._settings.work / "reviews" / match[1]

    def rules(self, stack: str) -> StackRules:
        """Return what holds for a stack. Review environments need no approval; that is what they are for.

        Raises NotThereError for a stack that is not in the configuration any more.
        """
        rules = self._settings.stacks.get(self.base(stack))
        if rules is None:
            raise NotThereError(f"stack {stack[:100]!r}: the portal has no such stack any more.")
        if self.is_review(stack):
            return rules.model_copy(update={"approvals": 0, "by_others": False, "drift": None})
        return rules

    def require(self, actor: Actor, action: Action, stack: str) -> None:
        """Raise ForbiddenError unless the actor may, NotThereError for a stack that nobody knows.

        Reads the database, so not within a transaction: there, `allow`.
        """
        self.allow(actor, action, stack)
        if not self._is_there(stack):
            known = ", ".join(actor.visible(self.names)) or "none that you may see"
            raise NotThereError(f"stack {stack[:100]!r}: the portal has no such stack. There are {known}.")

    def allow(self, actor: Actor, action: Action, stack: str) -> None:
        """Raise ForbiddenError unless the actor may, on a stack that something in the record is about."""
        actor.require(action, self.base(stack))

    def check_open(self, unit: Unit, stack: str, kind: Kind, now: datetime) -> None:
        """Raise ConflictError where a review environment is over: nobody may fill again what is being emptied.

        In the transaction that starts something, so that its end cannot come in between. A repair is let through until
        the environment is gone: what stands in the way of its removal is often a person's to clear.
        """
        if not stack.startswith(REVIEW_PREFIX):
            return
        try:
            record = unit.reviews.get(stack.removeprefix(REVIEW_PREFIX))
        except NoSuchRecordError:
            record = None
        if record is None or record.state is ReviewState.GONE:
            raise ConflictError(f"{stack[:100]} is gone.", "Make a new review environment of the branch.")
        if kind is not Kind.REPAIR and (record.state is ReviewState.REAPING or record.expires <= now):
            raise ConflictError(
                f"{stack} is at its end and is being removed: nothing is started on it any more.",
                "Wait until it is gone, then make a new review environment of the branch.",
            )

    def visible(self, actor: Actor) -> frozenset[str] | None:
        """Return the stacks an actor may see; None for all, those that are no more included."""
        if actor.may(Action.VIEW):
            return None
        return frozenset(actor.visible(self.names))

    def _is_there(self, stack: str) -> bool:
        if self.base(stack) not in self._settings.stacks:
            return False
        if not stack.startswith(REVIEW_PREFIX):
            return True
        match = _REVIEW.fullmatch(stack)
        if match is None:
            return False
        try:
            with store_errors(), self._store.reading() as unit:
                record = unit.reviews.get(match[1])
        except NotThereError:
            return False
        return record.state is not ReviewState.GONE and self.root(stack).is_dir()
