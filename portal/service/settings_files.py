"""The editor of stack files: read, check, save. A file is edited as text, so its comments and its order stay.

Saving replaces the file as a whole and, in a git checkout, commits it alone, in the name of the person. It deploys
nothing: that takes a preview and its approvals, and every approval given before is void, because the commit changed.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal.access.roles import Action, Actor
from portal.configuration import PortalSettings
from portal.service.audited import AuditedChanges
from portal.service.errors import ConflictError, InvalidError, NotThereError, UnavailableError
from portal.service.git_checkout import GitCheckout, GitError, Person
from portal.service.reasons import checked_reason, one_line, person_of
from portal.service.settings_checks import Checked, FoundProblem, as_in, check_text, hash_of
from portal.service.settings_diff import Change, filled_settings
from portal.service.settings_rows import SettingRow, setting_rows
from portal.service.settings_secrets import masked
from portal.service.stack_text import stack_text
from portal.service.unfinished_saves import UnfinishedSaves
from portal.service.whole_file import replace_file
from portal.store import Store
from portal.workspace import stack_file
from settings import Problem
from settings.files import StackFileError

__all__ = ["Change", "Checked", "FoundProblem", "Saved", "SettingsFile", "SettingsFiles", "portal_identity"]

LONGEST_LISTED = 200
"""Characters of a setting's path in the message of a commit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsFile:
    """A stack's file as it is now."""

    stack: str
    name: str
    """Pulumi.dev.yaml"""
    text: str
    """Secrets in it are encrypted."""
    base_hash: str
    """Of this text: `save` takes it back, and refuses where somebody else saved in between."""
    settings: Mapping[str, Any] | None
    """The settings with every default; None where the file is not valid, which `check` explains."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """A stack file that was saved."""

    stack: str
    base_hash: str
    changes: tuple[Change, ...]
    commit: str | None
    """None where the project is no git checkout, where git ignores the file, or where the text was the same."""
    changed: bool


class SettingsFiles:
    """The stack files of the project."""

    def __init__(
        self,
        *,
        store: Store,
        settings: PortalSettings,
        clock: Callable[[], datetime],
        checkout: GitCheckout | None = None,
    ) -> None:
        self._audited = AuditedChanges(store=store, clock=clock)
        self._project, self._stacks = settings.project, settings.stacks
        self._checkout = checkout or GitCheckout(settings.project, portal=portal_identity(settings))
        self._unfinished = UnfinishedSaves(
            folder=settings.work / "saves", project=settings.project, checkout=self._checkout, store=store, clock=clock
        )
        self._checking: set[str] = set()
        self._counting = threading.Lock()
        self._saving = threading.Lock()  # git itself lets one command at a time write

    def recover(self) -> None:
        """Bring a save to its end in whose middle a service was killed."""
        with self._saving:
            self._unfinished.recover()

    def schema(self) -> tuple[SettingRow, ...]:
        """Return what can be set, a row each."""
        return setting_rows()

    def read(self, actor: Actor, stack: str) -> SettingsFile:
        """Return a stack's file. Raises NotThereError, ForbiddenError."""
        actor.require(Action.VIEW, stack)
        file = self._file(stack)
        content = _content(file)
        text = content.decode("utf-8")
        try:
            filled = filled_settings(stack_text(text).document)
        except StackFileError:
            filled = None
        return SettingsFile(stack=stack, name=file.name, text=text, base_hash=hash_of(content), settings=masked(filled))

    def check(self, actor: Actor, stack: str, text: str) -> Checked:
        """Return what is wrong with an edited text and what it changes. Nothing is kept."""
        actor.require(Action.VIEW, stack)
        file = self._file(stack)
        before = _content(file).decode("utf-8")
        with self._one_check(actor):
            return check_text(before, as_in(before, text), file.name)

    @contextmanager
    def _one_check(self, actor: Actor) -> Iterator[None]:
        """Have one text of a person checked at a time: a large one takes a second, in which others wait."""
        with self._counting:
            if actor.person in self._checking:
                raise ConflictError("Another text of yours is being checked.", "Wait for it, then check again.")
            self._checking.add(actor.person)
        try:
            yield
        finally:
            with self._counting:
                self._checking.discard(actor.person)

    def save(self, actor: Actor, stack: str, text: str, base_hash: str, why: str) -> Saved:
        """Replace a stack's file and commit it. Raises InvalidError with all mistakes, or ConflictError.

        The entry in the audit log comes first: nothing changes without one. Where the change then fails the file is
        as it was before, and another entry says so.
        """
        actor.require(Action.EDIT_SETTINGS, stack)
        reason = checked_reason(why)
        with self._saving, self._unfinished.turn():
            file = self._file(stack)
            old = _content(file)
            if hash_of(old) != base_hash:
                raise ConflictError(
                    f"{file.name} changed since you opened it: somebody saved it, or changed it in the project.",
                    "Your text is not lost: copy it, load the file again, and put your change into it.",
                )
            before = old.decode("utf-8")
            after = as_in(before, text)
            checked, new = check_text(before, after, file.name), after.encode("utf-8", "surrogatepass")
            if checked.problems:
                raise InvalidError(map(_plain, checked.problems))
            if new == old:
                return Saved(stack=stack, base_hash=base_hash, changes=(), commit=None, changed=False)
            paths = [change.path for change in checked.changes]
            details = {"why": reason, "before": base_hash, "after": hash_of(new), "changes": paths}
            message, author = _message(stack, reason, actor, checked.changes), person_of(actor, self._project.name)
            self._unfinished.begin(
                actor, author, stack=stack, file=file.name, after=hash_of(new), message=message
            )  # fmt: skip
            try:
                with self._audited.of(actor, "settings.save", f"stack:{stack}", details):
                    commit = self._replaced(author, file, old, new, message)
            except ConflictError:
                self._unfinished.end(stack)  # the log says so already
                raise
            self._unfinished.end(stack)
            return Saved(stack=stack, base_hash=hash_of(new), changes=checked.changes, commit=commit, changed=True)

    def _replaced(self, author: Person, file: Path, old: bytes, new: bytes, message: str) -> str | None:
        """Write the file and commit it; return the commit. Raises ConflictError, with the file as it was."""
        try:
            in_git = self._checkout.is_checkout() and self._checkout.keeps(file.name)
            if in_git and self._checkout.branch() is None:
                raise ConflictError(
                    f"{file.name} was not saved: the project's checkout is at no branch, and a commit belongs to one.",
                    "Check out a branch there.",
                )
            replace_file(file, new)
            return self._committed(author, file, old, message) if in_git else None
        except (GitError, OSError) as error:
            now = "is as it was before" if file.read_bytes() == old else "is not as it was before: look at it"
            raise ConflictError(
                f"{file.name} was not saved, and {now}. {error}",
                "Your text is not lost. Once this is put right, save again.",
            ) from error

    def _committed(self, author: Person, file: Path, old: bytes, message: str) -> str:
        try:
            return self._checkout.commit_file(file.name, message, author)
        except GitError:
            if self._checkout.has_committed(file.name):  # it gave no answer in time, and yet did it
                return self._checkout.head()
            replace_file(file, old)
            raise

    def _file(self, stack: str) -> Path:
        if stack not in self._stacks:
            raise NotThereError(f"stack {stack!r}: the portal has no such stack; it has {', '.join(self._stacks)}.")
        file = stack_file(self._project, stack).resolve()
        if not file.is_file():
            raise NotThereError(f"{file.name} is not in the project: the stack {stack} has no settings yet.")
        if file.parent != self._project.resolve():
            raise NotThereError(f"{file.name} is a link that leads out of the project; the portal does not follow it.")
        return file


def portal_identity(settings: PortalSettings) -> Person:
    """Return who the portal is in git."""
    return Person(name="MLOps portal", email=f"portal@{urlsplit(settings.url).hostname or 'localhost'}")


def _plain(found: FoundProblem) -> Problem:
    return Problem(path=found.path, value=found.value, rule=found.rule, fix=found.fix)


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConflictError(f"{file.name} is no text in UTF-8: {error}.", "Repair it in the project.") from error
    except OSError as error:
        raise UnavailableError(f"{file.name} cannot be read: {error.strerror}.") from error
    return content


def _message(stack: str, why: str, actor: Actor, changes: tuple[Change, ...]) -> str:
    # A key may hold line breaks, and so a trailer in somebody else's name.
    listed = "\n".join(f"- {one_line(change.path)[:LONGEST_LISTED]} {change.what}" for change in changes[:20])
    more = f"\n- and {len(changes) - 20} more" if len(changes) > 20 else ""
    about = f"\n\n{listed}{more}" if changes else ""
    return f"chore({stack}): change the settings\n\n{why}{about}\n\nPortal-Actor: {actor.id}\n"
