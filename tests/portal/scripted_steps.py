"""What the scripted worker does for each kind of operation, on a state file per stack."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from portal import fingerprints
from portal.events import (
    Diagnostic,
    Phase,
    PolicyViolation,
    PropertyChange,
    ResourceChanged,
    ResourceFailed,
    ResourcePlanned,
    ResourceStarted,
    Summary,
)
from portal.fingerprints import Fingerprint
from portal.outcomes import Outcome, Reason, RepairStep, State, pending_in, repairs_for
from portal.requests import READS_ONLY, RUNS_PROGRAM, Kind
from tests.portal.scripted_values import at, differences, filled, program, put, unknowns


class CancelledError(Exception):
    """Somebody cancelled, and nothing more begins."""


class RefusedError(Exception):
    """The operation ends here."""

    def __init__(self, reason, message, errors=()):
        super().__init__(message)
        self.reason, self.errors = reason, tuple(errors or (message,))


class Steps:
    def __init__(self, worker):
        self.worker, self.request, self.scenario = worker, worker.request, worker.scenario
        self.file = Path(urlsplit(self.request.backend).path) / "scripted" / f"{self.request.stack}.json"
        self.there = self.file.is_file()
        self.state = json.loads(self.file.read_text()) if self.there else {"resources": [], "pending_operations": []}
        self.before = json.loads(json.dumps(self.state))
        self.planned, self.counts = [], {}
        self.project = re.search(r"^name:\s*(\S+)", (Path(self.request.root) / "Pulumi.yaml").read_text(), re.MULTILINE)

    # -- what is asked for

    def urn(self, resource):
        types = (
            resource["type"] if resource["type"].startswith("pulumi:") else f"mlops:index:Platform${resource['type']}"
        )
        return f"urn:pulumi:{self.request.stack}::{self.project[1]}::{types}::{resource['name']}"

    def wanted(self):
        settings = (self.request.document.get("config") or {}).get("mlops:settings") or {}
        found = []
        for resource in self.scenario.get("resources", ()):
            inputs = filled(resource.get("inputs", {}), settings)
            found.append({**resource, "urn": self.urn(resource), "inputs": inputs})
        return found

    def plan(self):
        """Pairs of operation and resource, in the order of the program, removals last."""
        known = {each["urn"]: each for each in self.state["resources"]}
        steps = []
        for resource in self.wanted():
            old = known.pop(resource["urn"], None)
            if old is None:
                steps.append(("create", resource, None, ()))
                continue
            changes = differences(old["inputs"], resource["inputs"], resource.get("replace_on", ()))
            word = "replace" if any(change.replaces for change in changes) else "update" if changes else "same"
            steps.append((word, resource, old, changes))
        steps += [("delete", old, old, ()) for old in reversed(list(known.values()))]
        return steps

    # -- operations

    def run(self):
        kind = self.request.kind
        if kind not in RUNS_PROGRAM and not self.there:
            raise RefusedError(Reason.NO_STACK, f"stack {self.request.stack!r}: nothing was ever deployed there.")
        self.worker.send(Phase(phase=kind.value))
        return getattr(self, f"do_{kind.value}")()

    def do_preview(self):
        now = self.fingerprint()
        self.preview()
        return self.succeeded(fingerprint=self.with_plan(now))

    def do_preview_destroy(self):
        for old in reversed(self.state["resources"]):
            self.send_planned("delete", old, ())
        return self.summed({"delete": len(self.state["resources"])})

    def do_up(self):
        approved = self.request.approved
        if approved is not None:
            self.refuse_differences(approved, self.fingerprint())
        self.preview()
        if approved is not None:
            self.refuse_differences(approved, self.with_plan(self.fingerprint()))
            self.worker.send(Phase(phase="up", detail="as approved"))
        counts = {}
        for word, resource, old, changes in self.plan():
            counts[word] = counts.get(word, 0) + 1
            if word != "same":
                self.apply(word, resource, old, changes)
        return self.summed(counts)

    def do_destroy(self):
        if protected := [each["name"] for each in self.state["resources"] if each.get("protected")]:
            raise RefusedError(Reason.PROGRAM, f"resource {protected[0]} is protected: it cannot be deleted")
        count = len(self.state["resources"])
        for old in list(reversed(self.state["resources"])):
            self.apply("delete", old, old, ())
        if self.request.remove:
            self.file.unlink()
        return self.summed({"delete": count})

    def do_drift(self):
        count = 0
        for old, changes in self.drifted():
            self.send_planned("update", old, changes)
            count += 1
        return self.summed({"update": count, "same": len(self.state["resources"]) - count})

    def do_refresh(self):
        count = 0
        for old, changes in self.drifted():
            self.worker.point(old["name"])
            for change in changes:
                put(old["inputs"], change.path, change.new)
            self.worker.send(
                ResourceChanged(urn=old["urn"], type=old["type"], operation="update", id=old["id"], changes=changes)
            )
            count += 1
        kept = [each for each in self.state["pending_operations"] if each["type"] == "creating"]
        self.state["pending_operations"] = kept
        self.save()
        return self.summed({"update": count, "same": len(self.state["resources"]) - count})

    def do_state(self):
        return self.succeeded()

    def do_repair(self):
        if self.request.repair is RepairStep.CLEAR_PENDING:
            self.state["pending_operations"] = []
            self.save()
        elif self.request.repair is RepairStep.REFRESH:
            return self.do_refresh()
        return self.succeeded()

    # -- parts

    def preview(self):
        self.planned.clear()
        counts = {}
        for word, resource, _, changes in self.plan():
            self.worker.point(f"plan-{resource['name']}")
            counts[word] = counts.get(word, 0) + 1
            for each in ("create-replacement", "replace", "delete-replaced") if word == "replace" else (word,):
                self.planned.append(self.send_planned(each, resource, changes))
        blocked = self.judge()
        self.worker.send(Summary(counts=counts, seconds=1))
        self.counts = counts
        if blocked:
            raise RefusedError(Reason.POLICY, blocked[0], blocked)

    def judge(self):
        blocked = []
        for found in self.scenario.get("violations", ()):
            urn = next((each["urn"] for each in self.wanted() if each["name"] == found.get("resource")), "")
            level = found.get("level", "mandatory")
            self.worker.send(
                PolicyViolation(policy=found["policy"], pack="mlops", level=level, message=found["message"], urn=urn)
            )
            if level == "mandatory":
                blocked.append(f"{found['policy']}: {found['message']}")
        return blocked

    def apply(self, word, resource, old, changes):
        name, urn, kind = resource["name"], resource["urn"], resource["type"]
        self.worker.point(name)
        self.worker.send(ResourceStarted(urn=urn, type=kind, operation=word))
        doing = {"create": "creating", "replace": "creating", "delete": "deleting"}.get(word, "updating")
        self.state["pending_operations"] = [{"resource": {"urn": urn, "type": kind}, "type": doing}]
        self.save()
        if f"{self.request.kind.value}-in-{name}" in self.scenario.get("crashes", ()):
            self.worker.point(f"in-{name}")
        self.state["pending_operations"] = []
        if problem := self.scenario.get("fails", {}).get(name):
            self.save()
            self.worker.send(Diagnostic(severity="error", message=problem, urn=urn))
            self.worker.send(ResourceFailed(urn=urn, type=kind, operation=word))
            raise RefusedError(Reason.RESOURCES, problem)
        identity = old["id"] if old and word == "update" else f"{name}-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"
        rest = [each for each in self.state["resources"] if each["urn"] != urn]
        kept = {"urn": urn, "type": kind, "name": name, "id": identity, "inputs": resource["inputs"]}
        self.state["resources"] = (
            rest if word == "delete" else [*rest, {**kept, "protected": resource.get("protected")}]
        )
        self.save()
        self.worker.send(ResourceChanged(urn=urn, type=kind, operation=word, id=identity, changes=tuple(changes)))

    def drifted(self):
        cloud = self.scenario.get("drift", {})
        for old in self.state["resources"]:
            wanted = cloud.get(old["name"], {})
            changes = tuple(
                PropertyChange(path=path, kind="update", old=at(old["inputs"], path), new=value)
                for path, value in wanted.items()
                if at(old["inputs"], path) != value
            )
            if changes:
                yield old, changes

    def send_planned(self, word, resource, changes):
        changes = () if word in {"create", "delete", "delete-replaced"} else tuple(changes)
        return self.worker.send(
            ResourcePlanned(
                urn=resource["urn"],
                type=resource["type"],
                operation=word,
                changes=changes,
                replacing=tuple(change.path for change in changes if change.replaces),
                inputs={} if word.startswith("delete") else unknowns(resource["inputs"]),
                parent=""
                if resource["type"].startswith("pulumi:")
                else f"urn:pulumi:{self.request.stack}::"
                f"{self.project[1]}::pulumi:pulumi:Stack::{self.project[1]}-{self.request.stack}",
                protected=bool(resource.get("protected")),
            )
        )

    def fingerprint(self):
        root = Path(self.request.root)
        in_git = (root / ".git").exists()  # else git need not be asked, which costs more than all the rest
        return Fingerprint(
            commit=fingerprints.commit_of(root) if in_git else "",
            program=fingerprints.program_hash(root) if in_git else program(root),
            config=fingerprints.config_hash(self.request.document),
            state=fingerprints.state_version(self.state),
        )

    def with_plan(self, fingerprint):
        return replace(fingerprint, plan=fingerprints.plan_hash(self.planned))

    def refuse_differences(self, approved, now):
        if different := approved.differences(now):
            raise RefusedError(
                Reason.NOT_AS_APPROVED,
                f"not what was approved: {'; '.join(different)}. Preview again and have it approved.",
            )

    def summed(self, counts):
        self.counts = {word: count for word, count in counts.items() if count}
        self.worker.send(Summary(counts=self.counts, seconds=1))
        return self.succeeded()

    def succeeded(self, fingerprint=None):
        return Outcome(state=State.SUCCEEDED, counts=self.counts, fingerprint=fingerprint)

    def save(self):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(f".{self.request.id}")
        part.write_text(json.dumps(self.state))
        part.replace(self.file)

    def with_state(self, outcome):
        if self.request.remove and outcome.state is State.SUCCEEDED:
            return replace(outcome, resources=0)
        after = self.before if self.request.kind in READS_ONLY else self.state
        if self.request.kind is Kind.UP and outcome.reason in {Reason.NOT_AS_APPROVED, Reason.POLICY}:
            after = self.before
        pending = pending_in(after)
        return replace(
            outcome,
            counts=outcome.counts or self.counts,
            pending=pending,
            resources=len(after["resources"]),
            state_version=fingerprints.state_version(after),
            repairs=repairs_for(pending, outcome.locks),
        )
