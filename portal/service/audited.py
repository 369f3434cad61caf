"""Audit entries of changes that happen outside the database: in a file, in AWS.

Both cannot be one transaction. So the entry comes first, and nothing changes without one; where the change then fails,
a second entry, with `_failed` at the end of its action, says so and why.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from portal.access.roles import Actor
from portal.redaction import Redactor
from portal.service.errors import store_errors
from portal.store import Store

LONGEST_PROBLEM = 1000


class AuditedChanges:
    """Writes the entries."""

    def __init__(self, *, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock

    @contextmanager
    def of(self, actor: Actor, action: str, subject: str, details: Mapping[str, Any]) -> Iterator[None]:
        """Record that `actor` changes something, then let it happen. Raises UnavailableError before anything did."""
        self._append(actor, action, subject, details)
        try:
            yield
        except Exception as error:
            self._append(actor, f"{action}_failed", subject, {"problem": Redactor().text(str(error))[:LONGEST_PROBLEM]})
            raise

    def _append(self, actor: Actor, action: str, subject: str, details: Mapping[str, Any]) -> None:
        with store_errors(), self._store.writing() as unit:
            unit.audit.append(
                at=self._clock(), by=actor.id, by_name=actor.name, action=action, subject=subject, details=details
            )
