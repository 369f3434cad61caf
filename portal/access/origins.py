"""Addresses: which origin a URL has, which are this machine's own, and where a login may lead back to."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

HOME: Final = "/"
LONGEST_PATH: Final = 2000
"""Longer addresses are cut by some proxies, and no page of the portal has one."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 3986's characters of path and query, and no others: no backslash, which browsers read as a slash, no control
# characters, which browsers remove before they read, nothing outside ASCII, which a header cannot carry.
_LOCAL = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of an http(s) URL as browsers write an origin; None if it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}")


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine itself, where nobody listens in between."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_protected(url: str) -> bool:
    """Return whether a URL is https, or http to this machine; without credentials and without a fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # urlsplit drops line breaks and tabs without a word, so what it read need not be what is in the text.
    if not url.isprintable() or " " in url or "#" in url or parts.username is not None or origin_of(url) is None:
        return False
    return parts.scheme == "https" or is_loopback(url)


def safe_next(path: object) -> str:
    """Return `path` if it is a page of this portal, else the first page.

    What comes after a login stands in a link that anybody may write, so only an absolute path passes: one slash, never
    two in a row (that would name another host), and no character that browsers read as something else.
    """
    if not isinstance(path, str) or len(path) > LONGEST_PATH or not _LOCAL.fullmatch(path):
        return HOME
    return HOME if "//" in path.partition("?")[0] else path
