"""The engine of each stack: its own program, its own credentials, and the project's policies for all of them."""

from collections.abc import Mapping
from pathlib import Path

from portal.configuration import PortalSettings
from portal.engine import Check, Engine, check_settings
from portal.operation import WORKER, Patience
from portal.service.book import StackBook


class Engines:
    """Makes an engine per stack. All share one work folder, where an operation is found by its id alone.

    `environment` is the service's own (default: this process's), of which each stack gets the configured variables.
    """

    def __init__(
        self,
        settings: PortalSettings,
        book: StackBook,
        *,
        environment: Mapping[str, str] | None = None,
        worker: str = WORKER,
        patience: Patience | None = None,
        check: Check = check_settings,
    ) -> None:
        self._settings, self._book = settings, book
        self._environment, self._worker = environment, worker
        self._patience, self._check = patience, check

    def of(self, stack: str, extra: Mapping[str, str] | None = None) -> Engine:
        """Return a stack's engine. The variables are read anew each time, so renewed credentials count at once.

        `extra` are variables for one operation: a token that is minted for it.
        """
        # The policies are the project's, also for a branch under review: a branch cannot weaken its own judge.
        pack = self._settings.project / "policy"
        return Engine(
            self._book.root(stack),
            work=self._settings.work,
            backend=self._settings.backend,
            environment={
                **self._settings.engine_environment(self._book.base(stack), self._environment),
                **(extra or {}),
            },
            secrets_provider=self._settings.secrets_provider,
            plugins=self._settings.plugins,
            policy_packs=(pack,) if (pack / "PulumiPolicy.yaml").is_file() else (),
            patience=self._patience or Patience(deadline=60.0 * self._settings.deadline_minutes),
            check=self._check,
            worker=self._worker,
        )

    def journal(self, operation: str) -> Path:
        """Return an operation's folder."""
        return self._settings.work / "operations" / operation
