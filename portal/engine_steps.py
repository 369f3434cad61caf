"""What the engine does for each kind of operation. Runs in the worker."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi.automation import (
    CommandError,
    ConcurrentUpdateError,
    LocalWorkspace,
    LocalWorkspaceOptions,
    PulumiCommand,
    Stack,
    StackNotFoundError,
)

from portal import endings, engine_cli, fingerprints, workspace
from portal.engine_plugins import Refused, need
from portal.events import Phase
from portal.fingerprints import Fingerprint
from portal.outcomes import Outcome, Reason, RepairStep, State, pending_in, repairs_for
from portal.redaction import secrets_of_state
from portal.requests import READS_ONLY, RUNS_PROGRAM, Kind
from portal.translation import translated

if TYPE_CHECKING:
    from portal.engine_worker import Worker

SHOWN = 10
"""Resources that a refusal names; the rest is counted."""


def run(worker: "Worker") -> Outcome:
    """Run the worker's request and return how it ended."""
    request = worker.request
    try:
        worker.send(Phase(phase="prepare"))
        command = engine_cli.command(os.environ, Path(request.work) / "cli")
        operation = _Operation(worker, command)
        operation.open()
    except engine_cli.NoCliError as error:
        if worker.cancelled is not None:  # it was the CLI that got the signal
            return Outcome(state=State.CANCELLED, reason=worker.cancelled, message="cancelled before the engine began")
        return Outcome(state=State.FAILED, reason=Reason.NO_CLI, message=worker.redactor.text(str(error)))
    except Refused as refused:
        return Outcome(state=State.FAILED, reason=refused.reason, message=worker.redactor.text(str(refused)))
    except CommandError as error:
        return _ended(worker, error)
    try:
        outcome = operation.run()
    except Refused as refused:
        outcome = Outcome(state=State.FAILED, reason=refused.reason, message=worker.redactor.text(str(refused)))
    except CommandError as error:
        outcome = _ended(worker, error)
    finally:
        operation.close()
    return outcome if outcome.state is State.LOCKED else operation.with_state(outcome)


def _ended(worker: "Worker", error: CommandError) -> Outcome:
    text = worker.redactor.text(str(error))
    locked = isinstance(error, ConcurrentUpdateError)
    outcome = endings.of_error(text, worker.answers, cancelled=worker.cancelled, locked=locked)
    return replace(outcome, repairs=repairs_for((), outcome.locks)) if locked else outcome


class _Operation:
    """An opened stack and what is done with it."""

    def __init__(self, worker: "Worker", command: PulumiCommand) -> None:
        self._worker = worker
        self._request = worker.request
        self._folder = worker.journal.workspace
        self._kept = Path(self._request.work) / "secrets" / f"{self._request.stack}.yaml"
        root = Path(self._request.root)
        workspace.prepare(self._folder, root, self._request.stack, self._request.document, self._kept)
        self._workspace = LocalWorkspace(
            **vars(
                LocalWorkspaceOptions(
                    work_dir=str(self._folder),
                    env_vars={"PULUMI_BACKEND_URL": self._request.backend, "PULUMI_SKIP_UPDATE_CHECK": "true"},
                    secrets_provider=self._request.secrets_provider,
                    pulumi_command=command,
                )
            )
        )
        self._stack: Stack | None = None
        self._before: dict[str, Any] = {}
        self._heard_nothing = True

    @property
    def stack(self) -> Stack:
        if self._stack is None:
            raise RuntimeError("open() comes first")
        return self._stack

    def open(self) -> None:
        """Select the stack, made where there is none yet; read its state; see that the plugins are there."""
        kind = self._request.kind
        if kind not in {Kind.STATE, Kind.REPAIR}:
            need(self._request.plugins, self._workspace, self._worker.send)
        if kind in RUNS_PROGRAM:
            self._stack = Stack.create_or_select(self._request.stack, self._workspace)
        else:
            try:
                self._stack = Stack.select(self._request.stack, self._workspace)
            except StackNotFoundError:
                raise Refused(
                    Reason.NO_STACK, f"stack {self._request.stack!r}: nothing was ever deployed there."
                ) from None
        workspace.keep_encryption(self._folder, self._request.stack, self._kept)
        self._learn_config()
        self._before = self._deployment()

    def _learn_config(self) -> None:
        """Have the secrets of the stack file hidden wherever a provider or the program repeats them."""
        if not _has_secrets(self._request.document.get("config")):
            return
        found = self.stack.get_all_config()
        self._worker.redactor.learn(each.value for each in found.values() if each.secret)

    def close(self) -> None:
        """Remember how secrets are encrypted."""
        workspace.keep_encryption(self._folder, self._request.stack, self._kept)

    def run(self) -> Outcome:
        """Do the operation. Raises what the CLI raises."""
        self._raise_if_cancelled()
        self._worker.send(Phase(phase=self._request.kind.value))
        work: Mapping[Kind, Callable[[], Outcome | None]] = {
            Kind.PREVIEW: self._previewed,
            Kind.PREVIEW_DESTROY: lambda: _nothing(self.stack.preview_destroy(run_program=False, **self._options())),
            Kind.UP: self._up_as_asked,
            Kind.REFRESH: lambda: self._refresh(clear=False),
            Kind.DRIFT: lambda: _nothing(self.stack.preview_refresh(run_program=False, **self._options())),
            Kind.DESTROY: self._destroy,
            Kind.REPAIR: self._repair,
            Kind.STATE: lambda: None,
        }
        return work[self._request.kind]() or self._succeeded()

    def with_state(self, outcome: Outcome) -> Outcome:
        """Return an outcome with what the state now holds, and the repairs that it needs."""
        removed = self._request.remove and outcome.state is State.SUCCEEDED
        if removed:
            return replace(outcome, resources=0)
        unchanged = self._request.kind in READS_ONLY or outcome.reason is Reason.NOT_AS_APPROVED
        try:
            after = self._before if unchanged else self._deployment()
        except CommandError as error:
            note = f"the state could not be read: {self._worker.redactor.text(str(error)).strip()}"
            return replace(outcome, diagnostics=(*outcome.diagnostics, note))
        pending = pending_in(after)
        lost = outcome.state is State.LOST
        return replace(
            outcome,
            pending=pending,
            resources=len(after.get("resources") or ()),
            state_version=fingerprints.state_version(after),
            repairs=repairs_for(pending, outcome.locks, may_be_locked=lost),
        )

    def _previewed(self) -> Outcome:
        now = self._fingerprint()
        self._preview()
        return self._succeeded(fingerprint=self._with_plan(now))

    def _up_as_asked(self) -> Outcome | None:
        if self._request.approved is not None:
            return self._approved_up(self._request.approved)
        self._up(None)
        return None

    def _refresh(self, *, clear: bool) -> None:
        self.stack.refresh(run_program=False, show_secrets=False, clear_pending_creates=clear, **self._options())

    def _destroy(self) -> None:
        self._refuse_protected()
        self.stack.destroy(run_program=False, show_secrets=False, **self._options())
        if self._request.remove:
            self._workspace.remove_stack(self._request.stack)

    def _refuse_protected(self) -> None:
        """Refuse a destroy before anything is gone, as the CLI's preview would; the Automation API leaves that out.

        The engine by itself notices on the way, when what depends on the protected resource is deleted already.
        """
        resources = self._before.get("resources") or ()
        if protected := [f'"{each["urn"]}"' for each in resources if each.get("protect")]:
            more = f" and {len(protected) - SHOWN} more" if len(protected) > SHOWN else ""
            raise Refused(
                Reason.PROGRAM,
                f"nothing was destroyed, because these are protected: {', '.join(protected[:SHOWN])}{more}. Take the"
                " protection off in the program and run `up` (docs/adr/0010-protected-stores.md), or unprotect them.",
            )

    def _approved_up(self, approved: Fingerprint) -> Outcome:
        self._refuse_differences(approved, self._fingerprint())
        with tempfile.TemporaryDirectory(dir=self._worker.journal.folder) as folder:
            plan = str(Path(folder) / "plan.json")
            self._preview(plan)
            self._before = self._deployment()
            # Looked at again after the preview, which takes its time; then the engine itself holds up to the plan.
            self._refuse_differences(approved, self._with_plan(self._fingerprint()))
            self._raise_if_cancelled()
            self._worker.send(Phase(phase="up", detail="as approved"))
            self._up(plan)
        return self._succeeded()

    def _refuse_differences(self, approved: Fingerprint, now: Fingerprint) -> None:
        if different := approved.differences(now):
            what = "; ".join(different)
            raise Refused(Reason.NOT_AS_APPROVED, f"not what was approved: {what}. Preview again and have it approved.")

    def _preview(self, plan: str | None = None) -> None:
        self._worker.answers.planned.clear()
        self.stack.preview(plan=plan, **self._policies(), **self._options())

    def _up(self, plan: str | None) -> None:
        self.stack.up(plan=plan, show_secrets=False, **self._policies(), **self._options())

    def _repair(self) -> None:
        if self._request.repair is RepairStep.UNLOCK:
            self.stack.cancel()
        else:
            self._refresh(clear=self._request.repair is RepairStep.CLEAR_PENDING)

    def _options(self) -> dict[str, Any]:
        self._heard_nothing = True
        return {
            "on_event": self._hear,
            "color": "never",
            "suppress_outputs": True,
            "message": self._request.message or None,
            "parallel": self._request.parallel,
        }

    def _policies(self) -> dict[str, Any]:
        return {"policy_packs": list(self._request.policy_packs) or None}

    def _hear(self, event: Any) -> None:
        if self._heard_nothing:
            self._heard_nothing = False
            if self._worker.cancelled is not None:  # asked while the CLI was being started, which missed the signal
                self._worker.cancel(self._worker.cancelled)
        for found in translated(event, self._worker.redactor, drift=self._request.kind is Kind.DRIFT):
            self._worker.send(found)

    def _deployment(self) -> dict[str, Any]:
        found: Mapping[str, Any] = self._workspace.export_stack(self._request.stack).deployment or {}
        self._worker.redactor.learn(secrets_of_state(found))
        return dict(found)

    def _fingerprint(self) -> Fingerprint:
        root = Path(self._request.root)
        return Fingerprint(
            commit=fingerprints.commit_of(root),
            program=fingerprints.program_hash(root),
            config=fingerprints.config_hash(self._request.document),
            state=fingerprints.state_version(self._before),
        )

    def _with_plan(self, fingerprint: Fingerprint) -> Fingerprint:
        return replace(fingerprint, plan=fingerprints.plan_hash(self._worker.answers.planned))

    def _succeeded(self, fingerprint: Fingerprint | None = None) -> Outcome:
        return Outcome(state=State.SUCCEEDED, counts=self._worker.answers.counts, fingerprint=fingerprint)

    def _raise_if_cancelled(self) -> None:
        if self._worker.cancelled is not None:
            raise CommandError("cancelled before the engine began")  # type: ignore[arg-type]  # only its text is read


def _has_secrets(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "secure" in value or any(_has_secrets(each) for each in value.values())
    return isinstance(value, list) and any(_has_secrets(each) for each in value)


def _nothing(_: object) -> None:
    """Drop what the Automation API returns: its events said it all."""
