"""The stacks at a glance: how each one is, what runs there, what waits for whom."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.access.roles import Action, Actor
from portal.outcomes import State
from portal.records import OperationRecord, Progress
from portal.requests import READS_ONLY, Kind
from portal.service.approvals import CARRIED_OUT_BY, ApprovalState, approval_state, did_nothing
from portal.service.book import StackBook
from portal.service.decisions import LOOKED_BACK
from portal.service.drift import Drift, DriftView
from portal.service.errors import NotThereError, store_errors
from portal.service.timing import Clock
from portal.store import Store
from portal.store.units import Unit
from portal.workspace import stack_file
from settings import SettingsError, StackSettings, read_stack_file

KEPT_REVIEWS = 64
"""Stack files of review environments that are remembered: their names come and go for ever."""


class Health(StrEnum):
    """How a stack is, the most urgent first."""

    LOST = "lost"
    """The last operation that wrote was lost: see its pending operations and repairs."""
    LOCKED = "locked"
    """Somebody outside the portal holds the stack."""
    FAILED = "failed"
    CHANGING = "changing"
    WAITING = "waiting"
    """A preview waits for an approval."""
    DRIFTED = "drifted"
    OK = "ok"
    NEVER = "never"
    """Nothing was ever deployed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StackView:
    """One stack."""

    name: str
    environment: str
    account: str
    region: str
    """These three are empty where the stack file is wrong; `problem` then says what."""
    problem: str
    health: Health
    last: OperationRecord | None
    running: tuple[OperationRecord, ...]
    queued: tuple[OperationRecord, ...]
    waiting_for_approval: tuple[ApprovalState, ...]
    last_deploy: OperationRecord | None
    """The newest `up` that succeeded."""
    drift: DriftView | None
    approvals: int
    by_others: bool
    resources: int | None
    """In the state, as the last operation saw it."""


class Stacks:
    """Views of the configured stacks."""

    def __init__(self, *, store: Store, book: StackBook, drift: Drift, clock: Clock) -> None:
        self._store, self._book, self._drift, self._clock = store, book, drift, clock
        self._lock = threading.Lock()
        self._read: dict[str, tuple[int, StackSettings | SettingsError]] = {}

    def all(self, actor: Actor) -> list[StackView]:
        """Return the stacks that the actor may see, in the configuration's order."""
        with store_errors(), self._store.reading() as unit:
            unfinished = unit.operations.unfinished()
            return [self._view(unit, stack, unfinished) for stack in actor.visible(self._book.names)]

    def get(self, actor: Actor, stack: str) -> StackView:
        """Return one stack; also a review environment. Raises NotThereError."""
        self._book.require(actor, Action.VIEW, stack)
        with store_errors(), self._store.reading() as unit:
            return self._view(unit, stack, unit.operations.unfinished())

    def settings(self, stack: str) -> StackSettings:
        """Return a stack's settings, read anew only when the file changed. Raises SettingsError."""
        file = stack_file(self._book.root(stack), stack)
        changed = file.stat().st_mtime_ns if file.is_file() else 0
        with self._lock:
            known = self._read.get(stack)
        if known is None or known[0] != changed:
            found: StackSettings | SettingsError
            try:
                found = read_stack_file(file)
            except SettingsError as error:
                found = error
            known = (changed, found)
            with self._lock:
                self._read.pop(stack, None)
                self._read[stack] = known
                while len(self._read) > KEPT_REVIEWS + len(self._book.names):
                    del self._read[next(iter(self._read))]  # the one that was read longest ago
        if isinstance(known[1], SettingsError):
            raise known[1]
        return known[1]

    def region(self, stack: str) -> str:
        """Return a stack's region, for prices; us-east-1 where its file is wrong."""
        try:
            return self.settings(stack).region
        except (SettingsError, NotThereError):
            return "us-east-1"

    def _view(self, unit: Unit, stack: str, unfinished: Sequence[OperationRecord]) -> StackView:
        own = [record for record in unfinished if record.stack == stack]
        newest = unit.operations.of_stack(stack, LOOKED_BACK)
        rules = self._book.rules(stack)
        last_writing = unit.operations.last_writing(stack)
        last_deploy = unit.operations.last(stack, [Kind.UP], State.SUCCEEDED)
        drift = self._drift.view(unit, stack)
        waiting = self._waiting(unit, stack, newest, last_writing)
        running = tuple(record for record in own if record.progress is Progress.RUNNING)
        environment, account, region, problem = self._place(stack)
        # Of the last writer: what only read may have looked while another one wrote.
        counted = (r.outcome.resources for r in [last_writing, *newest] if r is not None and r.outcome is not None)
        known = [resources for resources in counted if resources is not None]
        return StackView(
            name=stack,
            environment=environment,
            account=account,
            region=region,
            problem=problem,
            health=_health(last_writing, running, waiting, drift, last_deploy),
            last=newest[0] if newest else None,
            running=running,
            queued=tuple(record for record in own if record.progress is Progress.QUEUED),
            waiting_for_approval=waiting,
            last_deploy=last_deploy,
            drift=drift,
            approvals=rules.approvals,
            by_others=rules.by_others,
            resources=known[0] if known else None,
        )

    def _waiting(
        self, unit: Unit, stack: str, newest: Sequence[OperationRecord], last: OperationRecord | None
    ) -> tuple[ApprovalState, ...]:
        rules = self._book.rules(stack)
        if not rules.approvals:
            return ()
        now: datetime = self._clock()
        found = []
        for preview in newest:
            if preview.kind not in CARRIED_OUT_BY or preview.outcome is None:
                continue
            if not preview.outcome.changes and preview.kind is Kind.PREVIEW:  # nobody need say yes to nothing
                continue
            state = approval_state(
                preview,
                rules=rules,
                rights_of=self._book.base(stack),
                decisions=unit.approvals.of(preview.id),
                later=[*newest, *([last] if last is not None else [])],
                now=now,
            )
            if state.waits:
                found.append(state)
        return tuple(found)

    def _place(self, stack: str) -> tuple[str, str, str, str]:
        try:
            found = self.settings(stack)
        except SettingsError as error:
            return "", "", "", str(error)
        account = str(getattr(found.accounts, found.environment.value, "") or "")
        return found.environment.value, account, found.region, ""


def _health(
    last_writing: OperationRecord | None,
    running: Sequence[OperationRecord],
    waiting: Sequence[ApprovalState],
    drift: DriftView | None,
    last_deploy: OperationRecord | None,
) -> Health:
    if any(record.kind not in READS_ONLY for record in running):
        return Health.CHANGING
    outcome = last_writing.outcome if last_writing is not None else None
    if outcome is not None:
        ends = {State.LOST: Health.LOST, State.LOCKED: Health.LOCKED}
        if outcome.state in ends:
            return ends[outcome.state]
        if outcome.state is State.FAILED and not did_nothing(outcome):
            return Health.FAILED
    if waiting:
        return Health.WAITING
    if drift is not None and drift.drifted:
        return Health.DRIFTED
    if last_writing is not None and last_writing.kind is Kind.DESTROY and outcome is not None:
        return Health.NEVER if outcome.resources == 0 else Health.OK
    return Health.OK if last_deploy is not None else Health.NEVER
