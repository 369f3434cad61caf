"""Validates an ID token as OpenID Connect Core 3.1.3.7 asks, with a reason for each way in which it can be wrong."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError
from joserfc.jws import JWSRegistry

from portal.access.discovery import Discovery
from portal.access.errors import LoginError, Reason

SKEW_SECONDS: Final = 60
"""How far the clocks of issuer and portal may be apart."""
LONGEST_TOKEN: Final = 64 * 1024
LONGEST_SUBJECT: Final = 255
"""OpenID Connect Core 2, `sub`."""
_REASON_OF = {"iss": Reason.TOKEN_ISSUER, "aud": Reason.TOKEN_AUDIENCE, "sub": Reason.TOKEN_SUBJECT}
_PARTS = 3


def validated(
    token: Any,
    *,
    discovery: Discovery,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
    algorithms: Collection[str],
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of an ID token that is right in every respect. Raises LoginError."""
    claims = _verified(token, discovery, algorithms)
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=SKEW_SECONDS,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
    except ExpiredTokenError:
        raise LoginError(Reason.TOKEN_EXPIRED) from None
    except ClaimError as error:
        names = error.claim.split(",")  # several where several are missing
        reason = next((_REASON_OF[name] for name in names if name in _REASON_OF), Reason.TOKEN_TIME)
        raise LoginError(reason, f"claim {error.claim}: {type(error).__name__}") from None
    _check_authorized_party(claims, client_id)
    _check_subject(claims["sub"])
    if not _equal(claims.get("nonce"), nonce):
        raise LoginError(Reason.TOKEN_NONCE, "the token is of another login")
    _check_access_hash(claims, access_token)
    return claims


def _verified(token: Any, discovery: Discovery, algorithms: Collection[str]) -> dict[str, Any]:
    header = _header(token)
    alg, kid = header.get("alg"), header.get("kid")
    # Before any key is looked for: which algorithm is right is our decision, not the token's.
    if not isinstance(alg, str) or alg not in algorithms:
        raise LoginError(Reason.TOKEN_ALGORITHM, f"allowed: {', '.join(sorted(algorithms))}")
    if "crit" in header:  # extensions that must be understood, and none is (RFC 7515, 4.1.11)
        raise LoginError(Reason.TOKEN_MALFORMED, "the header has crit")
    if not isinstance(kid, str | None):
        raise LoginError(Reason.TOKEN_MALFORMED, "kid is no text")
    key = discovery.key(
        kid, alg
    ).key  # jwk, jku, x5u, x5c in the header are ignored: a token does not bring its own key
    registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
    registry.max_header_length = LONGEST_TOKEN  # the length of the whole was checked; some issuers send certificates
    try:
        return jwt.decode(token, key, algorithms=[alg], registry=registry).claims
    except BadSignatureError:
        raise LoginError(Reason.TOKEN_SIGNATURE) from None
    except (JoseError, ValueError, RecursionError) as error:
        raise LoginError(Reason.TOKEN_MALFORMED, type(error).__name__) from None


def _header(token: Any) -> dict[str, Any]:
    if not isinstance(token, str) or not token.isascii() or len(token) > LONGEST_TOKEN:
        raise LoginError(Reason.TOKEN_MALFORMED, "no id_token, or one that is too long")
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise LoginError(Reason.TOKEN_MALFORMED, "not three parts; encrypted tokens are not supported")
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise LoginError(Reason.TOKEN_MALFORMED, "the header is no JSON object")
    return header


def _check_authorized_party(claims: dict[str, Any], client_id: str) -> None:
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several and "azp" not in claims) or claims.get("azp", client_id) != client_id:
        raise LoginError(Reason.TOKEN_AUDIENCE, "azp is not this client")


def _check_subject(subject: str) -> None:
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isascii() or not subject.isprintable():
        raise LoginError(Reason.TOKEN_SUBJECT, f"sub is not 1 to {LONGEST_SUBJECT} printable ASCII characters")


def _check_access_hash(claims: dict[str, Any], access_token: str | None) -> None:
    """Core 3.1.3.8: the left half of the hash of the algorithm, SHA-256 in all that are allowed."""
    if "at_hash" not in claims:
        return
    digest = hashlib.sha256((access_token or "").encode()).digest()
    expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if access_token is None or not _equal(claims["at_hash"], expected):
        raise LoginError(Reason.TOKEN_ACCESS_HASH, "access token and ID token were not issued together")


def _equal(found: Any, expected: str) -> bool:
    return isinstance(found, str) and hmac.compare_digest(found.encode("utf-8", "replace"), expected.encode())
