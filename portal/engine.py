"""Preview, up, refresh, destroy and repair of the project's stacks on the real Pulumi engine, one process each.

`Engine` starts operations; `portal.operation.Operation` is one; `portal.outcomes` lists how they end. The engine itself
is only touched in the worker process: modules named engine* are the only ones that import `pulumi.automation`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal.fingerprints import Fingerprint
from portal.journal import Journal
from portal.locks import locks_of
from portal.operation import WORKER, Operation, Patience
from portal.outcomes import Outcome, Reason, RepairStep, State, repairs_for
from portal.requests import READS_ONLY, Kind, Request, new_identity
from portal.workspace import stack_file
from settings import SettingsError, load_settings
from settings.files import StackFileError, parsed
from settings.problems import CONFIG_KEY

Check = Callable[[Mapping[str, Any], str], None]
"""Judges the content of a stack file (its name is the second argument). Raises SettingsError."""


def check_settings(document: Mapping[str, Any], source: str) -> None:
    """Validate the project's settings in a stack file. Raises SettingsError with every mistake at once."""
    config = document.get("config")
    load_settings((config if isinstance(config, Mapping) else {}).get(CONFIG_KEY, {}), source=source)


class RepairRefusedError(Exception):
    """A repair that can do harm was asked for without a confirmation."""


class Engine:
    """The project's stacks in one backend.

    `work` keeps what operations leave on this machine: one folder each under `operations/`. Two services must not
    share one. `environment` goes to the engine and the program as it is: credentials belong there, and nowhere else.
    `worker` is the module whose `main()` runs one operation.
    """

    def __init__(
        self,
        root: Path,
        *,
        work: Path,
        backend: str,
        environment: Mapping[str, str],
        secrets_provider: str = "passphrase",
        plugins: Sequence[str] = (),
        policy_packs: Sequence[Path] = (),
        patience: Patience | None = None,
        check: Check = check_settings,
        worker: str = WORKER,
    ) -> None:
        self._root = root.resolve()
        self._work = work.resolve()
        self._backend = backend
        self._environment = dict(environment)
        self._secrets_provider = secrets_provider
        self._plugins = tuple(plugins)
        self._policy_packs = tuple(str(pack.resolve()) for pack in policy_packs)
        self._patience = patience or Patience()
        self._check = check
        self._worker = worker

    def preview(
        self, stack: str, *, settings: Mapping[str, Any] | None = None, message: str = "", identity: str | None = None
    ) -> Operation:
        """Say what `up` would do. Its outcome holds the fingerprint that an approval binds.

        `settings` replaces the stack file's settings, for an edit that is not saved yet. `identity`, here and below, is
        the id that the caller knows the operation by (`new_identity`); an operation of this id must not exist.
        """
        return self._start(Kind.PREVIEW, stack, settings=settings, message=message, identity=identity)

    def preview_destroy(self, stack: str, *, identity: str | None = None) -> Operation:
        """Say what `destroy` would remove."""
        return self._start(Kind.PREVIEW_DESTROY, stack, identity=identity)

    def up(
        self,
        stack: str,
        *,
        approved: Fingerprint | None = None,
        message: str = "",
        parallel: int | None = None,
        identity: str | None = None,
    ) -> Operation:
        """Deploy. With `approved`, only if another preview shows exactly what was approved, and then only that."""
        return self._start(Kind.UP, stack, approved=approved, message=message, parallel=parallel, identity=identity)

    def refresh(self, stack: str, *, message: str = "", identity: str | None = None) -> Operation:
        """Write into the state what is really there."""
        return self._start(Kind.REFRESH, stack, message=message, identity=identity)

    def drift(self, stack: str, *, identity: str | None = None) -> Operation:
        """Say what differs between state and cloud; changes neither."""
        return self._start(Kind.DRIFT, stack, identity=identity)

    def destroy(self, stack: str, *, remove: bool = False, message: str = "", identity: str | None = None) -> Operation:
        """Remove all resources; with `remove` also the empty stack and its history."""
        return self._start(Kind.DESTROY, stack, remove=remove, message=message, identity=identity)

    def state(self, stack: str) -> Outcome:
        """Return number of resources, version, pending operations, locks and the repairs they call for."""
        outcome = self._start(Kind.STATE, stack, checked=False).wait()
        locks = self._locks(stack)
        return replace(outcome, locks=locks, repairs=repairs_for(outcome.pending, locks))

    def repair(
        self, stack: str, step: RepairStep, *, confirmed: bool = False, identity: str | None = None
    ) -> Operation:
        """Do one repair that an outcome offered.

        Raises RepairRefusedError where a person has to look first and confirm: before pending creations are forgotten,
        and before a lock is taken away whose holder may live.
        """
        if not confirmed:
            if step is RepairStep.CLEAR_PENDING:
                raise RepairRefusedError(
                    "clear_pending forgets resources that may exist: look whether each pending creation is there, "
                    "then confirm."
                )
            locks = self._locks(stack)
            if step is RepairStep.UNLOCK and not (locks and all(lock.is_stale for lock in locks)):
                holders = ", ".join(map(str, locks)) or "nobody that this machine can see"
                raise RepairRefusedError(
                    f"the stack {stack} is held by {holders}: make sure that no operation runs, then confirm."
                )
        return self._start(Kind.REPAIR, stack, repair=step, checked=False, identity=identity)

    def reopen(self, operation: str) -> Outcome | None:
        """Return the end of an operation that an earlier service started; None while its worker still runs.

        An operation whose worker is gone without an end is lost: that is recorded, and returned.
        """
        journal = Journal(self._work / "operations" / operation)
        request = Request.from_json(journal.request())
        if ended := journal.ended():
            return ended.outcome
        if not journal.take():
            return None
        try:
            if ended := journal.ended():  # it ended between the two looks
                return ended.outcome
            found = Operation(request, journal)
            found.refuse(self._lost(found, "the service ended, and the worker with it"))
        finally:
            journal.close()
        return found.outcome

    def _start(
        self,
        kind: Kind,
        stack: str,
        *,
        settings: Mapping[str, Any] | None = None,
        checked: bool = True,
        identity: str | None = None,
        **details: Any,
    ) -> Operation:
        source = f"Pulumi.{stack}.yaml"
        document, wrong = self._document(stack, source, settings)
        if wrong is None and checked:
            wrong = self._wrong(document, source)
        identity = identity or new_identity(datetime.now(UTC))
        folder = self._work / "operations" / identity
        request = Request(
            id=identity,
            kind=kind,
            stack=stack,
            root=str(self._root),
            folder=str(folder),
            work=str(self._work),
            backend=self._backend,
            document=document,
            secrets_provider=self._secrets_provider,
            plugins=self._plugins,
            policy_packs=self._policy_packs,
            **details,
        )
        journal = Journal(folder)
        journal.create(request.to_json())
        operation = Operation(request, journal)
        if wrong is not None:
            problems = tuple(problem.path for problem in wrong.problems)
            operation.refuse(
                Outcome(state=State.FAILED, reason=Reason.SETTINGS, message=str(wrong), diagnostics=problems)
            )
        else:
            operation.start(self._environment, self._patience, self._lost, self._worker)
        return operation

    def _document(
        self, stack: str, source: str, settings: Mapping[str, Any] | None
    ) -> tuple[dict[str, Any], SettingsError | None]:
        from settings.problems import Problem

        try:
            document = parsed(stack_file(self._root, stack))
        except StackFileError as error:
            problem = Problem(path="", value="", rule=error.rule, fix=error.fix)
            return {}, SettingsError([problem], source=source)
        if settings is not None:
            document = {**document, "config": {**(document.get("config") or {}), CONFIG_KEY: settings}}
        return document, None

    def _wrong(self, document: Mapping[str, Any], source: str) -> SettingsError | None:
        try:
            self._check(document, source)
        except SettingsError as error:
            return error
        return None

    def _locks(self, stack: str) -> tuple[Any, ...]:
        url = urlsplit(self._backend)
        return locks_of(Path(url.path), self._root, stack) if url.scheme == "file" else ()

    def _lost(self, operation: Operation, happened: str) -> Outcome:
        """Return the end of an operation whose worker said no last word, with what it left behind."""
        request = operation.request
        lost = Outcome(state=State.LOST, message=f"{happened}. Nothing runs any more.")
        if request.kind in READS_ONLY:
            return replace(lost, message=f"{lost.message} It only read: start it again.")
        found = self.state(request.stack)
        if found.state is not State.SUCCEEDED:
            note = f"The state could not be read: {found.message}"
            return replace(
                lost, diagnostics=(note,), repairs=repairs_for((), found.locks, may_be_locked=not found.locks)
            )
        hidden = urlsplit(self._backend).scheme != "file"
        return replace(
            lost,
            pending=found.pending,
            locks=found.locks,
            resources=found.resources,
            state_version=found.state_version,
            repairs=repairs_for(found.pending, found.locks, may_be_locked=hidden),
        )


def engine_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with `extra`: what an `Engine` of a person's own machine gets."""
    return {**os.environ, **(extra or {})}
