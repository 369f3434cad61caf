"""Brings what operations report into the database, however long that is away: events in batches, and the end once.

The journal on disk is what is true. Events are recorded by their sequence and an end is recorded once, so doing any of
this again, after a crash or beside another service, changes nothing.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from portal.engine import Engine
from portal.events import Ended, Event, Heartbeat, to_json
from portal.journal import Journal
from portal.operation import Operation
from portal.outcomes import Outcome
from portal.records import OperationRecord
from portal.service.engines import Engines
from portal.service.feed import Feed
from portal.service.queue import Queue
from portal.service.timing import Clock, Timing
from portal.store import Store, StoreDownError
from portal.store.units import Unit

log = logging.getLogger(__name__)

BATCH = 200
Result = TypeVar("Result")


class StoppedError(Exception):
    """The service ends before the database came back. The next one goes on from the journal."""


class Recorder:
    """Follows operations to their end."""

    def __init__(
        self, *, store: Store, feed: Feed, queue: Queue, engines: Engines, clock: Clock, timing: Timing
    ) -> None:
        self.stopping = threading.Event()
        self._store, self._feed, self._queue, self._engines = store, feed, queue, engines
        self._clock, self._timing = clock, timing

    def follow(self, record: OperationRecord, operation: Operation) -> None:
        """Record an operation of this service, to its end."""
        heard: SimpleQueue[Event] = SimpleQueue()
        threading.Thread(target=self._listen, args=(operation, heard), name=f"hear-{operation.id}", daemon=True).start()
        while True:
            batch = _batch(heard)
            last = batch[-1]
            self.record(record, [to_json(event) for event in batch], last.outcome if isinstance(last, Ended) else None)
            if isinstance(last, Ended):
                return

    def follow_journal(self, record: OperationRecord, engine: Engine) -> None:
        """Record an operation that an earlier service started, to its end.

        Raises LookupError where the engine was never asked, StoppedError where the service ends first.
        """
        journal, seen = Journal(self._engines.journal(record.id)), 0
        while True:
            outcome = engine.reopen(record.id)
            events = [event for event in journal.events() if event.sequence > seen]
            seen = events[-1].sequence if events else seen
            documents = [to_json(event) for event in events if not isinstance(event, Heartbeat)]
            self._feed.publish(record.id, [each for each in documents if each["event"] != Ended.name])
            for start in range(0, len(documents), BATCH):
                self.record(record, documents[start : start + BATCH], None)
            if outcome is not None:
                self.record(record, [], outcome)
                return
            if self.stopping.wait(self._timing.watch):
                raise StoppedError

    def record(self, record: OperationRecord, batch: Sequence[dict[str, Any]], outcome: Outcome | None) -> None:
        """Write events and, with `outcome`, the end, in one transaction, however often it takes."""

        def write(unit: Unit) -> None:
            unit.events.append(record.id, batch)
            if outcome is not None and unit.operations.end(record.id, outcome, self._clock()):
                self._queue.audit_end(unit, record, outcome)

        self.insist(write)
        if batch:
            self._feed.recorded(record.id, batch[-1]["sequence"])
        if outcome is not None:
            self._feed.close(record.id)
            log.info("operation ended: %s", outcome.state, extra=_about(record))

    def end(self, record: OperationRecord, outcome: Outcome) -> None:
        """End an operation that the engine was not asked for."""
        self.insist(lambda unit: self._queue.end(unit, record, outcome))
        self._feed.close(record.id)
        log.info("operation ended without the engine: %s", outcome.state, extra=_about(record))

    def insist(self, work: Callable[[Unit], Result]) -> Result:
        """Do `work` in a transaction, again and again while the database is away. Raises StoppedError."""
        for pause in self._timing.retries():
            try:
                with self._store.writing() as unit:
                    return work(unit)
            except StoreDownError:
                log.warning("the database does not answer; trying again in %s s", pause)
            if self.stopping.wait(pause):
                raise StoppedError
        raise AssertionError("the pauses between tries never end")

    def _listen(self, operation: Operation, heard: "SimpleQueue[Event]") -> None:
        """Show events at once; a database that is away delays no watcher.

        The last one, `ended`, watchers get from the database: whoever looks at the record then finds the end in it.
        """
        for event in operation.events():
            if isinstance(event, Heartbeat):
                continue
            if not isinstance(event, Ended):
                self._feed.publish(operation.id, [to_json(event)])
            heard.put(event)


def _batch(heard: "SimpleQueue[Event]") -> list[Event]:
    """Return the next event, with those that are there already."""
    batch = [heard.get()]
    while len(batch) < BATCH:
        try:
            batch.append(heard.get_nowait())
        except Empty:
            break
    return batch


def _about(record: OperationRecord) -> dict[str, str]:
    return {"operation": record.id, "stack": record.stack, "kind": record.kind.value}
