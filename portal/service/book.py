"""Which stacks there are, where each one's program is, which rules and whose rights hold for it."""

from pathlib import Path

from portal.access.roles import Action, Actor
from portal.configuration import PortalSettings, StackRules
from portal.service.errors import NotThereError

REVIEW_PREFIX = "review-"


class StackBook:
    """The stacks of the configuration, and the review environments, which follow their base stack."""

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings

    @property
    def names(self) -> tuple[str, ...]:
        """The configured stacks, in the configuration's order; without review environments."""
        return tuple(self._settings.stacks)

    def is_review(self, stack: str) -> bool:
        """Return whether a stack is a review environment's."""
        return stack.startswith(REVIEW_PREFIX)

    def base(self, stack: str) -> str:
        """Return the stack whose credentials and rights hold: of a review environment, its base stack."""
        return self._settings.reviews.base_stack if self.is_review(stack) else stack

    def root(self, stack: str) -> Path:
        """Return the folder of the stack's program: of a review environment, the checkout of its branch."""
        if self.is_review(stack):
            return self._settings.work / "reviews" / stack.removeprefix(REVIEW_PREFIX)
        return self._settings.project

    def rules(self, stack: str) -> StackRules:
        """Return what holds for a stack. Review environments need no approval; that is what they are for."""
        rules = self._settings.stacks[self.base(stack)]
        if self.is_review(stack):
            return rules.model_copy(update={"approvals": 0, "by_others": False, "drift": None})
        return rules

    def require(self, actor: Actor, action: Action, stack: str) -> None:
        """Raise ForbiddenError unless the actor may, NotThereError for a stack that nobody knows."""
        actor.require(action, self.base(stack))
        self.check(stack)

    def check(self, stack: str) -> None:
        """Raise NotThereError for a stack that nobody knows."""
        if self.base(stack) not in self._settings.stacks or (self.is_review(stack) and not self.root(stack).is_dir()):
            known = ", ".join(self.names)
            raise NotThereError(f"stack {stack!r}: the portal has no such stack. There are {known}.")

    def visible(self, actor: Actor) -> frozenset[str] | None:
        """Return the stacks an actor may see; None for all, those that are no more included."""
        if actor.may(Action.VIEW):
            return None
        return frozenset(actor.visible(self.names))
