"""A token of the GitHub App for each operation that may touch GitHub: minted before it, revoked after its end.

Only stacks whose settings publish templates get any (docs/portal.md, GitHub). A token is in this process's memory and
in the environment of the one operation's engine, nowhere else. So the next service cannot revoke what a service leaves
behind that was killed: such a token ends by itself, an hour after it was minted.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError

from operations import github_token
from operations.errors import OperationError
from operations.github_token import App, Deadline, GitHubError, Token, within
from portal.configuration import PortalSettings
from portal.operation import Operation
from portal.outcomes import RepairStep
from portal.records import OperationRecord
from portal.requests import Kind
from portal.service.book import StackBook
from portal.service.errors import ServiceError
from portal.service.stack_access import StackAccess
from portal.workspace import stack_file
from settings import SettingsError, StackSettings, load_settings, read_stack_file

log = logging.getLogger(__name__)

VARIABLE = "GITHUB_TOKEN"
"""What pulumi-github's process reads."""
PLUGIN = "github"
MINTING_SECONDS, REVOKING_SECONDS = 60.0, 20.0


class NoTokenError(Exception):
    """An operation needs a token and gets none. The text says why, and what helps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A token, and the app by which it is revoked."""

    operation: str
    app: App
    token: Token

    @property
    def environment(self) -> dict[str, str]:
        """What the operation's engine gets. Never log it."""
        return {VARIABLE: self.token.text}

    @property
    def until(self) -> str:
        """When it ends by itself."""
        return datetime.fromtimestamp(self.token.expires, UTC).strftime("%H:%M UTC")


class GitHubTokens:
    """Mints and revokes. Safe for several threads."""

    def __init__(
        self,
        *,
        settings: PortalSettings,
        book: StackBook,
        access: StackAccess,
        within: Callable[[float], Deadline] = within,
    ) -> None:
        self._settings, self._book, self._access, self._within = settings, book, access, within
        self._leaving: dict[threading.Thread, Operation | None] = {}
        self._lock = threading.Lock()

    def mint(self, record: OperationRecord, arguments: Mapping[str, Any]) -> Held | None:
        """Return a token for an operation, None where it needs none. Raises NoTokenError.

        Signed for with the credentials that the engine gets for the stack, so nobody has to trust the portal with more.
        """
        settings = self._publishing(record, arguments)
        if settings is None:
            return None
        app = self._app(record.stack, settings)
        templates = github_token.templates_in(self._book.root(record.stack))
        repositories = github_token.repositories_of(settings, templates)
        try:
            access = self._access.of_engine(record.stack)
            token = github_token.mint(
                app, access.client("kms"), repositories, access.caller, self._within(MINTING_SECONDS)
            )
        except (OperationError, ServiceError, BotoCoreError) as error:
            raise NoTokenError(
                f"{record.stack} publishes templates, and there is no token for GitHub, so the engine was not asked. "
                f"{error}"
            ) from error
        held = Held(operation=record.id, app=app, token=token)
        missing = ", ".join(token.missing)
        limits = f"all repositories, since these are not there yet: {missing}" if missing else ", ".join(token.covered)
        log.info("a GitHub token until %s, for %s", held.until, limits, extra={"operation": record.id})
        return held

    def release(self, held: Held, operation: Operation | None) -> None:
        """Revoke a token once its operation has ended, at once where none began. Returns without waiting."""
        name = f"the GitHub token of operation {held.operation}"
        thread = threading.Thread(target=self._leave, args=(held, operation), name=name, daemon=True)
        with self._lock:
            self._leaving[thread] = operation
        thread.start()

    def stop(self) -> None:
        """Wait until the tokens of ended operations are revoked. One of an operation that runs on stays good."""
        until = time.monotonic() + REVOKING_SECONDS
        with self._lock:
            leaving = dict(self._leaving)
        for thread, operation in leaving.items():
            if operation is None or operation.outcome is not None:
                thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                log.warning("%s is not revoked: it ends by itself, within the hour", thread.name)

    def _publishing(self, record: OperationRecord, arguments: Mapping[str, Any]) -> StackSettings | None:
        """Return the settings that an operation works by, where these make it one that touches GitHub."""
        if PLUGIN not in self._settings.plugins or self._book.is_review(record.stack):
            return None  # review environments have no section `github`
        if record.kind is Kind.STATE or arguments.get("step") == RepairStep.UNLOCK.value:
            return None
        try:
            draft = arguments.get("settings")
            settings = self._saved(record.stack) if draft is None else load_settings(draft, source="the draft")
        except SettingsError:
            return None  # the engine refuses it, and says what is wrong
        return settings if settings.github is not None and settings.github.publish_templates else None

    def _app(self, stack: str, settings: StackSettings) -> App:
        """Return the app that signs: the saved one. A draft must not have the key sign for what nobody saved."""
        app = github_token.app_of(settings)
        try:
            saved = self._saved(stack)
        except SettingsError as error:
            raise NoTokenError(f"No token for GitHub without the saved settings of {stack}: {error}") from error
        if saved.github is None or github_token.app_of(saved) != app:
            raise NoTokenError(
                "This draft names another organisation, app, key or address of GitHub than the saved settings of "
                f"{stack}, and the portal signs for saved ones alone. Save the section `github`, then preview."
            )
        return app

    def _saved(self, stack: str) -> StackSettings:
        return read_stack_file(stack_file(self._book.root(stack), stack))

    def _leave(self, held: Held, operation: Operation | None) -> None:
        about = {"operation": held.operation}
        try:
            if operation is not None:
                operation.wait()
            github_token.revoke(held.app, held.token, self._within(REVOKING_SECONDS))
            log.info("the GitHub token is revoked", extra=about)
        except GitHubError as error:
            log.warning("the GitHub token was not revoked and is good until %s: %s", held.until, error, extra=about)
        finally:
            with self._lock:
                del self._leaving[threading.current_thread()]
