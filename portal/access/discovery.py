"""What the issuer says about itself (discovery document) and the keys it signs with (JWKS), each kept for a while."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from portal.access.errors import LoginError, Reason
from portal.access.issuer_http import Clock, IssuerHttp
from portal.access.origins import is_loopback, is_protected

KEEP: Final = timedelta(hours=1)
"""How long document and keys are used before they are fetched again."""
REFETCH_PAUSE: Final = timedelta(seconds=60)
"""A token with an unknown key makes the keys be fetched anew, at most this often: issuers change keys unannounced."""
FAILURE_PAUSE: Final = timedelta(seconds=5)
"""How long a failure is answered again without asking: else everybody who logs in while the issuer hangs would wait for
a timeout, one after the other, and hold a thread of the service."""
LEAST_RSA_BITS: Final = 2048
"""RFC 7518, 3.3 and 3.5."""
MOST_KEYS: Final = 100
KEY_TYPES: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
"""The algorithms that are ever allowed, with their kind of key. Never "none", and never HMAC, whose key is no secret
of the issuer alone: a public key passed off as an HMAC key would let anybody sign."""
_PUBLIC_MEMBERS = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """The addresses of the issuer."""

    authorization: str
    token: str
    jwks: str
    userinfo: str | None
    end_session: str | None
    names_itself: bool
    """Whether every answer to the browser carries `iss` (RFC 9207)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuerKey:
    """One public key of the issuer."""

    kid: str | None
    kty: str
    alg: str | None
    key: RSAKey | ECKey


class Discovery:
    """Fetches and keeps document and keys of one issuer. Threads may share it."""

    def __init__(self, issuer: str, http: IssuerHttp, clock: Clock) -> None:
        self._issuer, self._http, self._clock = issuer, http, clock
        self._lock = threading.Lock()
        self._endpoints: tuple[datetime, Endpoints] | None = None
        self._failure: tuple[datetime, LoginError] | None = None
        self._keys: tuple[datetime, tuple[IssuerKey, ...]] | None = None

    def endpoints(self) -> Endpoints:
        """Return the addresses. Raises LoginError."""
        with self._lock:
            if self._endpoints is None or self._clock() - self._endpoints[0] >= KEEP:
                self._endpoints = (self._clock(), self._document_or_failure())
            return self._endpoints[1]

    def key(self, kid: str | None, alg: str) -> IssuerKey:
        """Return the key that a token names. Raises LoginError if the issuer has none that fits."""
        address = self.endpoints().jwks
        with self._lock:
            if self._keys is None or self._clock() - self._keys[0] >= KEEP:
                self._keys = (self._clock(), self._read_keys(address))
            found = _fitting(self._keys[1], kid, alg)
            if found is None and self._clock() - self._keys[0] >= REFETCH_PAUSE:
                self._keys = (self._clock(), self._read_keys(address))
                found = _fitting(self._keys[1], kid, alg)
        if found is None:
            raise LoginError(Reason.TOKEN_KEY, f"{address} has no single key for {alg} with the token's kid")
        return found

    def _document_or_failure(self) -> Endpoints:
        if self._failure is not None and self._clock() - self._failure[0] < FAILURE_PAUSE:
            raise LoginError(self._failure[1].reason, self._failure[1].detail)
        try:
            return self._read_document()
        except LoginError as error:
            self._failure = (self._clock(), error)
            raise

    def _read_document(self) -> Endpoints:
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        document = self._http.get(url)
        # To the letter, as OpenID Connect Discovery 4.3 asks: whoever can answer for another issuer could be any.
        if document.get("issuer") != self._issuer:
            raise LoginError(
                Reason.DISCOVERY, f"{url}: its issuer is not {self._issuer}; they have to be equal to the letter"
            )
        methods = document.get("code_challenge_methods_supported")
        if methods is not None and "S256" not in methods:  # some issuers support it and do not say so
            raise LoginError(Reason.DISCOVERY, f"{url}: PKCE with S256 is not supported")
        return Endpoints(
            authorization=self._required(document, "authorization_endpoint", url),
            token=self._required(document, "token_endpoint", url),
            jwks=self._required(document, "jwks_uri", url),
            userinfo=self._address(document, "userinfo_endpoint", url),
            end_session=self._address(document, "end_session_endpoint", url),
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _required(self, document: dict[str, Any], member: str, url: str) -> str:
        found = self._address(document, member, url)
        if found is None:
            raise LoginError(Reason.DISCOVERY, f"{url} has no {member}")
        return found

    def _address(self, document: dict[str, Any], member: str, url: str) -> str | None:
        found = document.get(member)
        if found is None:
            return None
        # An issuer elsewhere has no business on this machine: its document would choose what the portal talks to here.
        if not isinstance(found, str) or not is_protected(found) or is_loopback(found) > is_loopback(self._issuer):
            raise LoginError(Reason.DISCOVERY, f"{url}: {member} is no https address")
        return found

    def _read_keys(self, address: str) -> tuple[IssuerKey, ...]:
        listed = self._http.get(address).get("keys")
        if not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise LoginError(Reason.ISSUER_ANSWER, f"{address} is no JWKS of at most {MOST_KEYS} keys")
        return tuple(key for each in listed if (key := _read_key(each)) is not None)


def _read_key(jwk: Any) -> IssuerKey | None:
    """Return a key for signatures, or None: what is for something else, weak, or not understood is passed over."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kty, kid, alg = jwk.get("kty"), jwk.get("kid"), jwk.get("alg")
    if not isinstance(kid, str | None) or not isinstance(alg, str | None):
        return None
    if not isinstance(kty, str) or kty not in _PUBLIC_MEMBERS:
        return None
    members = {name: value for name in _PUBLIC_MEMBERS[kty] if isinstance(value := jwk.get(name), str)}
    try:
        if kty == "EC":
            return IssuerKey(kid=kid, kty="EC", alg=alg, key=ECKey.import_key({**members}))
        rsa = RSAKey.import_key({**members})
    except (JoseError, ValueError, KeyError):  # KeyError: a curve or a member that the library looks for
        return None
    return IssuerKey(kid=kid, kty="RSA", alg=alg, key=rsa) if rsa.public_key.key_size >= LEAST_RSA_BITS else None


def _fitting(keys: tuple[IssuerKey, ...], kid: str | None, alg: str) -> IssuerKey | None:
    """Return the one key that fits. A token without a kid passes only where there is no choice."""
    fitting = [key for key in keys if key.kty == KEY_TYPES[alg] and key.alg in {None, alg} and kid in {None, key.kid}]
    return fitting[0] if len(fitting) == 1 else None
