"""One HTTP exchange with GitHub: headers, JSON, time limits, and no redirect to another host."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3

from contracts.github import ACCEPT, API_URL, API_VERSION, redact

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
"""GitHub ends a request after ten seconds; the rest is the network's."""
USER_AGENT = "mlops-platform"
"""GitHub refuses requests without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What GitHub answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """Parsed JSON; None where there was none."""


class NoAnswerError(Exception):
    """No answer came: connection refused, reset, or too late. What was asked for may have been done."""


class Transport(Protocol):
    """Sends one request."""

    def send(self, method: str, path: str, token: str, body: Any = None, seconds: float = READ_SECONDS) -> Answer:
        """Send and return the answer whatever its status. Raises NoAnswerError."""
        ...


class HttpTransport:
    """Sends requests by urllib3, which comes with boto3; it retries and follows nothing by itself."""

    def __init__(self, api_url: str = API_URL, pool: urllib3.PoolManager | None = None) -> None:
        """`api_url` is https, or http on this very machine."""
        parts = urlsplit(api_url)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and local)):
            raise ValueError(f"api_url is {redact(api_url)!r}; a token goes over https only: write {API_URL}")
        self._url = api_url.rstrip("/")
        self._pool = pool or urllib3.PoolManager(retries=False)

    def send(self, method: str, path: str, token: str, body: Any = None, seconds: float = READ_SECONDS) -> Answer:
        """Send one request. `path` begins with a slash, or is a page's full address at the same host."""
        headers = {
            "accept": ACCEPT,
            "authorization": f"Bearer {token}",
            "user-agent": USER_AGENT,
            "x-github-api-version": API_VERSION,
        }
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(body).encode()
        limit = urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=min(READ_SECONDS, seconds))
        try:
            answer = self._pool.request(
                method, self._address(path), body=content, headers=headers, timeout=limit, redirect=False, retries=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswerError(redact(f"{type(error).__name__}: {error}")) from None  # its cause may hold the headers
        return Answer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=_parsed(answer.data),
        )

    def _address(self, path: str) -> str:
        if path.startswith("/"):
            return self._url + path
        if path.startswith(f"{self._url}/"):
            return path
        raise ValueError(f"{redact(path)} is not at {self._url}; the token would go to another host")


def _parsed(data: bytes) -> Any:
    if not data:
        return None
    try:
        return json.loads(data)
    except ValueError:
        return {"message": data[:200].decode(errors="replace")}  # a proxy's page, as it comes with 502
