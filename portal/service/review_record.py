"""What a transaction looks at, and writes, when a step of a review environment is taken."""

from portal.access.roles import Actor
from portal.records import OperationRecord, ReviewRecord
from portal.redaction import Redactor
from portal.service.queue import Queue
from portal.store.units import Unit

REAPER = Actor(id="system:reviews", name="Review environments", via="system")


def unchanged(unit: Unit, record: ReviewRecord) -> bool:
    """Return whether the record is still the one that a step was decided by. If not, another one took a step."""
    return unit.reviews.get(record.name) == record


def unfinished_on(unit: Unit, stack: str) -> tuple[OperationRecord, ...]:
    """Return what waits or runs on a stack, whoever started it, the oldest first."""
    return tuple(each for each in unit.operations.unfinished() if each.stack == stack)


def touched_since(unit: Unit, record: ReviewRecord) -> bool:
    """Return whether anybody wrote to the stack after the environment's own last step, or is about to."""
    if unfinished_on(unit, record.stack):
        return True
    last = unit.operations.last_writing(record.stack)
    if record.operation is None:  # of this life nothing was ever started; a life before may have ended
        return last is not None and last.created >= record.created
    return last is None or last.id != record.operation


def change_review(unit: Unit, queue: Queue, record: ReviewRecord, **changes: object) -> ReviewRecord:
    """Change a review environment; where that moves it to another state, the audit log says so."""
    changed = unit.reviews.update(record.name, **changes)
    if changed.state is not record.state:
        details: dict[str, object] = {"branch": record.branch, "attempts": changed.attempts}
        if changed.problem:
            details["problem"] = Redactor().text(changed.problem)  # an entry stays for ever
        queue.audit(unit, REAPER, f"review.{changed.state.value}", f"review:{record.name}", details)
    return changed
