"""Against requests that another site makes a logged-in browser send (CSRF): a token per session, and the origin.

Only for requests that are authenticated by a cookie. One with an API token in its `Authorization` header needs none of
this, since no browser adds that header by itself; such a request must not be answered by its cookie.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from portal.access.origins import origin_of

FIELD: Final = "csrf_token"
"""Name of the form field."""
HEADER: Final = "x-csrf-token"
"""Name of the header in which htmx sends it."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing, by the HTTP standard and by ours."""
LEAST_KEY_BYTES: Final = 32


class CsrfError(Exception):
    """The request may come from another site. `reason` is for logs, `text` for the person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = "This request did not come from a page of this portal, or the page is too old. Load it again."


def csrf_token(session_id: str, key: bytes) -> str:
    """Return the token for the forms of a session: an HMAC of its id, so that nothing more has to be kept.

    `session_id` is whatever names the session on the server. `key` is the service's own, 32 random bytes at least; it
    and the token say nothing about the session's cookie.
    """
    if len(key) < LEAST_KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes; it needs {LEAST_KEY_BYTES} random ones")
    if not session_id:
        raise ValueError("a CSRF token belongs to a session; the session's id is empty")
    digest = hmac.new(key, b"portal csrf v1\0" + session_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def check_token(sent: str | None, session_id: str, key: bytes) -> None:
    """Raise CsrfError unless `sent` is the session's token. Takes the same time however much of it is right."""
    if not sent:
        raise CsrfError("no_token")
    if not hmac.compare_digest(sent.encode("utf-8", "replace"), csrf_token(session_id, key).encode()):
        raise CsrfError("wrong_token")


def check_origin(method: str, headers: Mapping[str, str], own_url: str) -> None:
    """Raise CsrfError unless an unsafe request comes from a page of `own_url`, the address people open.

    `Sec-Fetch-Site` and `Origin` are set by the browser and no page can forge them. `Referer` decides only where there
    is no `Origin`. A request with none of the two is refused: every browser sends `Origin` with an unsafe method.
    """
    if method.upper() in SAFE_METHODS:
        return
    own = origin_of(own_url)
    if own is None:
        raise ValueError(f"own_url {own_url!r} is no http(s) address")
    given = {name.lower(): value for name, value in headers.items()}
    if given.get("sec-fetch-site", "same-origin") != "same-origin":
        raise CsrfError("other_site")
    if "origin" in given:
        if given["origin"] != own:  # "null" too: a sandboxed frame, or a redirect from another site
            raise CsrfError("other_origin")
    elif "referer" not in given:
        raise CsrfError("no_origin")
    elif origin_of(given["referer"]) != own:
        raise CsrfError("other_referer")


def check_request(
    *, method: str, headers: Mapping[str, str], sent: str | None, session_id: str, key: bytes, own_url: str
) -> None:
    """Raise CsrfError unless the request is safe or has both the right origin and the session's token."""
    if method.upper() in SAFE_METHODS:
        return
    check_origin(method, headers, own_url)
    check_token(sent, session_id, key)
