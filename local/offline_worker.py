"""A portal's worker where the Pulumi CLI is missing: previews under the mock runtime, and clear words for the rest.

For `Engine(worker="local.offline_worker")`. A preview runs the real program and judges it by the real policies. There
is no state to compare with, so everything is shown as new; its outcome has no fingerprint, so nobody can approve it.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from portal import engine_worker
from portal.events import Diagnostic, Ended, Event, Phase, PolicyViolation, ResourcePlanned, Summary
from portal.journal import Journal
from portal.outcomes import Outcome, Reason, State
from portal.redaction import HIDDEN
from portal.requests import Kind, Request
from portal.translation import known

if TYPE_CHECKING:
    from local.recorder import Graph, Registration

INSTALL = (
    "Install the Pulumi CLI (https://www.pulumi.com/docs/install/) and the plugin that `make up-local` names, then "
    "start the portal again."
)
PREVIEWED = (
    "This preview was made without the Pulumi engine: the program ran and the policies judged it, but there is no "
    f"state to compare with, so everything is shown as new, and nothing of it can be approved or deployed. {INSTALL}"
)
REFUSED = f"The Pulumi CLI or its aws plugin is not on this machine, and only previews work without them. {INSTALL}"
SETTINGS = "mlops:settings"


class OfflineWorker(engine_worker.Worker):
    """One operation."""

    def __init__(self, request: Request, journal: Journal, out: TextIO) -> None:
        super().__init__(request, journal, out)
        self._ending = threading.Lock()
        self._over = False

    def send(self, event: Event) -> None:
        """Pass an event on, unless the operation has ended: a cancel may come in the midst of the program."""
        with self._ending:
            if not self._over:
                self._over = isinstance(event, Ended)
                super().send(event)

    def outcome(self) -> Outcome:
        """Preview, or say why nothing else is possible."""
        if self.request.kind is not Kind.PREVIEW:
            return Outcome(state=State.FAILED, reason=Reason.NO_CLI, message=REFUSED)
        self.send(Phase(phase="prepare", detail="without the Pulumi engine"))
        self.send(Diagnostic(severity="warning", message=PREVIEWED))
        self.send(Phase(phase="preview", detail="running the program under the mock runtime"))
        return self._preview(self.request.document.get("config", {}).get(SETTINGS) or {})

    def cancel(self, reason: Reason) -> None:
        """End at once: nothing was changed, and the mock runtime cannot be interrupted in good order."""
        self.send(Ended(outcome=Outcome(state=State.CANCELLED, reason=reason, message="cancelled on demand")))
        if not self._ended.is_set():  # else it ends by itself just now
            os._exit(0)

    def _preview(self, settings: Mapping[str, Any]) -> Outcome:
        from local.recorder import ROOT, record_program

        if Path(self.request.root, "__main__.py").is_file() and Path(self.request.root) != ROOT:
            message = f"without the Pulumi engine only the program in {ROOT.name} can be previewed. {INSTALL}"
            return Outcome(state=State.FAILED, reason=Reason.NO_CLI, message=message)
        try:
            graph = record_program(settings, stack=self.request.stack, preview=True)
        except Exception as error:  # noqa: BLE001  # whatever the program raises is how the preview ends
            message = self.redactor.text(f"the program failed ({type(error).__name__}): {error}")
            self.send(Diagnostic(severity="error", message=message))
            return Outcome(state=State.FAILED, reason=Reason.PROGRAM, message=message)
        planned = list(_planned(graph, self.request.stack))
        for event in planned:
            self.send(replace(event, inputs=self.redactor.value(event.inputs)))
        for violation in _violations(graph, settings):
            self.send(violation)
        counts = {"create": len(planned)}
        self.send(Summary(counts=counts, seconds=0))
        if self.answers.blocked:
            message = f"{self.answers.blocked} violations of policies; a deployment would be refused"
            return Outcome(
                state=State.FAILED, reason=Reason.POLICY, message=message, counts=counts,
                diagnostics=tuple(self.answers.errors),
            )  # fmt: skip
        return Outcome(state=State.SUCCEEDED, message=PREVIEWED, counts=counts, resources=0)


def _planned(graph: "Graph", stack: str) -> Iterator[ResourcePlanned]:
    """Yield what the engine would say of a stack that has nothing yet."""
    root = next(
        (each.parent for each in graph if each.parent), f"urn:pulumi:{stack}::mlops::pulumi:pulumi:Stack::mlops"
    )
    yield ResourcePlanned(urn=root, type="pulumi:pulumi:Stack", operation="create")
    for each in graph:
        yield ResourcePlanned(
            urn=each.urn,
            type=each.type,
            operation="create",
            parent=each.parent,
            inputs=_inputs(each) if each.custom else {},
            protected=each.protect,
            retained=False,
        )


def _inputs(registration: "Registration") -> Any:
    from google.protobuf import json_format

    return known(_shown(json_format.MessageToDict(registration.request_inputs)))


def _shown(value: Any) -> Any:
    """Return a value of the engine's protocol as people read it; secrets stay hidden."""
    from policy.recorded import SECRET, SIGNATURE

    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET:
            return HIDDEN
        return {key: _shown(item) for key, item in value.items() if key != SIGNATURE}
    return [_shown(item) for item in value] if isinstance(value, list) else value


def _violations(graph: "Graph", settings: Mapping[str, Any]) -> Iterator[PolicyViolation]:
    from policy.judge import judge
    from policy.model import Surroundings
    from policy.recorded import checked
    from policy.suppressions import read

    today = datetime.now(UTC).date()  # as the policy pack itself asks
    for finding in judge(checked(graph), Surroundings.of(settings, today), read(today)).findings:
        message = f"{finding.message}. {finding.fix}"
        yield PolicyViolation(policy=finding.rule, pack="mlops", level="mandatory", message=message, urn=finding.urn)


def main() -> None:
    """Run the operation that stdin asks for."""
    engine_worker.main(OfflineWorker)
