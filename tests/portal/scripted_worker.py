"""A worker without the Pulumi CLI: speaks the worker's protocol and does what a scenario says, with a state of its own.

For `Engine(worker="tests.portal.scripted_worker")` with SCENARIO=<file> in the engine's environment. The file (see
`tests.portal.scenario.Scenario`, which writes it) says per stack which resources the program asks for, what fails, what
violates a policy, what drifted, where to stop and where to die. Fingerprints, approvals, cancel, pending operations and
the state's version behave as with the real engine; only clouds and programs are made up.
"""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from portal.events import Ended, Heartbeat, Phase, to_json
from portal.journal import Journal
from portal.outcomes import Lock, Outcome, Reason, State, repairs_for
from portal.requests import Request
from tests.portal.scripted_steps import CancelledError, RefusedError, Steps

BEAT_SECONDS = 2.0


class CrashedError(BaseException):
    """A scripted crash of a worker that is a thread. No `except Exception` may hold it up."""


class Worker:
    """One operation: numbers events, writes the journal, listens for `cancel`."""

    def __init__(self, request, journal, stdin, out, environment):
        self.request, self.journal, self.stdin, self.out = request, journal, stdin, out
        scenario = Path(environment["SCENARIO"])
        self.threads = "SCENARIO_THREADS" in environment
        # What it was given, by name: a value would be a secret in a file.
        (scenario.parent / f"variables-{request.id}").write_text("\n".join(sorted(environment)))
        self.scenario_folder = scenario.parent
        self.scenario = json.loads(scenario.read_text()).get(request.stack, {})
        self.cancelled = None
        self.woken = threading.Event()
        self.ended = threading.Event()
        self.sequence = 0
        self.writing = threading.Lock()

    def send(self, event):
        with self.writing:
            self.sequence += 1
            numbered = replace(event, sequence=self.sequence, time=time.time())
            line = self.journal.append(numbered)
            try:
                self.out.write(line + "\n")
                self.out.flush()
            except BrokenPipeError:
                self.out = open(os.devnull, "w")  # noqa: PTH123, SIM115
        return to_json(numbered)

    def listen(self):
        for line in self.stdin:
            word, _, reason = line.strip().partition(" ")
            if word == "cancel":
                self.cancel(Reason(reason))
        if not self.ended.is_set():
            self.cancel(Reason.ASKED)

    def cancel(self, reason):
        if not self.scenario.get("deaf"):
            self.cancelled = self.cancelled or reason
            self.woken.set()

    def beat(self):
        while not self.ended.wait(BEAT_SECONDS):
            self.send(Heartbeat())

    def point(self, name):
        """A place in the operation: dies or stops here where the scenario says so; looks whether it is cancelled."""
        key = f"{self.request.kind.value}-{name}"
        if key in self.scenario.get("crashes", ()):
            if self.threads:
                raise CrashedError
            os.kill(os.getpid(), signal.SIGKILL)
        if key in self.scenario.get("stops", ()):
            (self.scenario_folder / f"at-{self.request.stack}-{key}").touch()
            go = self.scenario_folder / f"go-{self.request.stack}-{key}"
            while not go.exists() and not self.woken.wait(0.01):
                continue
        if pace := self.scenario.get("pace"):
            self.woken.wait(pace)
        if self.cancelled is not None:
            raise CancelledError

    def run(self):
        began = time.monotonic()
        for each in (self.listen, self.beat):
            threading.Thread(target=each, daemon=True).start()
        try:
            outcome = replace(self.outcome(), seconds=round(time.monotonic() - began, 2))
        finally:
            self.ended.set()
        self.send(Ended(outcome=outcome))

    def outcome(self):
        self.send(Phase(phase="prepare"))
        if self.scenario.get("locked") and self.request.kind.value != "state":
            locks = (Lock(by="somebody@elsewhere", process=4711, since="2026-01-01T00:00:00Z"),)
            return Outcome(
                state=State.LOCKED,
                message="the stack is locked by somebody@elsewhere. Wait until it ends; nothing was done.",
                locks=locks,
                repairs=repairs_for((), locks),
            )
        steps = Steps(self)
        try:
            self.point("begin")
            found = steps.run()
        except RefusedError as refused:
            found = Outcome(state=State.FAILED, reason=refused.reason, message=str(refused), diagnostics=refused.errors)
        except CancelledError:
            found = Outcome(state=State.CANCELLED, reason=self.cancelled, message="cancelled on demand")
        found = steps.with_state(found)
        try:
            self.point("end")
        except CancelledError:  # too late: what was asked is done
            self.woken.clear()
        return found


def main():
    signal.signal(signal.SIGINT, lambda *_: None)
    request = Request.from_json(json.loads(sys.stdin.readline()))
    journal = Journal(Path(request.folder))
    out, sys.stdout = sys.stdout, sys.stderr
    work(request, journal, sys.stdin, out, os.environ)
    journal.close()


def work(request, journal, stdin, out, environment):
    journal.hold()
    if journal.ended() is None:  # else a service found nobody at work, and recorded the operation as lost
        Worker(request, journal, stdin, out, environment).run()
