"""How the portal talks to the identity provider: bounded in time and size, no redirects, no cookies, JSON only."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx

from portal.access.errors import LoginError, Reason
from portal.access.origins import is_loopback

Clock = Callable[[], datetime]
"""Returns the time, aware, in UTC."""

TIMEOUT: Final = httpx.Timeout(5.0)
"""Seconds for each of: connect, send, wait for the next bytes."""
DEADLINE: Final = timedelta(seconds=15)
"""For a whole answer: one that drips byte by byte keeps every single wait short."""
LARGEST_ANSWER: Final = 1024 * 1024
"""Bytes. Discovery documents and key sets of large issuers have some 10 to 50 thousand."""


def issuer_client(issuer: str) -> httpx.Client:
    """Return the client for an issuer. It may be shared by threads; close it at the end of the service.

    Proxies and CAs of the environment (HTTPS_PROXY, SSL_CERT_FILE) hold, except for an issuer on this machine.
    """
    return httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=not is_loopback(issuer),
        # Answers belong to different people: what one of them sets must not go out with the next one's request.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


class IssuerHttp:
    """Requests to the issuer. Everything that goes wrong is a LoginError that names the URL and no secret."""

    def __init__(self, client: httpx.Client, clock: Clock) -> None:
        self._client, self._clock = client, clock

    def get(self, url: str, *, bearer: str | None = None) -> dict[str, Any]:
        """Return the JSON object at `url`."""
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        status, content = self._exchange("GET", url, headers=headers)
        if status != httpx.codes.OK:
            raise LoginError(Reason.ISSUER_ANSWER, f"{url} answered {status}")
        return _object(content, url)

    def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Post a form and return status and JSON object; 400 and 401 are answers too, with an error in the object."""
        status, content = self._exchange("POST", url, headers=headers, form=form)
        if status not in {httpx.codes.OK, httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED}:
            raise LoginError(Reason.ISSUER_ANSWER, f"{url} answered {status}")
        return status, _object(content, url)

    def _exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        # identity: a small compressed answer may be a large one.
        sent = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        until = self._clock() + DEADLINE
        try:
            with self._client.stream(method, url, headers=sent, data=form, follow_redirects=False) as response:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise LoginError(Reason.ISSUER_ANSWER, f"{url} answered compressed, although asked not to")
                content = bytearray()
                for part in response.iter_raw():
                    content += part
                    if len(content) > LARGEST_ANSWER:
                        raise LoginError(Reason.ISSUER_ANSWER, f"{url} answered more than {LARGEST_ANSWER} bytes")
                    if self._clock() > until:
                        raise LoginError(Reason.ISSUER_UNREACHABLE, f"{url} took longer than {DEADLINE}")
                return response.status_code, bytes(content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The class only: the text of some errors repeats what was sent.
            raise LoginError(Reason.ISSUER_UNREACHABLE, f"{url}: {type(error).__name__}") from None


def _object(content: bytes, url: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise LoginError(Reason.ISSUER_ANSWER, f"{url} answered something else than a JSON object")
    return document
