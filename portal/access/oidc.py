"""Login by OpenID Connect: authorization code flow with PKCE, state and nonce."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx

from portal.access.discovery import Discovery
from portal.access.errors import LoginError, Reason
from portal.access.id_tokens import validated
from portal.access.issuer_http import Clock, IssuerHttp
from portal.access.oidc_config import ClientAuthentication, OidcConfig
from portal.access.origins import is_protected, safe_next

ATTEMPT_LASTS: Final = timedelta(minutes=10)
_LONGEST_DISPLAY = 200
_ERROR_CODE = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginAttempt:
    """A login that began. It holds secrets and stays on the server.

    The caller keeps it under a random key, which it gives the browser in a cookie (HttpOnly, Secure, SameSite=Lax,
    prefix `__Host-`), finds it by that cookie, never by the `state` of the answer (anybody could then finish their own
    login in somebody else's browser), and deletes it before it calls `finish`, so that it is good for one answer only.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    next_path: str
    began: float
    """Seconds since 1970."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_json` made of an attempt."""
        return cls(**document)


class Begun(NamedTuple):
    """Where to send the browser, and what to keep."""

    url: str
    attempt: LoginAttempt


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """What the issuer says about a person, after everything was checked."""

    id: str
    """"oidc:<issuer without its scheme>#<subject>": stable, and different at each issuer."""
    name: str
    email: str
    """Verified by the issuer, as it says itself; else empty. At some issuers people type in whatever they like."""
    all: Mapping[str, Any] = field(repr=False)
    id_token: str = field(repr=False)
    """Only for `logout_url`. Kept, if at all, with the session and encrypted."""


class OidcClient:
    """The portal at one issuer. Threads may share it; `http` comes from `issuer_client` and is closed by the caller."""

    def __init__(
        self,
        config: OidcConfig,
        http: httpx.Client,
        clock: Clock,
        random: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self.config = config
        self._clock, self._random = clock, random
        self._http = IssuerHttp(http, clock)
        self._discovery = Discovery(config.issuer, self._http, clock)

    def begin(self, redirect_uri: str, next_path: str = "/") -> Begun:
        """Start a login that comes back to `redirect_uri` and then leads to `next_path`. Raises LoginError.

        `redirect_uri` comes from the configuration, not from the request's Host header, which anybody can set.
        """
        if not is_protected(redirect_uri):
            raise ValueError(f"redirect_uri {redirect_uri!r}: https, or http on this machine; no fragment")
        endpoint = self._discovery.endpoints().authorization
        attempt = LoginAttempt(
            state=self._random(32),
            nonce=self._random(32),
            code_verifier=self._random(48),  # 64 characters; RFC 7636 wants 43 to 128
            redirect_uri=redirect_uri,
            next_path=safe_next(next_path),
            began=self._clock().timestamp(),
        )
        challenge = hashlib.sha256(attempt.code_verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.config.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return Begun(_with_query(endpoint, query), attempt)

    def finish(self, attempt: LoginAttempt, query: Mapping[str, str]) -> Claims:
        """Return who logged in. `query` is that of the request to `redirect_uri`. Raises LoginError.

        The caller then makes a new session with a new id, whatever the browser had before, and goes to `next_path`.
        """
        self._check_answer(attempt, query)
        answer = self._redeem(attempt, query["code"])
        access_token = answer.get("access_token")
        token = answer.get("id_token")
        claims = validated(
            token,
            discovery=self._discovery,
            issuer=self.config.issuer,
            client_id=self.config.client_id,
            nonce=attempt.nonce,
            access_token=access_token if isinstance(access_token, str) else None,
            algorithms=self.config.algorithms,
            now=self._clock(),
        )
        if self.config.claims_from == "userinfo":
            # What the token says holds where both say something, so that userinfo can add and not replace.
            claims = {**self._userinfo(access_token, claims["sub"]), **claims}
        return self._person(claims, str(token))

    def logout_url(self, return_to: str, id_token_hint: str | None = None) -> str | None:
        """Return where to send the browser to log out at the issuer too; None where that is not possible or not wanted.

        OpenID Connect RP-Initiated Logout 1.0. Raises LoginError where the issuer cannot be asked: end the own session
        first, whatever happens there.
        """
        endpoint = self._discovery.endpoints().end_session
        if endpoint is None or not self.config.logout_at_issuer:
            return None
        query = {"client_id": self.config.client_id, "post_logout_redirect_uri": return_to}
        return _with_query(endpoint, query if id_token_hint is None else {**query, "id_token_hint": id_token_hint})

    def _check_answer(self, attempt: LoginAttempt, query: Mapping[str, str]) -> None:
        if not hmac.compare_digest(query.get("state", "").encode("utf-8", "replace"), attempt.state.encode()):
            raise LoginError(Reason.STATE)
        age = self._clock().timestamp() - attempt.began
        if not 0 <= age < ATTEMPT_LASTS.total_seconds():
            raise LoginError(Reason.ATTEMPT_EXPIRED)
        named = query.get("iss")
        if named != self.config.issuer and (named is not None or self._discovery.endpoints().names_itself):
            raise LoginError(Reason.RESPONSE_ISSUER)
        if "error" in query:  # error_description is text that anybody can put into a link: it is shown nowhere
            raise LoginError(Reason.REFUSED_BY_ISSUER, _error_code(query["error"]))
        if not query.get("code"):
            raise LoginError(Reason.REFUSED_BY_ISSUER, "no code")

    def _redeem(self, attempt: LoginAttempt, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.code_verifier,
        }
        headers: dict[str, str] = {}
        secret = self.config.client_secret.get_secret_value() if self.config.client_secret else ""
        if self.config.client_authentication is ClientAuthentication.BASIC:
            # RFC 6749, 2.3.1: both are form-encoded first.
            pair = f"{quote_plus(self.config.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self.config.client_id
            if self.config.client_authentication is ClientAuthentication.POST:
                form["client_secret"] = secret
        status, answer = self._http.post_form(self._discovery.endpoints().token, form, headers)
        if status != httpx.codes.OK:
            raise LoginError(Reason.CODE_REFUSED, f"{status} {_error_code(answer.get('error'))}")
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise LoginError(Reason.ISSUER_ANSWER, "token_type is not Bearer")
        return answer

    def _userinfo(self, access_token: Any, subject: str) -> dict[str, Any]:
        endpoint = self._discovery.endpoints().userinfo
        if endpoint is None or not isinstance(access_token, str) or not access_token.isascii():
            raise LoginError(Reason.USERINFO, "the issuer gave no userinfo_endpoint or no access token")
        found = self._http.get(endpoint, bearer=access_token)
        if found.get("sub") != subject:  # OpenID Connect Core 5.3.2
            raise LoginError(Reason.USERINFO, "its sub is not that of the ID token")
        return found

    def _person(self, claims: dict[str, Any], token: str) -> Claims:
        issuer = urlsplit(self.config.issuer)
        email = _display(claims.get("email")) if claims.get("email_verified") is True else ""
        names = (_display(claims.get(name)) for name in ("name", "preferred_username"))
        return Claims(
            id=f"oidc:{issuer.netloc}{issuer.path.rstrip('/')}#{claims['sub']}",
            name=next(filter(None, names), "") or email or claims["sub"],
            email=email,
            all=MappingProxyType(claims),
            id_token=token,
        )


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _error_code(found: Any) -> str:
    """Return an error code of OAuth's form, and nothing that somebody else could have written into it."""
    return found if isinstance(found, str) and _ERROR_CODE.fullmatch(found) else "an unknown error"


def _display(found: Any) -> str:
    """Return a text that can stand on a page and in a log line: no control characters, no changes of direction."""
    if not isinstance(found, str):
        return ""
    return "".join(each for each in found if each.isprintable()).strip()[:_LONGEST_DISPLAY]
