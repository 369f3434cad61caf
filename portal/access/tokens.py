"""API tokens: their form, how they are made and checked, and what is kept of them.

    mlops_<id, 12 characters>_<secret, 43 characters><checksum, 6 characters>      all of 0-9 A-Z a-z

The id finds the token's record. The secret is 256 random bits. The checksum is CRC-32 of all before it, so that a
secret scanner can tell a token from a look-alike without asking anybody; it protects nothing.

Of a token only the SHA-256 is kept. A slow hash with a salt (Argon2, bcrypt) is for passwords, which can be guessed: it
makes each guess dear. Nobody guesses 256 random bits at any price, no two tokens are equal, and a slow hash on every
call of the API would only help who wants to overload the portal.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from portal.access.roles import SCOPES

PREFIX: Final = "mlops"
PATTERN: Final = re.compile(r"mlops_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII)
"""For `fullmatch`; with word boundaries around it, what a secret scanner looks for."""
DEFAULT_MAX_DAYS: Final = 90
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_BYTES, _ID_LENGTH = 8, 12
_SECRET_BYTES, _SECRET_LENGTH = 32, 43
_CHECKSUM_LENGTH = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenHash:
    """What is kept of a token."""

    id: str
    sha256: str
    """Hexadecimal, of the whole token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedToken:
    """A text that has the form of a token, and so perhaps is one."""

    id: str
    plain: str = field(repr=False)

    def hash(self) -> TokenHash:
        """Return what would be kept of it."""
        return TokenHash(id=self.id, sha256=hashlib.sha256(self.plain.encode()).hexdigest())


class TokenRequestError(ValueError):
    """A token cannot be made as asked; the text says why, for the person who asked."""


def new_token(random: Callable[[int], bytes] = secrets.token_bytes) -> tuple[str, TokenHash]:
    """Make a token and return its plain text, to be shown once and then forgotten, and what is kept of it.

    `random` returns that many random bytes; only tests pass another one.
    """
    identity = _base62(int.from_bytes(random(_ID_BYTES)), _ID_LENGTH)
    body = f"{PREFIX}_{identity}_{_base62(int.from_bytes(random(_SECRET_BYTES)), _SECRET_LENGTH)}"
    parsed = ParsedToken(id=identity, plain=body + _checksum(body))
    return parsed.plain, parsed.hash()


def parse(text: str) -> ParsedToken | None:
    """Return the token in `text`, or None where form or checksum are wrong, so that no query is spent on it."""
    match = PATTERN.fullmatch(text)
    if match is None or _checksum(text[:-_CHECKSUM_LENGTH]) != match[3]:
        return None
    return ParsedToken(id=match[1], plain=text)


def matches(token: ParsedToken, kept: TokenHash) -> bool:
    """Return whether `token` is the one that was kept. Takes the same time however much of it is right."""
    found = token.hash()
    return hmac.compare_digest(found.sha256, kept.sha256) and hmac.compare_digest(found.id, kept.id)


def check_scopes(scopes: Collection[str]) -> frozenset[str]:
    """Return the scopes of a new token. Raises TokenRequestError for none and for unknown ones."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise TokenRequestError(f"scopes: {', '.join(unknown)}: no such scope; choose from {', '.join(SCOPES)}")
    if not scopes:
        raise TokenRequestError(f"scopes: none chosen; a token needs one at least of {', '.join(SCOPES)}")
    return frozenset(scopes)


def expiry(days: int, *, now: datetime, max_days: int = DEFAULT_MAX_DAYS) -> datetime:
    """Return when a new token ends. Raises TokenRequestError outside 1 to `max_days`: no token is for ever."""
    if not 1 <= days <= max_days:
        raise TokenRequestError(f"days: {days}: a token is good for 1 to {max_days} days")
    return now + timedelta(days=days)


def is_expired(expires_at: datetime, *, now: datetime) -> bool:
    """Return whether a token has ended; it is not good any more in the very moment of its end."""
    return now >= expires_at


def _base62(number: int, length: int) -> str:
    text = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)
