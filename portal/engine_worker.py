"""The process that runs one operation: reads a request on stdin, writes events as JSON lines on stdout.

Started by `portal.operation` as the leader of a session. A line `cancel REASON` on
stdin, or its end because the service died, cancels in good order.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from portal import engine_steps
from portal.events import (
    Diagnostic,
    Ended,
    Event,
    Heartbeat,
    PolicyViolation,
    ResourceFailed,
    ResourcePlanned,
    Summary,
    to_json,
)
from portal.journal import Journal
from portal.outcomes import Outcome, Reason, State
from portal.redaction import Redactor, secrets_of_environment
from portal.requests import Answers, Request

BEAT_SECONDS = 2.0


class Worker:
    """One operation, from its request to its outcome."""

    def __init__(self, request: Request, journal: Journal, out: TextIO) -> None:
        self._out = out
        self.request = request
        self.journal = journal
        self.redactor = Redactor(secrets_of_environment(os.environ))
        self.answers = Answers()
        self.cancelled: Reason | None = None
        self._sequence = 0
        self._writing = threading.Lock()
        self._ended = threading.Event()

    def send(self, event: Event) -> None:
        """Number an event, record it, and pass it on. Called by several threads."""
        self._note(event)
        with self._writing:
            self._sequence += 1
            numbered = replace(event, sequence=self._sequence, time=time.time())
            line = self.journal.append(numbered)
            try:
                self._out.write(line + "\n")
                self._out.flush()
            except BrokenPipeError:  # nobody listens any more; the journal does
                self._out = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # until the process ends

    def _note(self, event: Event) -> None:
        match event:
            case ResourcePlanned():
                self.answers.planned.append(to_json(event))
            case Diagnostic(severity="error"):
                self.answers.errors.append(event.message)
            case ResourceFailed():
                self.answers.failed += 1
            case PolicyViolation(level="mandatory"):
                self.answers.blocked += 1
                self.answers.errors.append(f"{event.policy}: {event.message}")
            case Summary():
                self.answers.counts = event.counts
            case _:
                pass

    def run(self) -> Outcome:
        """Do what is asked; whatever happens becomes an outcome."""
        began = time.monotonic()
        for work in (self._listen, self._beat):
            threading.Thread(target=work, daemon=True).start()
        try:
            outcome = self.outcome()
        except Exception as error:  # noqa: BLE001  # the last line of defence: its end must be known, too
            sys.stderr.write(self.redactor.text(traceback.format_exc()))
            message = f"the worker failed ({type(error).__name__}: {error}); {self.journal.log} has the trace"
            outcome = Outcome(state=State.FAILED, reason=Reason.INTERNAL, message=self.redactor.text(message))
        outcome = replace(outcome, seconds=round(time.monotonic() - began, 2))
        self._ended.set()
        self.send(Ended(outcome=outcome))
        return outcome

    def outcome(self) -> Outcome:
        """Do the work itself."""
        return engine_steps.run(self)

    def cancel(self, reason: Reason) -> None:
        """Ask the engine to end what it is doing and begin nothing more."""
        self.cancelled = self.cancelled or reason
        os.killpg(0, signal.SIGINT)  # this process ignores it; plugins are in groups of their own

    def _listen(self) -> None:
        for line in sys.stdin:
            word, _, reason = line.strip().partition(" ")
            if word == "cancel":
                self.cancel(Reason(reason))
        if not self._ended.is_set():  # the service is gone
            self.cancel(Reason.ASKED)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self.send(Heartbeat())


def main(kind: type[Worker] = Worker) -> None:
    """Run the operation that stdin asks for."""
    signal.signal(signal.SIGINT, lambda *_: None)  # a handler, not SIG_IGN: the CLI would inherit that
    request = Request.from_json(json.loads(sys.stdin.readline()))
    journal = Journal(Path(request.folder))
    journal.hold()
    if journal.ended() is not None:  # a service that found nobody at work has recorded this operation as lost
        return
    out, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no event
    kind(request, journal, out).run()
    journal.close()
