"""The scripted worker, which besides notes in a log when it really begins and what it really does to the cloud.

`crashes` of the scenario may name, besides the places of `tests.portal.scenario`: unheld (before it says that it
lives), held (after that), unsaid (its end is in the journal, and not told to the service). `engine_dies`: a resource at
whose change the engine is killed, as a child of the worker that lives on to tell it.
"""

import json
import os
import signal
import sys
from pathlib import Path

from portal.events import Ended
from portal.journal import Journal
from portal.outcomes import Outcome, State
from portal.requests import Request
from tests.portal import scripted_steps, scripted_worker

DOING = {"create": "creating", "delete": "deleting"}


class EngineDiedError(Exception):
    """The engine is gone, in the middle of a change."""


def note(folder, **content):
    """Write a line into the log of all workers; a line is written wholly or not at all."""
    line = json.dumps({"pid": os.getpid(), "service": os.getppid(), **content}) + "\n"
    with (folder / "starts.jsonl").open("a") as log:
        log.write(line)


class LoggedSteps(scripted_steps.Steps):
    def apply(self, word, resource, old, changes):
        folder = self.worker.scenario_folder
        if self.scenario.get("engine_dies") == resource["name"]:
            pending = {"resource": {"urn": resource["urn"], "type": resource["type"]}, "type": DOING[word]}
            self.state["pending_operations"] = [pending]
            self.save()
            raise EngineDiedError
        super().apply(word, resource, old, changes)
        note(folder, did=word, urn=resource["urn"], id=self.request.id)


class LoggedWorker(scripted_worker.Worker):
    def run(self):
        approved = self.request.approved
        note(
            self.scenario_folder,
            began=self.request.id,
            kind=self.request.kind.value,
            stack=self.request.stack,
            approved=approved.plan if approved else None,
        )
        self.die("held")
        super().run()

    def outcome(self):
        try:
            return super().outcome()
        except EngineDiedError:
            lost = Outcome(state=State.LOST, message="the engine was killed")
            steps = scripted_steps.Steps(self)
            return steps.with_state(lost)

    def send(self, event):
        if isinstance(event, Ended) and f"{self.request.kind.value}-unsaid" in self.scenario.get("crashes", ()):
            self.out = open(os.devnull, "w")  # noqa: PTH123, SIM115
            super().send(event)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().send(event)

    def die(self, place):
        if f"{self.request.kind.value}-{place}" in self.scenario.get("crashes", ()):
            os.kill(os.getpid(), signal.SIGKILL)


def main():
    """Run the operation that stdin asks for."""
    signal.signal(signal.SIGINT, lambda *_: None)
    line = sys.stdin.readline()
    if not line:  # the service died before it said what is to be done
        return
    request = Request.from_json(json.loads(line))
    scripted_worker.Worker, scripted_worker.Steps = LoggedWorker, LoggedSteps
    scenario = json.loads(Path(os.environ["SCENARIO"]).read_text()).get(request.stack, {})
    if f"{request.kind.value}-unheld" in scenario.get("crashes", ()):
        os.kill(os.getpid(), signal.SIGKILL)
    journal = Journal(Path(request.folder))
    out, sys.stdout = sys.stdout, sys.stderr
    scripted_worker.work(request, journal, sys.stdin, out, os.environ)
    journal.close()
