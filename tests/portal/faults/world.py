"""A portal whose service processes die and are started again, and whether its record is true afterwards."""

import json
import os
import signal
import time
from contextlib import suppress

from portal.access.roles import Actor
from portal.journal import Journal
from portal.outcomes import Reason, State
from portal.records import Progress
from portal.requests import READS_ONLY
from portal.store import Store
from tests.portal.faults.service import WORKER, GoneError, Plan, RefusedError, Service
from tests.portal.scenario import resource
from tests.portal.world import PortalWorld

STACK = "preprod"
"""One approval is needed there."""
LEASE = 20.0


def small(stack):
    """Enough for a first, a middle and a last resource."""
    return [
        resource(f"mlops-platform-{stack}", "pulumi:pulumi:Stack"),
        resource("vpc", "aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16"),
        resource("data", "aws:s3/bucket:Bucket", bucket=f"{stack}-data"),
        resource("alarms", "aws:sns/topic:Topic", name=f"{stack}-alarms"),
    ]


class FaultWorld(PortalWorld):
    """Services as processes; in this process is only a portal that is never started: it reads what is recorded.

    `local=True`: the service is in this process all the same, and only workers are processes.
    """

    def __init__(self, folder, *, database="", local=False, **options):
        super().__init__(folder, start=False, processes=True, **options)
        self.database, self.services, self.deaths, self._ahead = database, [], 0, 0.0
        for stack in self.settings.stacks:
            self.scenario.set(stack, resources=small(stack))
        if database:
            self.portal.stop()
        if database or local:
            more = {"store": Store(database)} if database else {}
            self.portal = self.another(start=local, worker=WORKER, **more)

    # -- services

    def serve(self, fault=None, **options):
        """Start a service; `fault` is how it will end. Its clock is ahead of those before, so that it leads at once."""
        plan = Plan(settings=self.settings, environment=self.environment, database=self.database, ahead=self._ahead,
                    fault=fault, options=options)  # fmt: skip
        self._ahead += 2 * LEASE
        self.service = Service(plan)
        self.services.append(self.service)
        return self.service

    def ask(self, what, who="", *arguments, **named):
        """Ask, and ask again after a death, as people do who got no answer."""
        while True:
            try:
                return self.service.ask(what, who, *arguments, **named)
            except GoneError:
                self.revive()

    def ask_unless_done(self, said, what, who, *arguments, **named):
        """Ask; after a death the first try may have been done, and then the second is told so."""
        try:
            return self.ask(what, who, *arguments, **named)
        except RefusedError as refused:
            if not (self.deaths and said in str(refused)):
                raise
            return None

    def revive(self):
        assert self.service.was_killed(), "it died of something else, or the point was not reached"
        self.deaths += 1
        for stack in self.settings.stacks:  # what begins from now on stands nowhere
            self.scenario.set(stack, stops=[], crashes=[], engine_dies="")
        self.serve()

    def ended(self, operation, state=None):
        """Wait for the end of an operation; a service that dies meanwhile is started again."""

        def over():
            if self.services and not self.service.alive:
                self.revive()
            return (record := self.get(operation)).progress is Progress.ENDED and record

        record = self.until(over, f"{operation} to end", within=40)
        assert state is None or record.outcome.state is state, (record.outcome.state, record.outcome.message)
        return record

    def close(self):
        for service in self.services:
            with suppress(ProcessLookupError):
                os.kill(service.pid, signal.SIGCONT)
            service.close()
        super().close()

    # -- what really happened

    def log(self, key):
        file = self.scenario.folder / "starts.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [line for line in lines if key in line]

    def begun(self, *kinds):
        """Ids of the operations whose worker really began, in order."""
        return [line["began"] for line in self.log("began") if not kinds or line["kind"] in kinds]

    def all(self):
        """All operations, oldest first."""
        with self.portal.store.reading() as unit:
            return unit.operations.history(limit=500).items[::-1]

    # -- a whole deployment, whatever happens

    def deploy(self, stack=STACK, *, rounds=4, wish=""):
        """Preview, approve, deploy, as people do who go on where the record says that they are. Returns the records."""
        done = []
        for number in range(rounds):
            preview = self.ask("operations.preview", "developer", stack, "try", key=f"preview-{stack}-{wish}{number}")
            done.append(preview := self.ended(preview))
            if preview.outcome.state is not State.SUCCEEDED:
                continue
            self.approve(preview.id)
            up = self.ask("operations.up", "developer", preview.id, "go", key=f"up-{stack}-{wish}{number}")
            done.append(up := self.ended(up))
            if up.outcome.state is State.SUCCEEDED:
                return done
            self.repair(up)
        raise AssertionError(f"not deployed within {rounds} rounds: {[each.outcome for each in done]}")

    def approve(self, preview):
        self.ask_unless_done("already", "operations.approve", "approver", preview, "looks right")

    def repair(self, record):
        """Do the repairs that an outcome offers."""
        for each in record.outcome.repairs:
            asked = self.ask("operations.repair", "admin", record.stack, each.step.value, True, "after the crash")
            repaired = self.ended(asked).outcome
            assert repaired.state is State.SUCCEEDED or repaired.reason is Reason.NO_STACK, repaired

    # -- the truth

    def check_truth(self):
        """See that the record is true, and that nothing ran twice."""
        self.until(lambda: all(record.progress is Progress.ENDED for record in self.all()), "the queue to be drained")
        records = self.all()
        begun = self.begun()
        assert len(begun) == len(set(begun)), f"an operation was started twice: {begun}"
        known = {record.id for record in records}
        strangers = [line for line in self.log("began") if line["began"] not in known and line["kind"] != "state"]
        assert not strangers, "the engine did what nobody recorded"
        self._previews_were_used_once(records)
        self._cloud_was_changed_once()
        for record in records:
            self._record_is_the_journal(record, record.id in begun)
        self._audit_is_true(records)
        for stack in {record.stack for record in records}:
            self._state_is_the_last_ones(stack, [record for record in records if record.stack == stack])

    @staticmethod
    def _previews_were_used_once(records):
        used = [record.preview for record in records if record.preview]
        assert len(used) == len(set(used)), "a preview was carried out twice"

    def _cloud_was_changed_once(self):
        there = set()
        for line in self.log("did"):
            if line["did"] == "create":
                assert line["urn"] not in there, f"{line['urn']} was created twice"
                there.add(line["urn"])
            elif line["did"] == "delete":
                there.discard(line["urn"])

    def _record_is_the_journal(self, record, began):
        journal = Journal(self.work / "operations" / record.id)
        with self.portal.store.reading() as unit:
            recorded = unit.events.after(record.id, 0, 10_000)
        assert [each["event"] for each in recorded].count("ended") == 1, f"{record.id}: {recorded[-3:]}"
        assert recorded[-1]["event"] == "ended"
        if not (journal.folder / "request.json").exists():
            assert not began
            assert record.outcome.state in {State.CANCELLED, State.FAILED}, "the engine was never asked"
            return
        told = [event for event in journal.events() if event.name != "heartbeat"]
        assert [each["sequence"] for each in recorded] == [event.sequence for event in told], record.id
        assert record.outcome == told[-1].outcome

    def _audit_is_true(self, records):
        with self.portal.store.reading() as unit:
            assert unit.audit.verify() is None
        entries = self.audited()
        for record in records:
            about = [entry.action for entry in entries if entry.subject == f"operation:{record.id}"]
            assert about.count(f"operation.{record.kind.value}") == 1, about
            subject = f"operation:{record.id}"
            approvals = [e.by for e in entries if (e.subject, e.action) == (subject, "operation.approve")]
            assert len(approvals) == len(set(approvals)), "somebody approved twice"
            if record.started is None:  # who cancelled it before it began is the one who ended it
                assert about.count("operation.cancel") == 1, about
                continue
            assert about.count("operation.ended") == 1, about
            ended = next(e for e in entries if (e.subject, e.action) == (subject, "operation.ended"))
            assert ended.details["state"] == record.outcome.state.value

    def _state_is_the_last_ones(self, stack, records):
        file = self.state / "scripted" / f"{stack}.json"
        there = len(json.loads(file.read_text())["resources"]) if file.is_file() else 0
        wrote = [r for r in records if r.kind not in READS_ONLY and r.outcome.resources is not None]
        wrote.sort(key=lambda record: record.started)
        if wrote:
            assert wrote[-1].outcome.resources == there, "the last one's outcome is what is there"


def by(name):
    """Somebody of the world."""
    found = getattr(PortalWorld, name)
    assert isinstance(found, Actor)
    return found


def wait_until(true, within=20.0):
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, true
        time.sleep(0.01)
