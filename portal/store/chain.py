"""The hash chain of the audit log: how an entry is hashed, and what shows that a log is not what was written.

Each entry holds the SHA-256 of its other fields, the hash of the entry before among them. Whoever changes, removes or
moves an entry breaks the chain there, unless they hash everything after it anew. Against that, and against an end that
is cut off, there is one remedy: the newest hash, noted in time where they cannot write (`AuditHead`).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.records import AuditEntry, AuditFault, AuditHead, FaultKind

FIRST = "0" * 64
"""What the first entry holds as the hash of the one before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """An entry as it is kept: times and details as the text that was hashed."""

    sequence: int
    at: str
    by: str
    by_name: str
    action: str
    subject: str
    details: str
    previous: str
    hash: str

    def entry(self) -> AuditEntry:
        """Return it with its values. Raises ValueError where they cannot be read."""
        return AuditEntry(
            sequence=self.sequence,
            at=datetime.fromisoformat(self.at),
            by=self.by,
            by_name=self.by_name,
            action=self.action,
            subject=self.subject,
            details=json.loads(self.details),
            previous=self.previous,
            hash=self.hash,
        )


def canonical(value: Any) -> str:
    """Return JSON of which there is one form only: sorted keys, no spaces, ASCII. Raises ValueError for NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def time_text(at: datetime) -> str:
    """Return a time in UTC as text of one length, so that texts compare as times do. Raises ValueError without zone."""
    if at.tzinfo is None:
        raise ValueError(f"time {at}: it has no zone; make it aware: datetime.now(UTC)")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def hash_of(line: Line) -> str:
    """Return the hash that an entry with these fields has. Raises ValueError where its details are no JSON."""
    return hashlib.sha256(canonical(plain(line, with_hash=False)).encode()).hexdigest()


def plain(line: Line, *, with_hash: bool = True) -> dict[str, Any]:
    """Return an entry as JSON values: what is hashed, and with `hash` what is exported."""
    fields: dict[str, Any] = {
        "sequence": line.sequence,
        "at": line.at,
        "by": line.by,
        "by_name": line.by_name,
        "action": line.action,
        "subject": line.subject,
        "details": json.loads(line.details),
        "previous": line.previous,
    }
    return fields | {"hash": line.hash} if with_hash else fields


def line_of(document: Mapping[str, Any]) -> Line:
    """Return what `plain` made of an entry, as when an export is read. Raises KeyError or ValueError."""
    return Line(**{**document, "details": canonical(document["details"])})


Elsewhere = Callable[[str], int | None]
"""Returns the number of the entry that has this hash, or that follows it, wherever it stands."""


def first_fault(
    lines: Iterable[Line],
    *,
    head: AuditHead | None = None,
    with_hash: Elsewhere = lambda _hash: None,
    following: Elsewhere = lambda _hash: None,
) -> AuditFault | None:
    """Return the first place where a log, in the order of its numbers, is not what was written.

    `head`: the newest entry as it was noted outside; without it, an end that was cut off cannot be seen.
    `with_hash`, `following`: find an entry by its hash, and by the hash before it, to tell moved from changed.
    """
    before: Line | None = None
    for line in lines:
        expected = before.hash if before else FIRST
        sequence = before.sequence + 1 if before else 1
        fault = _fault(line, sequence, expected, before, with_hash, following) or _not_as_noted(line, head)
        if fault is not None:
            return fault
        before = line
    last = before.sequence if before else 0
    if head is not None and last < head.sequence:
        return AuditFault(
            sequence=last + 1,
            kind=FaultKind.TRUNCATED,
            why=f"the log ends at entry {last}, and entry {head.sequence} was noted: the end was cut off",
        )
    return None


def _fault(
    line: Line, sequence: int, expected: str, before: Line | None, with_hash: Elsewhere, following: Elsewhere
) -> AuditFault | None:
    if line.sequence != sequence:
        return _gap(line, sequence, expected, following)
    if not _is_whole(line):
        origin = with_hash(line.previous) if line.previous != expected else None
        if origin is not None or (line.previous == FIRST and expected != FIRST):
            why = f"what stands at {sequence} was written after entry {origin or 0}, not after {sequence - 1}"
            return _found(line, FaultKind.REORDERED, why)
        return _found(line, FaultKind.CHANGED, f"entry {sequence} does not have the hash that its fields give")
    if line.previous != expected:
        if before is None:
            return _found(line, FaultKind.REWRITTEN, "the first entry was written after another one")
        why = f"entry {sequence} was written after another entry than the one that now stands at {sequence - 1}"
        return _found(before, FaultKind.REWRITTEN, why)
    return None


def _gap(line: Line, sequence: int, expected: str, following: Elsewhere) -> AuditFault:
    if line.sequence < sequence:
        return _found(line, FaultKind.REORDERED, f"an entry has the number {line.sequence}; they count from 1")
    moved = following(expected)
    if moved is not None:
        why = f"the entry that was written as number {sequence} stands at {moved}"
        return AuditFault(sequence=sequence, kind=FaultKind.REORDERED, why=why)
    until = f"entries {sequence} to {line.sequence - 1} are" if line.sequence > sequence + 1 else f"entry {sequence} is"
    return AuditFault(sequence=sequence, kind=FaultKind.MISSING, why=f"{until} not there")


def _is_whole(line: Line) -> bool:
    try:
        return hash_of(line) == line.hash and canonical(json.loads(line.details)) == line.details
    except (ValueError, RecursionError):
        return False


def _not_as_noted(line: Line, head: AuditHead | None) -> AuditFault | None:
    if head is None or line.sequence != head.sequence or line.hash == head.hash:
        return None
    return _found(line, FaultKind.REWRITTEN, f"entry {line.sequence} has another hash than the one that was noted")


def _found(line: Line, kind: FaultKind, why: str) -> AuditFault:
    try:
        entry = line.entry()
    except (ValueError, RecursionError):
        entry = None
    return AuditFault(sequence=line.sequence, kind=kind, why=why, entry=entry)
