"""What the service does by itself from time to time: each task looks whether something is due, and does it."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

from portal.service.queue import SERVICE
from portal.service.timing import Clock, Timing
from portal.store import Store, StoreDownError

log = logging.getLogger(__name__)

Task = Callable[[], object]


class Schedule:
    """Runs tasks one after the other in one thread, while this service leads. A task that fails stops no other."""

    def __init__(self, tasks: Mapping[str, Task], *, timing: Timing, leads: Callable[[], bool]) -> None:
        self._tasks, self._timing, self._leads = dict(tasks), timing, leads
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the task that it is at."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look now, not only when the time has come."""
        self._woken.set()

    def look(self) -> None:
        """Run every task once, in the caller's thread."""
        for name, task in self._tasks.items():
            if self._stopping.is_set() or not self._leads():
                return
            try:
                task()
            except StoreDownError:
                log.warning("task %s waits: the database does not answer", name)
            except Exception:  # the others must go on; this one is tried again next time
                log.exception("task %s failed; it is tried again", name)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self.look()
            self._woken.wait(self._timing.housekeeping)


def forget_old(store: Store, clock: Clock, days: int) -> Task:
    """Return the task that forgets events after `days`, and sessions and login attempts that are over."""

    def task() -> None:
        now = clock()
        with store.writing() as unit:
            forgotten = unit.events.prune(now - timedelta(days=days))
            unit.sessions.prune(now)
            unit.login_attempts.prune(now)
            if forgotten:
                details = {"events": forgotten, "older_than_days": days}
                unit.audit.append(
                    at=now,
                    by=SERVICE.id,
                    by_name=SERVICE.name,
                    action="events.prune",
                    subject="events",
                    details=details,
                )
        if forgotten:
            log.info("%s old events were forgotten", forgotten)

    return task
