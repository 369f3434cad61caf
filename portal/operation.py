"""One running operation, seen from the service: its events, its end, and the watch over its worker."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from portal import processes
from portal.events import Ended, Event, ResourcePlanned, from_json
from portal.journal import Journal
from portal.outcomes import Outcome, Reason
from portal.requests import Request

PROJECT = Path(__file__).resolve().parent.parent
WORKER = "portal.engine_worker"
START = "import importlib, sys; sys.path.insert(0, sys.argv.pop()); importlib.import_module(sys.argv.pop()).main()"
"""Finds this package without PYTHONPATH, which the program would get too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait, in seconds."""

    deadline: float = 3600.0
    """For the whole operation; then it is cancelled."""
    grace: float = 120.0
    """For the engine to end in good order after a cancel; then it is killed, and the operation is lost. Provider calls
    that run end first, and some of AWS's take minutes."""
    silence: float = 60.0
    """Without any event. A worker beats every two seconds, so it hangs: it is killed, and the operation is lost."""


Lost = Callable[["Operation", str], Outcome]
"""Finds out, after a worker ended without an outcome, what it left behind. Gets what happened, for people."""


class Operation:
    """An operation on a stack. Any thread may read its events, wait for its end or cancel it."""

    def __init__(self, request: Request, journal: Journal) -> None:
        self.request = request
        self.journal = journal
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._outcome: Outcome | None = None
        self._worker: subprocess.Popen[str] | None = None
        self._cancelled_at: float | None = None
        self._heard = time.monotonic()
        self._killed = ""
        self._last: Ended | None = None

    @property
    def id(self) -> str:
        """The operation's id: also the name of its folder."""
        return self.request.id

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it runs."""
        return self._outcome

    @property
    def process(self) -> int | None:
        """Process id of the worker; None where none was started."""
        return self._worker.pid if self._worker else None

    @property
    def planned(self) -> tuple[ResourcePlanned, ...]:
        """What a preview found, resources that stay as they are included."""
        with self._changed:
            return tuple(event for event in self._events if isinstance(event, ResourcePlanned))

    def events(self, after: int = 0) -> Iterator[Event]:
        """Yield events with a greater sequence than `after` as they come, up to and with `Ended`."""
        place = 0
        while True:
            with self._changed:
                while place >= len(self._events):
                    if self._outcome is not None:
                        return
                    self._changed.wait()
                event = self._events[place]
            place += 1
            if event.sequence > after:
                yield event

    def wait(self, timeout: float | None = None) -> Outcome:
        """Return how it ended. Raises TimeoutError after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._outcome is not None, timeout)
            if self._outcome is None:
                raise TimeoutError(f"operation {self.id} still runs after {timeout} s")
            return self._outcome

    def cancel(self, reason: Reason = Reason.ASKED) -> None:
        """Ask the engine to finish what it is doing and begin nothing more. After the end this does nothing."""
        worker = self._worker
        with self._changed:
            if self._outcome is not None or worker is None or worker.stdin is None or self._cancelled_at is not None:
                return
            self._cancelled_at = time.monotonic()
            try:
                worker.stdin.write(f"cancel {reason.value}\n")
                worker.stdin.flush()
            except (BrokenPipeError, ValueError):  # it just ended, or was let go; the reader finds out how
                return

    def refuse(self, outcome: Outcome) -> None:
        """End an operation for which no worker is started."""
        self._end(outcome)

    def start(self, environment: Mapping[str, str], patience: Patience, lost: Lost, worker: str = WORKER) -> None:
        """Start the worker and the two threads that listen to it and watch over it."""
        descriptor = os.open(self.journal.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-P", "-c", START, worker, str(PROJECT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=dict(environment),
                cwd=self.journal.folder,
                start_new_session=True,  # so that all its processes can be found, and signals of a terminal miss them
            )
        self._heard = time.monotonic()
        self._send_request(self._worker)
        threading.Thread(target=self._listen, args=(self._worker, patience, lost), daemon=True).start()
        threading.Thread(target=self._watch, args=(self._worker, patience), daemon=True).start()

    def _send_request(self, worker: subprocess.Popen[str]) -> None:
        if worker.stdin is None:
            raise RuntimeError("the worker was started without a stdin")
        try:
            worker.stdin.write(json.dumps(self.request.to_json()) + "\n")
            worker.stdin.flush()
        except BrokenPipeError:  # it ended at once; the reader finds out how
            return

    def _listen(self, worker: subprocess.Popen[str], patience: Patience, lost: Lost) -> None:
        try:
            outcome = self._read(worker)
        except (ValueError, KeyError, TypeError) as error:  # an event of another version, or none at all
            self._killed = f"it was killed: what it sent is no event ({error!r})"
            processes.kill(worker.pid)
            outcome = None
        if outcome is None:
            happened = self._find_out(worker, patience)
            while not self.journal.take():  # another service looks at it this moment, and records what it finds
                threading.Event().wait(0.1)
            outcome = self._unsaid()
            if outcome is None:
                self._end(lost(self, happened))
            else:
                self.journal.close()
                self._set(outcome)
        else:
            self._finish(worker)
            if self._last is not None:
                self._add(self._last)
            self._set(outcome)

    def _read(self, worker: subprocess.Popen[str]) -> Outcome | None:
        """Take in events up to the last one, and return its outcome; None where the worker ended without one."""
        for line in worker.stdout or ():
            if not line.endswith("\n"):  # cut off by its death
                return None
            event = from_json(json.loads(line))
            self._heard = time.monotonic()
            if isinstance(event, Ended):
                self._last = event
                return event.outcome
            self._add(event)
        return None

    def _unsaid(self) -> Outcome | None:
        """Take in what the journal has and the worker did not come to say; return the outcome if that is in it."""
        known = max((event.sequence for event in self._events), default=0)
        for event in self.journal.events():
            if event.sequence > known:
                self._add(event)
            if isinstance(event, Ended):
                return event.outcome
        return None

    def _find_out(self, worker: subprocess.Popen[str], patience: Patience) -> str:
        """End what is left of a worker that said no last word, and return what happened."""
        code = worker.poll()
        if code is None and not self._hangs(patience):
            code = _code_of(worker)
        processes.interrupt(worker.pid)  # the engine, if it runs on alone, may still write its state
        deadline = time.monotonic() + min(patience.grace, 10.0)
        while processes.engine_runs(worker.pid) and time.monotonic() < deadline:
            threading.Event().wait(0.1)
        processes.kill(worker.pid)
        ended = worker.wait() if code is None else code
        if self._killed:
            return self._killed
        return f"the worker ended without a word ({'signal' if ended < 0 else 'exit code'} {abs(ended)})"

    def _hangs(self, patience: Patience) -> bool:
        return time.monotonic() - self._heard > patience.silence

    def _finish(self, worker: subprocess.Popen[str]) -> None:
        """Let a worker that has ended its work go; nothing of it may stay behind."""
        try:
            worker.wait(timeout=10)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        processes.kill(worker.pid)
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                stream.close()

    def _watch(self, worker: subprocess.Popen[str], patience: Patience) -> None:
        """Hold the operation to its deadline, its grace and its signs of life."""
        began = time.monotonic()
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._outcome is not None, timeout=0.25):
                    return
            now = time.monotonic()
            if now - began > patience.deadline:
                self.cancel(Reason.DEADLINE)
            if self._cancelled_at is not None and now - self._cancelled_at > patience.grace:
                self._killed = f"it was killed: cancelled, and still at work {patience.grace:g} s later"
            elif self._hangs(patience):
                self._killed = f"it was killed: not a sign of life for {patience.silence:g} s"
            if self._killed:
                processes.kill(worker.pid)
                return

    def _add(self, event: Event) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    def _end(self, outcome: Outcome) -> None:
        """Record an end that no worker recorded."""
        last = max((event.sequence for event in self.journal.events()), default=0)
        ended = Ended(outcome=outcome, sequence=last + 1, time=time.time())
        self.journal.append(ended)
        self.journal.close()
        self._add(ended)
        self._set(outcome)

    def _set(self, outcome: Outcome) -> None:
        with self._changed:
            self._outcome = outcome
            self._changed.notify_all()


def _code_of(worker: subprocess.Popen[str]) -> int | None:
    try:
        return worker.wait(timeout=2)
    except subprocess.TimeoutExpired:
        return None
