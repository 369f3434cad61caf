"""Sessions of people and tokens of programs: from a cookie or a token to an actor. Only hashes are kept."""

import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from portal.access import tokens
from portal.access.errors import LoginError, Reason
from portal.access.oidc import ATTEMPT_LASTS, LoginAttempt, OidcClient
from portal.access.role_mapping import RoleMapping
from portal.access.roles import Action, Actor, Role
from portal.records import SessionRecord, TokenRecord
from portal.service.errors import UnavailableError
from portal.store.database import Store
from portal.store.errors import NotThereError

SESSION_LASTS: Final = timedelta(hours=12)
"""After the login, whatever happens: then the identity provider is asked again who the person is."""
SESSION_IDLES: Final = timedelta(hours=2)
"""Without a request."""
NOTED_EVERY: Final = timedelta(minutes=5)
"""How exactly the last request is known; a write on every request would be dear."""
LONGEST_NAME: Final = 100
MOST_ATTEMPTS: Final = 1000
"""Logins that may have begun and not ended, in ten minutes; each is a row of some hundred bytes."""
NOBODY: Final = "nobody"
"""In the audit log, who acts before a login is done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewToken:
    """A token that was just made."""

    plain: str
    """To be shown once. Nobody can find it out again."""
    record: TokenRecord


class Sessions:
    """Logins, sessions and tokens. Threads may share it."""

    def __init__(
        self,
        store: Store,
        *,
        login: OidcClient,
        mapping: RoleMapping,
        clock: Callable[[], datetime],
        random: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self._store, self._login, self._mapping = store, login, mapping
        self._clock, self._random = clock, random

    @staticmethod
    def name_of(cookie: str) -> str:
        """Return what names a session on the server: the hash of its cookie. Empty without a cookie."""
        return hashlib.sha256(cookie.encode()).hexdigest() if cookie else ""

    def begin_login(self, redirect_uri: str, next_path: str) -> tuple[str, str, int]:
        """Return where to send the browser, the key that it keeps in a cookie, and for how many seconds.

        Raises UnavailableError while too many others have begun: anybody can, so only so many are kept.
        """
        now = self._clock()
        with self._store.reading() as unit:
            if unit.login_attempts.count(now) >= MOST_ATTEMPTS:
                raise UnavailableError("Too many logins have begun at once. Try again in some minutes.")
        begun = self._login.begin(redirect_uri, next_path)
        key = self._random(32)
        with self._store.writing() as unit:
            unit.login_attempts.prune(now)
            unit.login_attempts.put(self.name_of(key), begun.attempt.to_json(), expires=now + ATTEMPT_LASTS)
        return begun.url, key, int(ATTEMPT_LASTS.total_seconds())

    def finish_login(self, key: str, query: Mapping[str, str], *, replaced: str = "") -> tuple[str, str, int]:
        """Return the session's cookie, where to go, and the cookie's seconds. Raises LoginError.

        `replaced` is the cookie that the browser had before: that session ends. The new one has a new cookie, so that
        nobody can have planted it.
        """
        now = self._clock()
        attempt = self._attempt(key, now)
        try:
            claims = self._login.finish(attempt, query)
            actor = self._mapping.actor(claims)
        except LoginError as error:
            # Anybody can have all others: those are in the service's log alone, and nobody fills what is kept for ever.
            if error.reason is Reason.NO_ROLE:
                with self._store.writing() as unit:
                    details = {"reason": str(error.reason), "detail": error.detail}
                    unit.audit.append(now, NOBODY, NOBODY, "login.refused", "login", details)
            raise
        cookie = self._random(32)
        with self._store.writing() as unit:
            if replaced:
                unit.sessions.delete(self.name_of(replaced))
            unit.sessions.put(
                SessionRecord(
                    hash=self.name_of(cookie),
                    by=actor.id,
                    actor=_kept(actor),
                    created=now,
                    last_seen=now,
                    expires=now + SESSION_LASTS,
                )
            )
            unit.sessions.prune(now)
            roles = {stack: role.value for stack, role in actor.roles.items()}
            unit.audit.append(now, actor.id, actor.name, "login", "session", {"roles": roles})
        return cookie, attempt.next_path, int(SESSION_LASTS.total_seconds())

    def _attempt(self, key: str, now: datetime) -> LoginAttempt:
        """Return the attempt of a browser, and forget it: it is good once. Raises LoginError."""
        name, there = self.name_of(key), False
        if name:
            with self._store.reading() as unit:  # strangers ask too, and only one can write at a time
                there = unit.login_attempts.is_there(name, now)
        with suppress(NotThereError):  # it may be used in this moment
            if there:
                with self._store.writing() as unit:
                    return LoginAttempt.from_json(unit.login_attempts.take(name, now))
        raise LoginError(Reason.STATE, "no attempt of this browser")

    def actor_of_cookie(self, cookie: str, *, noted: bool = True) -> Actor | None:
        """Return whose session it is; None where it is over. A look that is not `noted` keeps no session alive."""
        name, now = self.name_of(cookie), self._clock()
        try:
            with self._store.reading() as unit:
                found = unit.sessions.get(name, now)
        except NotThereError:
            return None
        if now - found.last_seen >= SESSION_IDLES:
            return None
        if noted and now - found.last_seen >= NOTED_EVERY:
            with self._store.writing() as unit:
                unit.sessions.touch(name, now)
        return _actor(found.actor)

    def end(self, cookie: str, return_to: str) -> str | None:
        """End a session. Return where the browser is logged out at the issuer too; None where that is not offered."""
        actor = self.actor_of_cookie(cookie)
        with self._store.writing() as unit:
            unit.sessions.delete(self.name_of(cookie))
            if actor is not None:
                unit.audit.append(self._clock(), actor.id, actor.name, "logout", "session", {})
        try:
            return self._login.logout_url(return_to)
        except LoginError:  # the issuer cannot be asked; the session here is over, which is what was wanted
            return None

    def actor_of_token(self, plain: str, *, noted: bool = True) -> Actor | None:
        """Return who a token acts as; None for one that is unknown, revoked or over. `noted` as of a cookie."""
        parsed = tokens.parse(plain)
        if parsed is None:
            return None
        now = self._clock()
        try:
            with self._store.reading() as unit:
                kept = unit.tokens.get(parsed.id)
        except NotThereError:
            return None
        if kept.revoked is not None or tokens.is_expired(kept.expires, now=now):
            return None
        if not tokens.matches(parsed, tokens.TokenHash(id=kept.id, sha256=kept.hash)):
            return None
        if noted and (kept.last_used is None or now - kept.last_used >= NOTED_EVERY):
            with self._store.writing() as unit:
                unit.tokens.used(kept.id, now)
        return Actor(
            id=f"token:{kept.id}",
            name=f"{kept.owner_name} ({kept.name})",
            roles={stack: Role(role) for stack, role in kept.roles.items()},
            scopes=frozenset(kept.scopes),
            via="token",
            owner=kept.owner,
        )

    def make_token(self, actor: Actor, *, name: str, scopes: Collection[str], days: int) -> NewToken:
        """Make a token with the actor's present roles. Raises TokenRequestError and ForbiddenError.

        The roles are those of this moment: they end with the token at the latest, or when somebody revokes it.
        """
        actor.require(Action.MANAGE_OWN_TOKENS)
        title = " ".join(name.split())
        if not 1 <= len(title) <= LONGEST_NAME or not title.isprintable():
            raise tokens.TokenRequestError(f"name: 1 to {LONGEST_NAME} characters that say what the token is for")
        now = self._clock()
        plain, kept = tokens.new_token()
        record = TokenRecord(
            id=kept.id,
            hash=kept.sha256,
            name=title,
            owner=actor.person,
            owner_name=actor.name,
            roles={stack: role.value for stack, role in actor.roles.items()},
            scopes=tuple(sorted(tokens.check_scopes(scopes))),
            created=now,
            expires=tokens.expiry(days, now=now),
        )
        with self._store.writing() as unit:
            unit.tokens.put(record)
            details = {"name": title, "scopes": list(record.scopes), "expires": record.expires.isoformat()}
            unit.audit.append(now, actor.id, actor.name, "token.create", f"token:{kept.id}", details)
        return NewToken(plain=plain, record=record)

    def tokens_of(self, actor: Actor, *, everybody: bool = False) -> tuple[TokenRecord, ...]:
        """Return a person's tokens, or all; newest first. Raises ForbiddenError."""
        actor.require(Action.MANAGE_TOKENS if everybody else Action.MANAGE_OWN_TOKENS)
        with self._store.reading() as unit:
            return tuple(unit.tokens.all() if everybody else unit.tokens.of(actor.person))

    def revoke_token(self, actor: Actor, identity: str) -> bool:
        """Revoke a token, one's own or, as admin, anybody's. False where it was revoked already.

        Raises the store's NotThereError, and ForbiddenError.
        """
        actor.require(Action.MANAGE_OWN_TOKENS)
        with self._store.writing() as unit:
            kept = unit.tokens.get(identity)
            if kept.owner != actor.person:
                actor.require(Action.MANAGE_TOKENS)
            now = self._clock()
            if not unit.tokens.revoke(identity, now):
                return False
            unit.audit.append(now, actor.id, actor.name, "token.revoke", f"token:{identity}", {"name": kept.name})
            return True


def _kept(actor: Actor) -> dict[str, Any]:
    return {
        "id": actor.id,
        "name": actor.name,
        "email": actor.email,
        "roles": {stack: role.value for stack, role in actor.roles.items()},
    }


def _actor(kept: Mapping[str, Any]) -> Actor:
    return Actor(
        id=kept["id"],
        name=kept["name"],
        email=kept["email"],
        roles={stack: Role(role) for stack, role in kept["roles"].items()},
    )
