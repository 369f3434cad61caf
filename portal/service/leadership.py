"""Which service carries operations out: the one that holds the lease `service` of the database.

A second service on the same database serves pages and takes over when the first gives no sign of life for the lease's
time. It finds the operations' journals in the work folder, so both must have the same one; the lease `work` sees to it.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from portal.records import Progress
from portal.service.timing import Clock, Timing
from portal.store import Store, StoreDownError
from portal.store.units import Unit

log = logging.getLogger(__name__)

SERVICE, WORK = "service", "work"
FOR_EVER = timedelta(days=365 * 50)


class OtherWorkFolderError(Exception):
    """Operations of this database run whose journals are not here, so nobody here can know how they end."""


class Leadership:
    """Takes and renews the lease in a thread of its own.

    `monotonic` measures how long the lease is good without an answer of the database: from before it was asked for, so
    that this service stops before another one may begin.
    """

    def __init__(
        self,
        *,
        store: Store,
        work: Path,
        clock: Clock,
        timing: Timing,
        seconds: float,
        changed: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.holder = uuid.uuid4().hex
        self.problem = ""
        """Why this service does not lead although nobody else does; empty else."""
        self._store, self._work, self._clock, self._timing = store, work, clock, timing
        self._seconds, self._changed, self._monotonic = seconds, changed, monotonic
        self._good_until = float("-inf")
        self._leads = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def held(self) -> bool:
        """Return whether this service may start operations now."""
        return self._monotonic() < self._good_until

    def start(self) -> None:
        """Try once now, then go on in a thread."""
        self.attempt()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop renewing and give the lease back, so that the next service need not wait."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        led, self._good_until = self.held(), float("-inf")
        if led:
            try:
                with self._store.writing() as unit:
                    unit.leases.release(SERVICE, self.holder)
            except StoreDownError:
                log.warning("the lease could not be given back; it ends by itself")

    def attempt(self) -> bool:
        """Take or renew the lease, and return whether this service leads."""
        asked = self._monotonic()
        now = self._clock()
        try:
            with self._store.writing() as unit:
                self._check_work(unit)
                until = now + timedelta(seconds=self._seconds)
                if unit.leases.take(SERVICE, self.holder, until, now):
                    good_until = asked + self._seconds
                else:
                    good_until = float("-inf")
            self._good_until, self.problem = good_until, ""
        except StoreDownError:
            log.warning("the lease could not be renewed: the database does not answer")
        except OtherWorkFolderError as error:
            if str(error) != self.problem:  # once, not at every try
                log.error("this service does not lead: %s", error)  # noqa: TRY400  # the sentence says it all
            self._good_until, self.problem = float("-inf"), str(error)
        leads = self.held()
        if leads != self._leads:
            self._leads = leads
            log.info("this service %s", "leads" if leads else "does not lead")
            self._changed()
        return leads

    def _keep(self) -> None:
        while not self._stopping.wait(self._seconds / 4):
            self.attempt()

    def _check_work(self, unit: Unit) -> None:
        identity = self._identity()
        now = self._clock()
        if unit.leases.take(WORK, identity, now + FOR_EVER, now):
            return
        running = [record.id for record in unit.operations.unfinished() if record.progress is Progress.RUNNING]
        if running:
            raise OtherWorkFolderError(
                f"operations run ({', '.join(running)}) whose journals are in another work folder than {self._work}. "
                "Start the service with that folder. If it is gone for good, see docs/portal.md, 'A lost work folder'."
            )
        unit.leases.release(WORK, unit.leases.holder(WORK, now) or "")
        unit.leases.take(WORK, identity, now + FOR_EVER, now)

    def _identity(self) -> str:
        file = self._work / "identity"
        if not file.is_file():
            self._work.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f"identity.{self.holder}")
            part.write_text(uuid.uuid4().hex, encoding="utf-8")
            try:
                file.hardlink_to(part)  # the first one wins, when two services start at once
            except FileExistsError:
                log.debug("another service has just named the work folder")
            part.unlink()
        return file.read_text(encoding="utf-8").strip()
