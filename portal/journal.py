"""The record of one operation on disk: what was asked, every event, and whether its worker still lives.

The worker writes it, so that it stays true when the service that started it dies.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from portal.events import Ended, Event, from_json, to_json


class Journal:
    """An operation's folder: request.json, events.jsonl, alive (locked by the worker), worker.log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._events: TextIO | None = None
        self._alive: TextIO | None = None

    @property
    def workspace(self) -> Path:
        """Where the engine works."""
        return self.folder / "workspace"

    @property
    def log(self) -> Path:
        """What the worker printed besides; empty unless something went wrong that nobody thought of."""
        return self.folder / "worker.log"

    def create(self, request: Mapping[str, Any]) -> None:
        """Make the folder, readable by its owner only. Raises FileExistsError where this operation was asked before.

        The request appears as a whole or not at all, and once: without it nothing was ever started.
        """
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        part = self.folder / f"request.{uuid.uuid4().hex}"
        part.write_text(json.dumps(request, indent=2, sort_keys=True), encoding="utf-8")
        try:
            (self.folder / "request.json").hardlink_to(part)
        finally:
            part.unlink()

    def request(self) -> dict[str, Any]:
        """Return what was asked. Raises LookupError where there is no such operation."""
        file = self.folder / "request.json"
        if not file.is_file():
            raise LookupError(f"operation {self.folder.name!r}: there is no record of it in {self.folder.parent}")
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def hold(self) -> None:
        """Say that the worker lives, until this process ends, however it ends."""
        self._alive = (self.folder / "alive").open("w", encoding="utf-8")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        self._alive.write(str(os.getpid()))
        self._alive.flush()

    def is_held(self) -> bool:
        """Return whether the worker lives."""
        file = self.folder / "alive"
        if not file.is_file():
            return False
        with file.open("r", encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def take(self) -> bool:
        """Hold in the worker's place and return whether it was free. A worker that begins now waits for `close`."""
        self._alive = (self.folder / "alive").open("a", encoding="utf-8")
        try:
            fcntl.flock(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._alive.close()
            self._alive = None
            return False
        return True

    def append(self, event: Event) -> str:
        """Write an event, and return its line."""
        line = json.dumps(to_json(event), separators=(",", ":"), default=str)
        if self._events is None:
            self._mend()
            self._events = (self.folder / "events.jsonl").open("a", encoding="utf-8")
        self._events.write(line + "\n")
        self._events.flush()
        return line

    def _mend(self) -> None:
        """Drop a last line that a crash cut off, so that the next one does not go on in it."""
        file = self.folder / "events.jsonl"
        if not file.is_file():
            return
        content = file.read_bytes()
        if not content.endswith(b"\n"):
            os.truncate(file, content.rfind(b"\n") + 1)

    def events(self) -> Iterator[Event]:
        """Yield what was recorded. A last line that was cut off by a crash does not count."""
        file = self.folder / "events.jsonl"
        if not file.is_file():
            return
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                if not line.endswith("\n"):
                    return
                yield from_json(json.loads(line))

    def ended(self) -> Ended | None:
        """Return the operation's last event, where it came to that."""
        last = None
        for event in self.events():
            last = event
        return last if isinstance(last, Ended) else None

    def close(self) -> None:
        """Close the files."""
        for stream in (self._events, self._alive):
            if stream is not None:
                stream.close()
        self._events = self._alive = None
