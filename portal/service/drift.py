"""Drift: what differs between a stack's state and the cloud, as the last check saw it, and when the next one is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.access.roles import Action, Actor, Role
from portal.events import PropertyChange, ResourcePlanned, from_json
from portal.outcomes import State
from portal.records import OperationRecord, Progress
from portal.requests import Kind
from portal.service.book import StackBook
from portal.service.errors import store_errors
from portal.service.operations import Operations
from portal.service.queue import Queue
from portal.service.timing import Clock
from portal.store import Store
from portal.store.units import Unit

SCHEDULE = Actor(id="system:drift", name="drift schedule", roles={"*": Role.ADMIN}, via="system")


class DriftState(StrEnum):
    """What the last finished check said."""

    CLEAN = "clean"
    DRIFTED = "drifted"
    UNKNOWN = "unknown"
    """It was never checked, or the check failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftedResource:
    """A resource that is not as the state says."""

    urn: str
    type: str
    name: str
    operation: str
    """update: it differs; delete: it is gone."""
    changes: tuple[PropertyChange, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftView:
    """A stack's drift."""

    stack: str
    state: DriftState
    last: OperationRecord | None
    """The newest check that ended."""
    running: OperationRecord | None
    """A check that waits or runs."""
    resources: tuple[DriftedResource, ...]
    every_hours: int | None
    """None: checked on demand only."""
    due: datetime | None
    """When the next one is; None where there is none by itself, or nothing was ever deployed."""
    outdated: bool
    """Whether the stack was written to after the last check."""

    @property
    def drifted(self) -> bool:
        """Whether the last check found a difference, and nothing was written since."""
        return self.state is DriftState.DRIFTED and not self.outdated


class Drift:
    """Drift of the configured stacks, and its schedule."""

    def __init__(self, *, store: Store, book: StackBook, queue: Queue, clock: Clock, holder: str) -> None:
        self._store, self._book, self._queue, self._clock, self._holder = store, book, queue, clock, holder

    def all(self, actor: Actor) -> list[DriftView]:
        """Return the drift of every stack that the actor may see."""
        with store_errors(), self._store.reading() as unit:
            return [self.view(unit, stack) for stack in actor.visible(self._book.names)]

    def get(self, actor: Actor, stack: str) -> DriftView:
        """Return one stack's drift."""
        self._book.require(actor, Action.VIEW, stack)
        with store_errors(), self._store.reading() as unit:
            return self.view(unit, stack)

    def view(self, unit: Unit, stack: str) -> DriftView:
        """Return one stack's drift, within the caller's transaction."""
        newest = unit.operations.history(stacks=[stack], kind=Kind.DRIFT, limit=10).items
        running = next((record for record in newest if record.progress is not Progress.ENDED), None)
        last = next((record for record in newest if record.progress is Progress.ENDED), None)
        rules = self._book.rules(stack)
        resources = _drifted(unit, last) if last is not None else ()
        state = DriftState.UNKNOWN
        if last is not None and last.outcome is not None and last.outcome.state is State.SUCCEEDED:
            state = DriftState.DRIFTED if last.outcome.changes else DriftState.CLEAN
        writing = unit.operations.last_writing(stack)
        deployed = unit.operations.last(stack, [Kind.UP])
        due = None
        if rules.drift is not None and deployed is not None:
            # Never checked: due since there is something to check.
            due = newest[0].created + timedelta(hours=rules.drift.every_hours) if newest else deployed.created
        return DriftView(
            stack=stack,
            state=state,
            last=last,
            running=running,
            resources=resources,
            every_hours=rules.drift.every_hours if rules.drift is not None else None,
            due=due,
            outdated=bool(last and writing and writing.started and last.started and writing.started > last.started),
        )

    def check_due(self) -> list[OperationRecord]:
        """Queue a check on each stack whose time has come. A lease lets one service do it, once per interval."""
        started = []
        for stack in self._book.names:
            rules = self._book.rules(stack).drift
            if rules is None:
                continue
            interval = timedelta(hours=rules.every_hours)
            with self._store.writing() as unit:
                now = self._clock()
                view = self.view(unit, stack)
                if view.running is not None or view.due is None or now < view.due:
                    continue
                # Not longer than the interval, or a service that died would take the next check with it.
                if not unit.leases.take(f"drift:{stack}", self._holder, now + interval / 2, now):
                    continue
                started.append(self._queue.put(unit, SCHEDULE, kind=Kind.DRIFT, stack=stack, why="scheduled check"))
        if started:
            self._queue.wake()
        return started


def _drifted(unit: Unit, check: OperationRecord) -> tuple[DriftedResource, ...]:
    events = (from_json(event) for event in Operations.recorded(unit, check.id))
    return tuple(
        DriftedResource(
            urn=event.urn,
            type=event.type,
            name=event.urn.rpartition("::")[2],
            operation=event.operation,
            changes=event.changes,
        )
        for event in events
        if isinstance(event, ResourcePlanned) and event.operation not in {"same", "refresh", "read"}
    )
