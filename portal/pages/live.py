"""The small pieces of HTML that a page is told live, while an operation runs.

A page that connects anew gets the log as a whole, so that nothing is missed or doubled; one whose connection broke for
a moment names the last event that it has seen (Last-Event-ID), and gets what came after.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

from portal.pages.progress import Line, Progress
from portal.pages.render import text
from portal.records import OperationRecord
from portal.records import Progress as Stage

LONGEST_BATCH: Final = 100
"""Events that go to a watcher in one piece."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One server-sent event."""

    event: str
    data: str
    id: str


async def messages(
    events: AsyncIterator[Mapping[str, Any]], *, total: int, seen: int | None, record: OperationRecord
) -> AsyncIterator[Message]:
    """Yield what a page is told. `events` begin with the first one; `seen` is the last that the page knows, if any."""
    progress = Progress(total=total, carries=record.preview is not None)
    running = replace(record, progress=Stage.RUNNING)  # since there are events
    phase = ""
    async with aclosing(batches(events)) as grouped:
        async for batch in grouped:
            fresh = seen is None
            lines: list[Line] = []
            for event in batch:
                line = progress.fold(event)
                if line is not None and (seen is None or progress.sequence > seen):
                    lines.append(line)
            if seen is not None and progress.sequence <= seen:
                continue
            identity = str(progress.sequence)
            if fresh:
                yield Message(event="log", data=text("parts/lines.html", progress=progress), id=identity)
            elif lines:
                yield Message(
                    event="line", data="".join(text("parts/line.html", line=each) for each in lines), id=identity
                )
            seen = progress.sequence
            yield Message(
                event="status",
                data=text("parts/status.html", progress=progress, record=running, told=True),
                id=identity,
            )
            if progress.phase_words != phase:  # read aloud; every single line would be noise
                phase = progress.phase_words
                yield Message(event="said", data=text("parts/said.html", progress=progress), id=identity)
            if batch[-1].get("event") == "ended":
                yield Message(event="ended", data="ended", id=identity)
                return


async def batches(events: AsyncIterator[Mapping[str, Any]]) -> AsyncGenerator[list[Mapping[str, Any]], None]:
    """Yield events in groups: what came while the watcher was busy goes out together.

    Only one event is asked for ahead, so a slow watcher holds no more than a group beside the feed's own buffer.
    """
    upcoming = asyncio.ensure_future(anext(events, None))
    try:
        while (event := await upcoming) is not None:
            batch = [event]
            upcoming = asyncio.ensure_future(anext(events, None))
            await asyncio.sleep(0)  # the feed has the next one at once, or not yet
            while len(batch) < LONGEST_BATCH and (event := _came(upcoming)) is not None:
                batch.append(event)
                upcoming = asyncio.ensure_future(anext(events, None))
                await asyncio.sleep(0)
            yield batch
    finally:
        upcoming.cancel()


def _came(upcoming: "asyncio.Future[Mapping[str, Any] | None]") -> Mapping[str, Any] | None:
    """Return an event that is there; a fault of the feed shows once what came before it is on its way."""
    if not upcoming.done() or upcoming.cancelled() or upcoming.exception() is not None:
        return None
    return upcoming.result()
