"""The models of a stack: look at versions, compare them, approve, reject, roll back; in AWS, in the person's name.

Thin over `operations`: what the registry and the deliveries table hold is the truth, and the portal keeps no copy.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from operations import deployments, models
from operations.deployments import Asked, ModelDeployments
from operations.models import Comparison, Decided, ModelVersions
from operations.session import Access
from operations.versions import Version
from portal.access.roles import Action, Actor
from portal.service.audited import AuditedChanges
from portal.service.reasons import checked_reason, one_line
from portal.service.stack_access import StackAccess, told
from portal.store import Store

NEWEST = 10


class Models:
    """The model registries and deliveries of the portal's stacks."""

    def __init__(self, *, store: Store, clock: Callable[[], datetime], access: StackAccess) -> None:
        self._audited = AuditedChanges(store=store, clock=clock)
        self._access = access

    def listed(self, actor: Actor, stack: str, *, newest: int = NEWEST) -> tuple[ModelVersions, ...]:
        """Return every model with its newest versions."""
        with self._looking(actor, stack) as access:
            return models.listed(access, newest=newest)

    def show(self, actor: Actor, stack: str, model: str, version: int | None = None) -> Version:
        """Return everything about a version, of the newest where none is named."""
        with self._looking(actor, stack) as access:
            return models.show(access, model, version)

    def diff(self, actor: Actor, stack: str, model: str, a: int, b: int) -> Comparison:
        """Return two versions side by side."""
        with self._looking(actor, stack) as access:
            return models.diff(access, model, a, b)

    def deployments(
        self, actor: Actor, stack: str, model: str | None = None, *, newest: int = NEWEST
    ) -> tuple[ModelDeployments, ...]:
        """Return what each model should serve, what its endpoint runs, and what was deployed before."""
        with self._looking(actor, stack) as access:
            return deployments.listed(access, model=model, newest=newest)

    def approve(self, actor: Actor, stack: str, model: str, version: int, reason: str) -> Decided:
        """Approve a version; where the stack delivers the model, that deploys it."""
        with self._deciding(actor, stack, "models.approve", model, version, reason) as (access, signed):
            return models.approve(access, model, version, reason=signed)

    def reject(self, actor: Actor, stack: str, model: str, version: int, reason: str) -> Decided:
        """Reject a version. One that serves goes on serving."""
        with self._deciding(actor, stack, "models.reject", model, version, reason) as (access, signed):
            return models.reject(access, model, version, reason=signed)

    def rollback(self, actor: Actor, stack: str, model: str, to: int, reason: str) -> Asked:
        """Ask for an approved version in place of the present one."""
        with self._deciding(actor, stack, "models.rollback", model, to, reason) as (access, signed):
            return deployments.rollback(access, model, to=to, reason=signed)

    @contextmanager
    def _looking(self, actor: Actor, stack: str) -> Iterator[Access]:
        actor.require(Action.VIEW, stack)
        access = self._access.reading(actor, stack)
        with told(actor, stack, Action.VIEW):
            yield access

    @contextmanager
    def _deciding(
        self, actor: Actor, stack: str, action: str, model: str, version: int, reason: str
    ) -> Iterator[tuple[Access, str]]:
        actor.require(Action.DECIDE_MODELS, stack)
        why = checked_reason(reason)
        access = self._access.deciding(actor, stack)
        details: Mapping[str, Any] = {"model": model, "version": version, "why": why, "aws": access.caller}
        recorded = self._audited.of(actor, action, f"stack:{stack}", details)
        with recorded, told(actor, stack, Action.DECIDE_MODELS):
            yield access, signed(why, actor)


def signed(reason: str, actor: Actor) -> str:
    """Return a reason with who gave it, for those who read it in AWS and know nothing of the portal."""
    return f"{reason} ({one_line(actor.name)[:100]}, in the portal)"
