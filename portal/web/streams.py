"""Streams of events: a few per person, and only for as long as the person may still see them."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from portal.access.roles import Actor, ForbiddenError
from portal.service.errors import ServiceError
from portal.store.errors import StoreError
from portal.web.edge import actor_again

MOST_STREAMS: Final = 10
"""Of a person at once: a browser opens one for each page that shows something running."""
LOOKED_AGAIN: Final = 60.0
"""Seconds after which a stream looks again whether its reader is still logged in and may see what it sends."""
BEAT_SECONDS: Final = 15
"""A comment so often keeps proxies from taking a quiet stream for a dead one."""
Events = AsyncIterator[ServerSentEvent]


class TooManyStreamsError(Exception):
    """A person has as many streams open as one may."""

    def __init__(self) -> None:
        self.text = f"You are watching {MOST_STREAMS} operations already. Close one of those pages or programs first."
        super().__init__(self.text)


class Streams:
    """Counts the streams of people. One for each application."""

    def __init__(self, *, most: int = MOST_STREAMS, looked_again: float = LOOKED_AGAIN) -> None:
        self.most, self.looked_again = most, looked_again
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()

    def count(self, person: str) -> int:
        """Return how many streams a person has."""
        return self._open[person]

    def take(self, person: str) -> None:
        """Count one more. Raises TooManyStreamsError."""
        with self._lock:
            if self._open[person] >= self.most:
                raise TooManyStreamsError
            self._open[person] += 1

    def leave(self, person: str) -> None:
        """Count one less."""
        with self._lock:
            self._open[person] -= 1
            if self._open[person] <= 0:
                del self._open[person]


class _Watched(EventSourceResponse):
    """A stream that ends with its events, or when `still`, asked now and then in another thread, says no."""

    def __init__(self, events: Events, still: Callable[[], bool], *, every: float, ended: Callable[[], None]) -> None:
        super().__init__(events, ping=BEAT_SECONDS)
        self._still, self._every, self._ended = still, every, ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(super().__call__(scope, receive, send))
        try:
            while not sending.done():
                await asyncio.wait({sending}, timeout=self._every)
                if not sending.done() and not await run_in_threadpool(self._still):
                    return
            await sending  # raises what went wrong in it
        finally:
            self._ended()
            if not sending.done():
                sending.cancel()
                await asyncio.wait({sending})


class Watching:
    """What a route sends events with: as `Depends`, with the request that asks for them."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def respond(self, actor: Actor, events: Events, may_see: Callable[[Actor], Any]) -> EventSourceResponse:
        """Return the response with events. Raises TooManyStreamsError.

        `may_see` raises ForbiddenError for an actor who may not see them any more.
        """
        streams: Streams = self._request.app.state.streams
        streams.take(actor.person)

        def still() -> bool:
            try:
                now = actor_again(self._request)
                if now is not None:
                    may_see(now)
            except (ForbiddenError, ServiceError, StoreError):  # the reader comes back, and is told then what it is
                return False
            return now is not None

        ended = partial(streams.leave, actor.person)
        return _Watched(events, still, every=streams.looked_again, ended=ended)


Watch = Annotated[Watching, Depends(Watching)]
