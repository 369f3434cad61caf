"""Codes and access tokens that were given out: who they are for, how long they last, and that a code is used once."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from local.identity_provider.people import Client, Person

CODE_LASTS = timedelta(seconds=60)
ACCESS_LASTS = timedelta(minutes=5)


class GrantError(Exception):
    """A refusal in OAuth's words: the code of RFC 6749, 5.2."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What a code stands for."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    person: Person
    until: datetime


class Grants:
    """Everything that is valid now."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._codes: dict[str, Grant] = {}
        self._access: dict[str, tuple[Person, datetime]] = {}

    def new_code(self, query: Mapping[str, str], person: Person) -> str:
        """Return a code for a checked authorization request."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = Grant(
            client_id=query["client_id"],
            redirect_uri=query["redirect_uri"],
            challenge=query["code_challenge"],
            nonce=query.get("nonce"),
            person=person,
            until=self._clock() + CODE_LASTS,
        )
        return code

    def redeem(self, form: Mapping[str, str], client: Client) -> tuple[Grant, str]:
        """Return what a code stands for, and an access token. Raises GrantError; the code is gone in any case."""
        grant = self._codes.pop(form.get("code", ""), None)
        if form.get("grant_type") != "authorization_code":
            raise GrantError(400, "unsupported_grant_type")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            grant is None
            or grant.until <= self._clock()
            or (grant.client_id, grant.redirect_uri) != (client.client_id, form.get("redirect_uri"))
            or grant.challenge != challenge.rstrip(b"=").decode()
        ):
            raise GrantError(400, "invalid_grant")
        access_token = secrets.token_urlsafe(32)
        self._access[access_token] = (grant.person, self._clock() + ACCESS_LASTS)
        return grant, access_token

    def person(self, authorization: str) -> Person | None:
        """Return whose access token stands in an `Authorization` header."""
        found = self._access.get(authorization.removeprefix("Bearer "))
        return None if found is None or found[1] <= self._clock() else found[0]


def authenticated(clients: Mapping[str, Client], form: Mapping[str, str], authorization: str) -> Client:
    """Return the client that asks, by basic authentication, by the form, or a public one. Raises GrantError."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret")
    if authorization.startswith("Basic "):
        try:
            pair = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except ValueError:
            raise GrantError(401, "invalid_client") from None
        client_id, secret = map(unquote_plus, pair.partition(":")[::2])
    client = clients.get(client_id)
    if client is None or (client.secret is None) != (secret is None):
        raise GrantError(401, "invalid_client")
    if not hmac.compare_digest((client.secret or "").encode(), (secret or "").encode()):
        raise GrantError(401, "invalid_client")
    return client
