"""Who calls: the app by a signed JWT, or an installation by a token with permissions and repositories."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from contracts.github import JWT_SECONDS, TOKEN_MINUTES
from local.github.answers import RefusedError


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What a token may do."""

    permissions: Mapping[str, str]
    repository_ids: frozenset[int] | None
    """None means all repositories of the installation."""
    expires: float

    def allows(self, permission: str, access: str) -> bool:
        """Whether it has the permission; to write includes to read."""
        return self.permissions.get(permission) in ((access, "write") if access == "read" else (access,))

    def sees(self, repository_id: int) -> bool:
        """Whether it covers the repository."""
        return self.repository_ids is None or repository_id in self.repository_ids


@dataclass(kw_only=True)
class Keys:
    """The app's public keys, and the tokens that were given out. Tokens are kept in memory only."""

    app_id: int
    public_keys: list[RSAPublicKey] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)

    def trust(self, public_key: bytes) -> None:
        """Accept JWTs of this RSA key, PEM or DER."""
        load = load_pem_public_key if public_key.lstrip().startswith(b"-----") else load_der_public_key
        key = load(public_key)
        if not isinstance(key, RSAPublicKey):
            raise TypeError("the key of a GitHub App is an RSA key")
        self.public_keys.append(key)

    def issue(
        self, permissions: Mapping[str, str], repository_ids: frozenset[int] | None, now: float
    ) -> tuple[str, Token]:
        """Return a new token of the form `ghs_<app id>_<jwt>`."""
        token = Token(permissions=permissions, repository_ids=repository_ids, expires=now + TOKEN_MINUTES * 60)
        head, body = (_encoded({"alg": "EdDSA", "typ": "JWT"}), _encoded({"exp": int(token.expires)}))
        text = f"ghs_{self.app_id}_{head}.{body}.{secrets.token_urlsafe(64)}"
        self.tokens[text] = token
        return text, token

    def token(self, authorization: str, now: float) -> Token:
        """Return the token of a header. Raises RefusedError (401)."""
        scheme, _, text = authorization.partition(" ")
        found = self.tokens.get(text) if scheme.lower() in ("bearer", "token") else None
        if found is None or found.expires <= now:
            raise RefusedError(401, "Bad credentials")
        return found

    def revoke(self, authorization: str) -> None:
        """Forget the token of a header; from now on it is one that never was."""
        del self.tokens[authorization.partition(" ")[2]]

    def check_app(self, authorization: str, now: float) -> None:
        """Raise RefusedError (401) unless the header holds a JWT that GitHub would take."""
        scheme, _, text = authorization.partition(" ")
        head, claims, content, signature = _decoded(text)
        if scheme.lower() != "bearer" or head.get("alg") != "RS256" or not self._signed(content, signature):
            raise RefusedError(401, "A JSON web token could not be decoded")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or issued > now:
            raise RefusedError(
                401, "'Issued at' claim ('iat') must be an Integer representing the time of the assertion"
            )
        if not isinstance(expires, int) or expires <= now:
            raise RefusedError(401, "'Expiration time' claim ('exp') must be a numeric value in the future")
        if expires > now + JWT_SECONDS:
            raise RefusedError(401, "'Expiration time' claim ('exp') is too far in the future")
        if str(claims.get("iss")) != str(self.app_id):
            raise RefusedError(404, "Integration not found")

    def _signed(self, content: bytes, signature: bytes) -> bool:
        for key in self.public_keys:
            try:
                key.verify(signature, content, PKCS1v15(), SHA256())
            except InvalidSignature:
                continue
            return True
        return False


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _decoded(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    try:
        head, claims, signature = text.split(".")
        parts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (head, claims, signature)]
        return json.loads(parts[0]), json.loads(parts[1]), f"{head}.{claims}".encode(), parts[2]
    except (ValueError, binascii.Error):
        raise RefusedError(401, "A JSON web token could not be decoded") from None
