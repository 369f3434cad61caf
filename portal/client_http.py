"""How the client talks to the portal: bounded waits, tries again where that is safe, problems told as sentences."""

import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from portal.access.origins import is_protected
from portal.events import Event, UnknownEventError, from_json

Answer = TypeVar("Answer")
TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
SILENCE: Final = httpx.Timeout(60.0, connect=5.0)
"""For a stream of events, on which the portal sends a comment every 15 seconds."""
RETRIES: Final = 3
"""Of a request that may safely be sent again when no answer came: one that only reads, or one with a key."""


class PortalError(Exception):
    """The portal said no, or said nothing. The text is for people."""

    def __init__(self, text: str, *, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Transport:
    """Requests with an API token. `transport` replaces the network, and `pause` (seconds) the waiting, for tests."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        if not is_protected(url):
            raise PortalError(f"{url!r}: the portal's address begins with https://, or is http:// on this machine")
        if not (token.isascii() and token.isprintable()):
            raise PortalError("the API token has characters that no token has; copy it again")
        self.pause = pause
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1",
            headers={"Authorization": f"Bearer {token}", "User-Agent": "mlops-portal-client"},
            timeout=TIMEOUT,
            follow_redirects=False,  # a token goes nowhere else
            transport=transport,
            verify=_trusted(),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, kind: type[Answer], path: str, query: dict[str, Any] | None = None) -> Answer:
        """Return what is at a path. Raises PortalError."""
        present = {name: value for name, value in (query or {}).items() if value is not None}
        return self._read(kind, self._asked("GET", path, RETRIES, params=present))

    def once(self, kind: type[Answer], path: str, body: Any) -> Answer:
        """Post a wish with a key, so that it can be sent again and the portal does it once."""
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return self._read(kind, self._asked("POST", path, RETRIES, json=body, headers=key))

    def send(self, kind: type[Answer], method: str, path: str, body: Any = None) -> Answer:
        """Send a body, once: whether it arrived nobody knows where no answer comes."""
        return self._read(kind, self._asked(method, path, 0, **({} if body is None else {"json": body})))

    def stream(self, path: str, after: int) -> Iterator[Event]:
        """Yield events as they come. Raises PortalError, and httpx.TransportError where the line breaks."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        with self._http.stream("GET", path, headers=headers, timeout=SILENCE) as response:
            if response.status_code != httpx.codes.OK:
                response.read()
                raise _refusal(response)
            for line in response.iter_lines():
                if line.startswith("data:"):  # one line each, as the portal writes them
                    try:
                        yield from_json(json.loads(line.removeprefix("data:")))
                    except UnknownEventError:  # of a newer portal: what this version cannot show does not end it
                        continue

    def lines(self, path: str, query: dict[str, Any]) -> Iterator[str]:
        """Yield the lines of a long answer as they come. Raises PortalError, also where the line breaks."""
        try:
            with self._http.stream("GET", path, params=query, timeout=SILENCE) as response:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    raise _refusal(response)
                yield from (line for line in response.iter_lines() if line)
        except httpx.TransportError as error:
            raise unreachable(error) from error

    def _asked(self, method: str, path: str, retries: int, **content: Any) -> httpx.Response:
        for attempt in range(retries):
            try:
                return self._http.request(method, path, **content)
            except httpx.TransportError:
                self.pause(2.0**attempt)
        try:
            return self._http.request(method, path, **content)
        except httpx.TransportError as error:
            raise unreachable(error) from error

    @staticmethod
    def _read(kind: type[Answer], response: httpx.Response) -> Answer:
        if not response.is_success:
            raise _refusal(response)
        wanted: Any = kind
        try:
            adapter: TypeAdapter[Answer] = _adapter(wanted)
            return adapter.validate_json(response.content)
        except ValidationError as error:
            raise PortalError(f"{response.url.path}: the portal is of another version: {error}") from error


def part(name: str) -> str:
    """Return a name as one part of a path."""
    return quote(name, safe="")


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom TLS trusts, read once: reading the certificates takes longer than a request."""
    return httpx.create_ssl_context()


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def unreachable(error: httpx.TransportError) -> PortalError:
    """Return a broken line as a sentence."""
    said = str(error) or type(error).__name__
    return PortalError(f"the portal cannot be reached: {said}. Is the address right?")


def _refusal(response: httpx.Response) -> PortalError:
    """Return what the portal said, of its problem document (RFC 9457)."""
    try:
        said = response.json()
        lines = [said["detail"], *(f"  {each['path']}: {each['message']}" for each in said.get("problems", ()))]
        text = "\n".join(lines)
    except (ValueError, KeyError, TypeError):
        text = (
            f"{response.status_code} {response.reason_phrase}: the answer is not the portal's own; is a proxy between?"
        )
    return PortalError(text, status=response.status_code)
