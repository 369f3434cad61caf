"""What a service that was killed in the middle of a save left, brought to its end by the next one.

A save is an audit entry, then a file, then a commit, and no transaction holds the three. So what is about to happen is
noted in the work folder first. Whoever finds a note whose save runs no more ends it: the file was replaced, then it is
committed in the person's name; it was not, then the audit log says that the save came to nothing.
"""

import fcntl
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from portal.access.roles import Actor
from portal.service.errors import store_errors
from portal.service.git_checkout import GitCheckout, GitError, Person
from portal.service.settings_checks import hash_of
from portal.service.timing import Clock
from portal.store import Store

log = logging.getLogger(__name__)
ACTION = "settings.save"


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A save that is about to happen."""

    stack: str
    file: str
    after: str
    """Hash of the new content."""
    at: str
    by: str
    by_name: str
    author: str
    email: str
    message: str


class UnfinishedSaves:
    """The notes, in `folder`. Services that share the project share the folder too, and save one at a time."""

    def __init__(self, *, folder: Path, project: Path, checkout: GitCheckout, store: Store, clock: Clock) -> None:
        self._folder, self._project, self._checkout = folder, project, checkout
        self._store, self._clock = store, clock

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one that saves, of all services on this work folder, and end what an earlier one left."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._finish()
            yield

    def recover(self) -> None:
        """End what an earlier service left, if there is anything."""
        if self._notes():
            with self.turn():
                log.info("the saves that an earlier service left were looked at")

    def begin(self, actor: Actor, author: Person, *, stack: str, file: str, after: str, message: str) -> None:
        """Note a save before anything of it happens. Only within `turn`."""
        note = Note(
            stack=stack, file=file, after=after, at=self._clock().isoformat(), by=actor.id, by_name=actor.name,
            author=author.name, email=author.email, message=message,
        )  # fmt: skip
        place = self._folder / f"{stack}.json"
        part = place.with_suffix(".part")
        with part.open("w", encoding="utf-8") as out:
            json.dump(asdict(note), out)
            out.flush()
            os.fsync(out.fileno())
        part.replace(place)

    def end(self, stack: str) -> None:
        """Forget a save whose end is recorded."""
        (self._folder / f"{stack}.json").unlink(missing_ok=True)

    def _notes(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))

    def _finish(self) -> None:
        for place in self._notes():
            note = Note(**json.loads(place.read_text(encoding="utf-8")))
            try:
                self._finish_one(note)
            except (GitError, OSError) as error:  # it is tried again; nobody's save waits for it
                log.warning("a save is still unfinished: %s", error, extra={"stack": note.stack})
            else:
                place.unlink()

    def _finish_one(self, note: Note) -> None:
        file = self._project / note.file
        of_a_write = re.compile(rf"\.{re.escape(note.file)}\.[0-9a-f]{{16}}")
        for part in self._project.glob(f".{note.file}.*"):
            if of_a_write.fullmatch(part.name):
                part.unlink()
        if not file.is_file() or hash_of(file.read_bytes()) != note.after:
            self._say_that_it_failed(note)
        elif self._checkout.is_checkout() and self._checkout.keeps(note.file) and self._checkout.branch() is not None:
            self._checkout.commit_file(note.file, note.message, Person(name=note.author, email=note.email))

    def _say_that_it_failed(self, note: Note) -> None:
        subject = f"stack:{note.stack}"
        with store_errors(), self._store.writing() as unit:
            newest = unit.audit.page(action=f"{ACTION}*", subject=subject, limit=1).items
            if not newest or newest[0].action != ACTION or newest[0].at < datetime.fromisoformat(note.at):
                return  # its entry was never written, and nothing happens before that; or its failure is told already
            problem = f"the service ended in the middle of it; {note.file} is not what was to be saved"
            unit.audit.append(
                at=self._clock(), by=note.by, by_name=note.by_name, action=f"{ACTION}_failed", subject=subject,
                details={"problem": problem},
            )  # fmt: skip
