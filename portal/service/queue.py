"""How operations come into the record and, where the engine is never asked, out of it again."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from portal.access.roles import Actor
from portal.events import Ended, to_json
from portal.outcomes import Outcome, Reason, State
from portal.records import OperationRecord, Progress
from portal.requests import Kind, new_identity
from portal.service.errors import ConflictError
from portal.service.timing import Clock
from portal.store import NotThereError
from portal.store.units import Unit

log = logging.getLogger(__name__)

SERVICE = Actor(id="system:service", name="the portal", via="system")
MOST_UNFINISHED = 20
"""Operations of one person that wait or run. Each one that waits is looked at many times a second."""
CANCELLED_BEFORE = Outcome(
    state=State.CANCELLED, reason=Reason.ASKED, message="cancelled before it began; nothing was done"
)


class Queue:
    """Puts operations into the record. Whoever puts one there calls `wake` after the transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.wake: Callable[[], None] = _nobody_to_wake
        """Set by the dispatcher."""

    def put(
        self,
        unit: Unit,
        actor: Actor,
        *,
        kind: Kind,
        stack: str,
        why: str = "",
        preview: str | None = None,
        draft: bool = False,
        arguments: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
        key: str | None = None,
        bounded: bool = False,
    ) -> OperationRecord:
        """Add a queued operation and its audit entry, in the caller's transaction. Rights are the caller's matter.

        `arguments` are what the engine's method gets besides: settings of a draft, step and confirmed of a repair,
        remove of a destroy. A request that comes again with the same `key` of the same person gives the operation that
        it made the first time. `bounded`: a person asks, who may have so many that have not ended. Raises
        DuplicateError where the preview was carried out before; ConflictError where the key stood for another request,
        and where there are too many.
        """
        arguments = dict(arguments or {})
        now = self._clock()
        identity = new_identity(now)
        if key is not None:
            identity = identity_of(actor, key)
            known = self.known(unit, actor, key)
            if known is not None:
                self._check_same(unit, known, (kind, stack, preview, draft), arguments)
                return known
        if bounded:
            self._check_room(unit, actor)
        record = OperationRecord(
            id=identity,
            stack=stack,
            kind=kind,
            by=actor.person,  # whoever answers for it: with a token too, so that nobody approves the own preview
            by_name=actor.name,
            why=why,
            created=now,
            progress=Progress.QUEUED,
            preview=preview,
            draft=draft,
        )
        unit.operations.add(record, arguments)
        about = {"stack": stack, "why": why, **({"preview": preview} if preview else {}), **(details or {})}
        self.audit(unit, actor, f"operation.{kind.value}", f"operation:{record.id}", about)
        log.info("operation queued", extra={"operation": record.id, "stack": stack, "kind": kind, "actor": actor.id})
        return record

    def known(self, unit: Unit, actor: Actor, key: str) -> OperationRecord | None:
        """Return the operation that this person's request with this key made; None where there was none."""
        try:
            return unit.operations.get(identity_of(actor, key))
        except NotThereError:
            return None

    def audit(self, unit: Unit, actor: Actor, action: str, subject: str, details: Mapping[str, Any]) -> None:
        """Write an audit entry in the caller's transaction."""
        unit.audit.append(
            at=self._clock(), by=actor.id, by_name=actor.name, action=action, subject=subject, details=dict(details)
        )

    def end(self, unit: Unit, record: OperationRecord, outcome: Outcome) -> bool:
        """End an operation that the engine was never asked for, with its audit entry and what readers wait for."""
        now = self._clock()
        if not unit.operations.end(record.id, outcome, now):
            return False
        sequence = unit.events.recorded(record.id) + 1
        unit.events.append(record.id, [to_json(Ended(outcome=outcome, sequence=sequence, time=now.timestamp()))])
        self.audit_end(unit, record, outcome)
        return True

    def audit_end(self, unit: Unit, record: OperationRecord, outcome: Outcome) -> None:
        """Write the audit entry of an operation's end, in the caller's transaction."""
        details = {
            "stack": record.stack,
            "kind": record.kind.value,
            "state": outcome.state.value,
            "reason": outcome.reason.value if outcome.reason else None,
            "counts": dict(outcome.counts),
        }
        self.audit(unit, SERVICE, "operation.ended", f"operation:{record.id}", details)

    @staticmethod
    def _check_same(
        unit: Unit, known: OperationRecord, asked: tuple[Kind, str, str | None, bool], arguments: Mapping[str, Any]
    ) -> None:
        """Raise ConflictError unless the operation of a key is what is asked for now, arguments and all."""
        same = asked == (known.kind, known.stack, known.preview, known.draft)
        # As JSON, which is how they were kept.
        if not same or _as_json(arguments) != _as_json(unit.operations.arguments(known.id)):
            raise ConflictError(
                f"Nothing was started: this key was used for operation {known.id} ({known.kind} of {known.stack}), "
                "and this request is another one.",
                "Use a new key for a new request.",
            )

    @staticmethod
    def _check_room(unit: Unit, actor: Actor) -> None:
        """Raise ConflictError where a person, with all their tokens, has as many unfinished operations as one may."""
        own = [record for record in unit.operations.unfinished() if record.by == actor.person]
        if len(own) >= MOST_UNFINISHED:
            raise ConflictError(
                f"{len(own)} of your operations wait or run, and {MOST_UNFINISHED} are the most.",
                "Wait until some have ended, or cancel what is not needed.",
            )


def identity_of(actor: Actor, key: str) -> str:
    """Return the id of the operation that a person asks for with a key: the same each time, and nobody else's."""
    return "key-" + hashlib.sha256(f"{actor.person}\0{key}".encode()).hexdigest()[:40]


def _as_json(arguments: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(arguments))


def _nobody_to_wake() -> None:
    """Before a dispatcher is there: it looks by itself when it starts."""
