"""The audit log, for those who may read it."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from portal.access.roles import Action, Actor
from portal.records import AuditEntry, AuditFault, AuditHead, Page
from portal.service.errors import InvalidError, store_errors
from portal.store import CursorError, Store

EXPORTED = 500
"""Entries of an export that are held at a time."""


class Audit:
    """Reads only: every service writes its own entries, in the transaction of the change."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def page(
        self,
        actor: Actor,
        *,
        by: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[AuditEntry]:
        """Return entries, the newest first."""
        actor.require(Action.READ_AUDIT)
        try:
            with store_errors(), self._store.reading() as unit:
                return unit.audit.page(
                    by=by,
                    action=action,
                    subject=subject,
                    since=since,
                    until=until,
                    cursor=cursor,
                    limit=max(1, min(limit, 500)),
                )
        except CursorError as error:
            raise InvalidError.of("cursor", cursor, "a cursor is what the page before gave", str(error)) from error

    def head(self, actor: Actor) -> AuditHead:
        """Return number and hash of the newest entry, to be noted outside."""
        actor.require(Action.READ_AUDIT)
        with store_errors(), self._store.reading() as unit:
            return unit.audit.head()

    def verify(self, actor: Actor, head: AuditHead | None = None) -> AuditFault | None:
        """Return the first place where the log is not what was written, or None. Reads all of it."""
        actor.require(Action.READ_AUDIT)
        with store_errors(), self._store.reading() as unit:
            return unit.audit.verify(head)

    def export(self, actor: Actor, after: int = 0) -> Iterator[str]:
        """Return entries with a greater number as lines of JSON, the oldest first. The right is checked at once."""
        actor.require(Action.READ_AUDIT)
        return self._lines(after)

    def _lines(self, after: int) -> Iterator[str]:
        # A unit of work per part: a web server asks for each from another thread, and a slow reader may take minutes.
        while True:
            with store_errors(), self._store.reading() as unit:
                part = list(islice(unit.audit.export(after), EXPORTED))
            yield from part
            if len(part) < EXPORTED:
                return
            after = int(json.loads(part[-1])["sequence"])
