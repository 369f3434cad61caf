"""Live events of operations for any number of watchers: one buffer per operation, and a reader resumes anywhere in it.

Threads publish, coroutines read. A watcher pulls at its own speed from the shared buffer; one that falls behind what is
kept in memory reads on from the database. So a slow watcher delays nobody, and fifty cost as much memory as one.
"""

import asyncio
import threading
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from typing import Any

from portal.events import Ended, to_json
from portal.records import Progress
from portal.service.errors import store_errors
from portal.service.timing import Timing
from portal.store import Store

KEPT = 1000
"""Events of an operation in memory; more only while the database has not taken them yet."""
BATCH = 200
"""Events that a watcher takes at once."""
TURN = 5
"""Events after which a watcher lets others have their turn. Writing to a connection does not wait for it, so without
this one that is behind would hold up all others, and nobody would notice that its connection is broken."""

Document = dict[str, Any]


class _Buffer:
    """The newest events of one operation, and who waits for more."""

    def __init__(self, kept: int) -> None:
        self.live = False  # this service carries the operation out
        self.watchers = 0
        self._told = 0  # sequence up to which the database is known to have events
        self._asked = 0.0  # when it was asked last for what is new, by whichever watcher
        self._kept = kept
        self._lock = threading.Lock()
        self._events: list[Document] = []
        self._dropped = 0  # sequence up to which events are in the database only
        self._last = 0
        self._waiting: dict[asyncio.AbstractEventLoop, set[asyncio.Event]] = {}

    def publish(self, events: Sequence[Document]) -> None:
        with self._lock:
            new = [event for event in events if event["sequence"] > self._last]
            self._events += new
            self._last = new[-1]["sequence"] if new else self._last
            self.live = True
        self.wake()

    def recorded(self, sequence: int) -> None:
        with self._lock:
            spare = len(self._events) - self._kept
            if spare > 0:
                spare = min(spare, bisect_right(self._events, sequence, key=lambda event: event["sequence"]))
                self._dropped = self._events[spare - 1]["sequence"] if spare else self._dropped
                del self._events[:spare]

    def after(self, sequence: int) -> list[Document] | None:
        """Return what comes next; None where only the database can tell."""
        with self._lock:
            if not self.live or sequence < self._dropped:
                return None
            place = bisect_right(self._events, sequence, key=lambda event: event["sequence"])
            return self._events[place : place + BATCH]

    def turn(self, now: float, every: float) -> bool:
        """Return whether it is a watcher's turn to ask the database: one does for all that wait."""
        with self._lock:
            due = now - self._asked >= every
            self._asked = now if due else self._asked
        return due

    def told(self, found: Sequence[Document], *, over: bool) -> None:
        """Wake who waits where the database had something that nobody had seen."""
        last = found[-1]["sequence"] if found else 0
        with self._lock:
            new = (last > self._told or over) and self.watchers > 1
            self._told = max(last, self._told)
        if new:
            self.wake()

    def wake(self) -> None:
        with self._lock:
            loops = list(self._waiting)
        for loop in loops:  # one call per event loop, however many watch there
            try:
                loop.call_soon_threadsafe(self._set, loop)
            except RuntimeError:  # that loop is closed, and its watchers with it
                with self._lock:
                    self._waiting.pop(loop, None)

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            waiting = tuple(self._waiting.get(loop, ()))
        for event in waiting:
            event.set()

    def add(self, woken: asyncio.Event) -> None:
        with self._lock:
            self._waiting.setdefault(asyncio.get_running_loop(), set()).add(woken)

    def remove(self, woken: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            rest = self._waiting.get(loop, set())
            rest.discard(woken)
            if not rest:
                self._waiting.pop(loop, None)


class Feed:
    """The events of all operations."""

    def __init__(self, store: Store, timing: Timing, *, kept: int = KEPT) -> None:
        self._store, self._timing, self._kept = store, timing, kept
        self._lock = threading.Lock()
        self._buffers: dict[str, _Buffer] = {}

    def publish(self, operation: str, events: Sequence[Document]) -> None:
        """Show events to who watches. Called by the thread that hears them; never waits."""
        with self._lock:
            buffer = self._buffers.setdefault(operation, _Buffer(self._kept))
        buffer.publish(events)

    def recorded(self, operation: str, sequence: int) -> None:
        """Say that the database has the events up to `sequence`, so memory may forget them."""
        with self._lock:
            buffer = self._buffers.get(operation)
        if buffer is not None:
            buffer.recorded(sequence)

    def close(self, operation: str) -> None:
        """Say that the operation has ended and the database has everything of it."""
        with self._lock:
            buffer = self._buffers.pop(operation, None)
        if buffer is not None:
            buffer.wake()

    @property
    def held(self) -> int:
        """Number of buffers in memory."""
        return len(self._buffers)

    async def events(self, operation: str, after: int = 0) -> AsyncIterator[Document]:
        """Yield an operation's events with a greater sequence than `after`: known ones, then those to come.

        Ends after the event `ended`, which always comes: an operation that the engine was never asked for has one too,
        and where old events were pruned it is made from the record. Heartbeats are left out. Raises NotThereError, and
        UnavailableError while only the database could tell what comes next: then resume after the last event.
        """
        woken = asyncio.Event()
        buffer = self._watch(operation, woken)
        place, asks = after, True
        try:
            while True:
                woken.clear()
                kept, over = buffer.after(place), False
                found = kept or []
                if kept is None and (asks or buffer.turn(asyncio.get_running_loop().time(), self._timing.poll)):
                    found, over = await asyncio.to_thread(self._stored, operation, place)
                    buffer.told(found, over=over)
                asks = True
                for number, event in enumerate(found, start=1):
                    place = event["sequence"]
                    yield event
                    if event["event"] == Ended.name:
                        return
                    if number % TURN == 0:
                        await asyncio.sleep(0)
                if over:
                    return
                if not found:
                    asks = await self._wait(woken)
                    buffer = self._renewed(operation, buffer, woken)
        finally:
            self._leave(operation, buffer, woken)

    async def _wait(self, woken: asyncio.Event) -> bool:
        """Return whether there is something new; else another service may carry it out, as only the database knows."""
        try:
            await asyncio.wait_for(woken.wait(), self._timing.poll)
        except TimeoutError:
            return False
        return True

    def _watch(self, operation: str, woken: asyncio.Event) -> _Buffer:
        with self._lock:
            buffer = self._buffers.setdefault(operation, _Buffer(self._kept))
            buffer.watchers += 1
        buffer.add(woken)
        return buffer

    def _renewed(self, operation: str, buffer: _Buffer, woken: asyncio.Event) -> _Buffer:
        """Return the buffer that is filled now: the one before is closed once an operation was recorded wholly."""
        with self._lock:
            current = self._buffers.get(operation)
        if current is buffer:
            return buffer
        self._leave(operation, buffer, woken)
        return self._watch(operation, woken)

    def _leave(self, operation: str, buffer: _Buffer, woken: asyncio.Event) -> None:
        buffer.remove(woken)
        with self._lock:
            buffer.watchers -= 1
            if not buffer.watchers and not buffer.live and self._buffers.get(operation) is buffer:
                del self._buffers[operation]

    def _stored(self, operation: str, after: int) -> tuple[list[Document], bool]:
        """Return recorded events, and whether nothing comes after them."""
        with store_errors(), self._store.reading() as unit:
            record = unit.operations.get(operation)
            found = unit.events.after(operation, after, BATCH)
            if found or record.progress is not Progress.ENDED or record.outcome is None:
                return found, False
            recorded = unit.events.recorded(operation)
        if recorded and recorded <= after:  # the reader has seen the end
            return [], True
        ended = record.ended.timestamp() if record.ended else 0.0
        return [to_json(Ended(outcome=record.outcome, sequence=max(recorded, after + 1), time=ended))], True
