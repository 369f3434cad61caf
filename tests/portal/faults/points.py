"""Named points in a service's life, at which a test has the process killed or stopped.

The product knows nothing of them: they are put around its functions, in the process that is to die.
"""

import functools
import os
import signal
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from portal import engine, operation
from portal.journal import Journal
from portal.service import git_checkout, review_folders, settings_files
from portal.service.feed import Feed
from portal.store.approvals import Approvals
from portal.store.audit import Audit
from portal.store.database import Store
from portal.store.events import Events
from portal.store.operations import Operations
from portal.store.reviews import Reviews


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens when a point is reached for the nth time: kill, kill with all workers, or stop."""

    point: str
    nth: int = 1
    how: str = "kill"
    mark: str = ""
    """Of `stop`: a file that the stopped thread waits for; the other threads go on with SIGCONT."""


class Points:
    """Puts the points in place, in this process, for good."""

    def __init__(self, fault):
        self._fault, self._count, self._stores = fault, 0, set()
        self._lock, self._notes = threading.Lock(), threading.local()
        if fault is not None:
            self._transactions()
            self._engine()
            self._files()

    def reached(self, name):
        if name != self._fault.point:
            return
        with self._lock:
            self._count += 1
            if self._count != self._fault.nth:
                return
        if self._fault.how == "stop":
            self._stop()
            return
        if self._fault.how == "kill with workers":
            for worker in psutil.Process().children(recursive=True):
                worker.kill()
        os.kill(os.getpid(), signal.SIGKILL)

    def _stop(self):
        """Stop the process, no thread of it in a transaction: SQLite has no way to take the lock from one that is."""
        with ExitStack() as held:
            for store in self._stores:
                held.enter_context(store._turn)
            os.kill(os.getpid(), signal.SIGSTOP)
            # Which of the threads the signal stops first is chance: this one goes no step further by itself.
            while not Path(self._fault.mark).exists():
                threading.Event().wait(0.01)

    # -- the database: "before commit of X", "after commit of X", where X is what a transaction did

    def _transactions(self):
        writing, points = Store.writing, self

        @contextmanager
        def watched(store):
            points._notes.all = []
            points._stores.add(store)
            with writing(store) as unit:
                yield unit
                done = list(points._notes.all)
                for note in done:
                    points.reached(f"before commit of {note}")
            for note in done:
                points.reached(f"after commit of {note}")

        Store.writing = watched
        kind_of = lambda repository, id_: Operations(repository._transaction).get(id_).kind.value  # noqa: E731
        self._noted(Operations, "claim", lambda self, done, id_, now: done and f"claim of {kind_of(self, id_)}")
        self._noted(Approvals, "use", lambda self, done, *rest: "approvals used")
        self._noted(Events, "append", lambda self, done, id_, new: new and f"events of {kind_of(self, id_)}")
        self._noted(
            Audit,
            "append",
            lambda self, done, **entry: (
                f"{entry['action']} of {entry['details']['kind']}"
                if entry["action"] == "operation.ended"
                else entry["action"]
            ),
        )
        self._noted(Reviews, "update", lambda self, done, name, **new: "state" in new and f"review {new['state']}")

    def _noted(self, repository, method, note_of):
        original = getattr(repository, method)

        @functools.wraps(original)
        def noted(self_, *arguments, **named):
            done = original(self_, *arguments, **named)
            if note := note_of(self_, done, *arguments, **named):
                self.reached(f"in transaction of {note}")
                self._notes.all.append(note)
            return done

        setattr(repository, method, noted)

    # -- the engine, and what it says

    def _engine(self):
        self._around(engine.Engine, "_start", lambda _, kind, *rest, **more: f"asking for {kind.value}")
        self._around(Journal, "create", lambda _, request: f"request of {request['kind']}")
        self._around(operation.Operation, "_send_request", lambda self, worker: f"sending {self.request.kind.value}")
        self._around(operation.Operation, "cancel", lambda self, *rest: f"cancel of {self.request.kind.value}")
        self._around(operation.Operation, "_finish", lambda self, worker: f"end of {self.request.kind.value}")
        publish = Feed.publish

        def heard(feed, id_, events):
            publish(feed, id_, events)
            for event in events:
                what = event.get("urn", "").rpartition("::")[2]
                self.reached(f"heard {event['event']} {what}".strip())

        Feed.publish = heard

    # -- files and git

    def _files(self):
        settings_files.replace_file = self._wrapped(settings_files.replace_file, lambda *_: "replace of file")
        original = os.fchmod

        def fchmod(descriptor, mode):
            original(descriptor, mode)
            self.reached("new file written beside the old one")

        os.fchmod = fchmod
        for method in ("commit_file", "add_worktree", "remove_worktree"):
            self._around(git_checkout.GitCheckout, method, lambda *_, method=method: method.replace("_", " "))
        self._around(review_folders.ReviewFolders, "_write", lambda *_: "stack file of review")

    def _around(self, owner, method, name_of):
        setattr(owner, method, self._wrapped(getattr(owner, method), name_of))

    def _wrapped(self, original, name_of):
        @functools.wraps(original)
        def around(*arguments, **named):
            name = name_of(*arguments, **named)
            self.reached(f"before {name}")
            found = original(*arguments, **named)
            self.reached(f"after {name}")
            return found

        return around
