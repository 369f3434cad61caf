"""The issuer's keys and ID tokens: right ones, and wrong ones where a fault is asked for."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection
from typing import Any, cast

from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, RSAKey
from joserfc.jws import JWSRegistry

from local.identity_provider.faults import Fault

LASTS = 300
"""Seconds that a token is good for."""
_FAR = 3600
"""Seconds: more than any tolerance for clocks."""


class Keys:
    """The key that signs, and the set that is published."""

    def __init__(self, algorithm: str) -> None:
        self._numbers = 0
        self.algorithm = algorithm
        self.signing = self._new(algorithm)
        self.published: list[RSAKey | ECKey] = [self.signing]

    def rotate(self, algorithm: str | None = None, *, keep_old: bool = False) -> None:
        """Sign with a new key from now on, and publish it alone, or beside the old ones."""
        self.algorithm = algorithm or self.algorithm
        self.signing = self._new(self.algorithm)
        self.published = [*(self.published if keep_old else []), self.signing]

    def foreign(self) -> RSAKey | ECKey:
        """Return a new key of somebody else."""
        return self._new(self.algorithm)

    def as_jwks(self) -> dict[str, Any]:
        """Return the public key set."""
        return {"keys": [{**key.as_dict(private=False), "use": "sig"} for key in self.published]}

    def _new(self, algorithm: str) -> RSAKey | ECKey:
        self._numbers += 1
        parameters: KeyParameters = {"kid": f"key-{self._numbers}"}
        if algorithm == "ES256":
            return ECKey.generate_key("P-256", parameters)
        return RSAKey.generate_key(2048, parameters)


def access_token_hash(access_token: str) -> str:
    """Return claim at_hash (OpenID Connect Core 3.1.3.6)."""
    return _encoded(hashlib.sha256(access_token.encode()).digest()[:16])


def with_faults(claims: dict[str, Any], faults: Collection[Fault], *, client_id: str) -> dict[str, Any]:
    """Return the claims of a token, made wrong as asked."""
    wrong: dict[Fault, dict[str, Any]] = {
        Fault.WRONG_ISSUER: {"iss": "https://other-issuer.example.com"},
        Fault.WRONG_AUDIENCE: {"aud": "another-client"},
        Fault.SEVERAL_AUDIENCES: {"aud": [client_id, "another-client"]},
        Fault.WRONG_PARTY: {"aud": [client_id, "another-client"], "azp": "another-client"},
        Fault.EXPIRED: {"iat": claims["iat"] - _FAR, "exp": claims["iat"] - LASTS},
        Fault.NO_EXPIRY: {"exp": None},
        Fault.FROM_THE_FUTURE: {"iat": claims["iat"] + _FAR, "exp": claims["exp"] + _FAR},
        Fault.NO_NONCE: {"nonce": None},
        Fault.OTHER_NONCE: {"nonce": "the-nonce-of-another-login"},
        Fault.NO_SUBJECT: {"sub": None},
        Fault.STRANGE_SUBJECT: {"sub": "ada\nadmin"},
        Fault.OTHER_ACCESS_TOKEN: {"at_hash": access_token_hash("another access token")},
    }
    for fault in faults:
        claims = {**claims, **wrong.get(fault, {})}
    return {name: value for name, value in claims.items() if value is not None}


def signed(claims: dict[str, Any], keys: Keys, faults: Collection[Fault]) -> str:
    """Return the ID token, its signature made wrong as asked."""
    kid = cast("str", keys.signing.kid)
    header: dict[str, Any] = {"alg": keys.algorithm, "kid": kid, "typ": "JWT"}
    key = keys.signing
    for fault in faults:
        match fault:
            case Fault.ALG_NONE:
                return f"{_segment({'alg': 'none', 'kid': kid})}.{_segment(claims)}."
            case Fault.HS256_WITH_PUBLIC_KEY:
                start = f"{_segment({'alg': 'HS256', 'kid': kid})}.{_segment(claims)}"
                digest = hmac.new(key.as_pem(private=False), start.encode(), hashlib.sha256).digest()
                return f"{start}.{_encoded(digest)}"
            case Fault.ALG_NOT_ALLOWED:
                header["alg"] = "RS512"
            case Fault.UNKNOWN_KEY:
                key = keys.foreign()
            case Fault.UNPUBLISHED_KID:
                header["kid"] = "nobody-has-seen-this-key"
            case Fault.KEY_IN_HEADER:
                key = keys.foreign()
                header["jwk"] = key.as_dict(private=False)
            case Fault.CRITICAL_HEADER:
                header |= {"crit": ["b64"], "b64": True}
    token = jwt.encode(header, claims, key, algorithms=[header["alg"]], registry=_Lenient(algorithms=[header["alg"]]))
    if Fault.TAMPERED in faults:
        start, _, signature = token.split(".")
        return f"{start}.{_segment({**claims, 'groups': [*claims.get('groups', ()), 'more']})}.{signature}"
    return "garbled.token" if Fault.GARBLED_TOKEN in faults else token


class _Lenient(JWSRegistry):
    max_header_length = 4096


def _segment(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
