"""Carries operations out: takes them from the queue when it is their turn, asks the engine, and sees to their record.

Life of an operation: queued → claimed (the database lets one writer per stack through) → the engine is asked under the
operation's own id → events and end are recorded. Every arrow may be the last thing that a service does; `_resumed` says
how the next one finds out where it was.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from portal.operation import Operation
from portal.outcomes import Outcome, Reason, State
from portal.records import OperationRecord, Progress
from portal.requests import READS_ONLY, WAITS_FOR_WRITER
from portal.service.engines import Engines
from portal.service.github_tokens import GitHubTokens
from portal.service.queue import CANCELLED_BEFORE, Queue
from portal.service.recorder import Recorder, StoppedError
from portal.service.starts import binding, start
from portal.service.timing import Clock, Timing
from portal.store import Store, StoreDownError
from portal.store.units import Unit

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """An operation that a thread of this service sees to."""

    record: OperationRecord
    operation: Operation | None = None
    thread: threading.Thread | None = None


class Runner:
    """One dispatcher thread, and a thread for each operation that runs. `leads` says whether it may start any."""

    def __init__(
        self,
        *,
        store: Store,
        engines: Engines,
        tokens: GitHubTokens,
        queue: Queue,
        recorder: Recorder,
        clock: Clock,
        timing: Timing,
        workers: int,
        leads: Callable[[], bool],
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        self._store, self._engines, self._queue, self._recorder = store, engines, queue, recorder
        self._tokens = tokens
        self._clock, self._timing, self._workers, self._leads, self._ended = clock, timing, workers, leads, ended
        self._changed = threading.Condition()
        self._runs: dict[str, _Run] = {}
        self._resting: set[str] = set()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        queue.wake = self.wake

    def start(self) -> None:
        """Start the dispatcher."""
        self._thread = threading.Thread(target=self._dispatch, name="dispatcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more; let what runs end, then cancel it; leave what still runs to the next service."""
        self._stopping.set()
        self.wake()
        if self._thread is not None:
            self._thread.join()
        if not self._idle(self._timing.drain):
            for run in self._here():
                if run.operation is not None:
                    run.operation.cancel()
        self._idle(self._timing.grace)
        self._recorder.stopping.set()

    def wake(self) -> None:
        """Look at the queue now."""
        self._woken.set()

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of what this service sees to."""
        return tuple(run.record.id for run in self._here())

    def _dispatch(self) -> None:
        retries = self._timing.retries()
        while not self._stopping.is_set():
            pause = self._timing.poll
            self._woken.clear()
            try:
                self._look()
                retries = self._timing.retries()
            except StoreDownError:
                pause = next(retries)
                log.warning("the database does not answer; looking at the queue again in %s s", pause)
            except Exception:  # the dispatcher is the last one that may end: it reports, and tries again
                pause = next(retries)
                log.exception("the dispatcher failed; it goes on in %s s", pause)
            self._woken.wait(pause)

    def _look(self) -> None:
        here = {run.record.id: run for run in self._here()}  # before the look: one that ends meanwhile is in it
        if not here and not self._leads():
            return
        with self._store.reading() as unit:
            unfinished = unit.operations.unfinished()
        self._pass_on_cancels(unfinished, here)
        if not self._leads():
            return
        for record in unfinished:
            if record.progress is Progress.RUNNING and record.id not in here:
                self._take(record, resumed=True)
        for record in self._next(unfinished):
            if len(self._runs) >= self._workers or self._stopping.is_set() or not self._leads():
                return
            with self._store.writing() as unit:
                claimed = unit.operations.claim(record.id, self._clock())
            if claimed:
                self._take(record, resumed=False)

    def _pass_on_cancels(self, unfinished: Sequence[OperationRecord], here: Mapping[str, _Run]) -> None:
        """Tell the engine who was cancelled; a service that does not lead any more too, since nobody else can."""
        for record in unfinished:
            if record.cancel_asked_by is None:
                continue
            run = here.get(record.id)
            if run is not None and run.operation is not None:
                run.operation.cancel()
            elif record.progress is Progress.QUEUED and self._leads():
                with self._store.writing() as unit:
                    if unit.operations.get(record.id).progress is Progress.QUEUED:
                        self._queue.end(unit, record, CANCELLED_BEFORE)

    def _next(self, unfinished: Sequence[OperationRecord]) -> list[OperationRecord]:
        """Return who may run, in fair order: people with least on a stack first, so none waits for another's many.

        A writer waits for the one that runs on its stack and for those that asked before. So does a drift check, and
        nobody waits for it. Other readers never wait.
        """
        busy = {r.stack for r in unfinished if r.progress is Progress.RUNNING and r.kind not in READS_ONLY}
        load = Counter((record.stack, record.by) for record in unfinished if record.progress is Progress.RUNNING)
        waiting = []
        for record in unfinished:
            if record.progress is not Progress.QUEUED or record.cancel_asked_by is not None:
                continue
            if record.kind in WAITS_FOR_WRITER and record.stack in busy:
                continue
            if record.kind not in READS_ONLY:
                busy.add(record.stack)
            waiting.append((load[record.stack, record.by], record))
            load[record.stack, record.by] += 1
        return [record for _, record in sorted(waiting, key=lambda each: each[0])]

    def _take(self, record: OperationRecord, *, resumed: bool) -> None:
        if record.id in self._resting:
            return
        run = _Run(record)
        with self._changed:
            self._runs[record.id] = run
        run.thread = threading.Thread(target=self._see_to, args=(run, resumed), name=f"run-{record.id}", daemon=True)
        run.thread.start()

    def _see_to(self, run: _Run, resumed: bool) -> None:
        about = {"operation": run.record.id, "stack": run.record.stack, "kind": run.record.kind.value}
        log.info("operation %s", "taken up again" if resumed else "begins", extra=about)
        try:
            if not (resumed and self._resumed(run)):
                self._begin(run)
        except StoppedError:
            log.info("operation is left to the next service", extra=about)
        except Exception:  # a defect: the row stays as it is, true, and is taken up again from the journal
            log.exception("operation could not be recorded", extra=about)
            self._rest(run.record.id)
        finally:
            with self._changed:
                del self._runs[run.record.id]
                self._changed.notify_all()
            self.wake()
            self._ended()

    def _resumed(self, run: _Run) -> bool:
        """See to an operation of an earlier service. False where that one claimed it and came no further.

        The engine makes the operation's folder before anything else, so without one nothing has happened: the claim is
        good, and the engine is asked now.
        """
        try:
            self._recorder.follow_journal(run.record, self._engines.of(run.record.stack))
        except LookupError as error:
            if (self._engines.journal(run.record.id) / "request.json").exists():
                raise
            log.info("the engine was never asked: %s", error, extra={"operation": run.record.id})
            return False
        return True

    def _begin(self, run: _Run) -> None:
        record, arguments, preview = self._recorder.insist(lambda unit: _asked(unit, run.record.id))
        if record.progress is Progress.ENDED:
            return
        if record.cancel_asked_by is not None:
            self._recorder.end(record, CANCELLED_BEFORE)
            return
        self._still()
        bound = binding(preview) if preview is not None else None
        try:
            begun = start(self._engines, self._tokens, record, arguments, bound, self._still)
        except StoppedError:
            raise
        except FileExistsError:  # asked before, by a service that then died
            self._recorder.follow_journal(record, self._engines.of(record.stack))
            return
        except Exception as error:
            if (self._engines.journal(record.id) / "request.json").exists():
                raise  # a worker may live: the journal will tell
            log.exception("the engine could not be started", extra={"operation": record.id})
            message = f"the engine could not be started ({type(error).__name__}): {error}"
            begun = Outcome(state=State.FAILED, reason=Reason.INTERNAL, message=message)
        if isinstance(begun, Outcome):
            self._recorder.end(record, begun)
            return
        run.operation = begun
        self.wake()  # somebody may have cancelled meanwhile
        self._recorder.follow(record, begun)

    def _still(self) -> None:
        """Raise StoppedError where another service has taken over, or will: it asks the engine, not this one."""
        if not self._leads() or self._stopping.is_set():
            raise StoppedError

    def _rest(self, operation: str) -> None:
        self._resting.add(operation)

        def over() -> None:
            self._resting.discard(operation)
            self.wake()

        timer = threading.Timer(self._timing.stray, over)
        timer.daemon = True
        timer.start()

    def _here(self) -> tuple[_Run, ...]:
        with self._changed:
            return tuple(self._runs.values())

    def _idle(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._runs, seconds)


def _asked(unit: Unit, operation: str) -> tuple[OperationRecord, dict[str, object], OperationRecord | None]:
    record = unit.operations.get(operation)
    preview = unit.operations.get(record.preview) if record.preview else None
    return record, unit.operations.arguments(operation), preview
