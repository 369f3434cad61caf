"""Exceptions to the rules, as data: which resource, why, until when, and who answers for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from policy.model import Finding, SuppressionError
from policy.registry import RULES

FILE = Path(__file__).resolve().parent / "suppressions.yaml"
SHORTEST_REASON = 20
LONGEST_DAYS = 400
"""A year and a month: every exception is looked at again each year."""
ABOUT = "suppression"
"""Stands in the place of a rule's id in findings about the file itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """One exception."""

    rule: str
    resource: str
    """Pattern of logical names; `*` stands for any characters."""
    reason: str
    expires: date
    """The last day on which it counts."""
    owner: str

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is what this exception is for."""
        return self.rule == finding.rule and fnmatchcase(finding.resource, self.resource)


def read(today: date, path: Path = FILE) -> tuple[Suppression, ...]:
    """Read the file. Raises SuppressionError that lists every mistake in it."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    mistakes = [f"{path.name}[{i}]: {said}" for i, entry in enumerate(entries) for said in _mistakes(entry, today)]
    if mistakes:
        raise SuppressionError("\n".join(mistakes))
    return tuple(Suppression(**entry) for entry in entries)


def _mistakes(entry: Any, today: date) -> Iterable[str]:
    wanted = Suppression.__slots__
    if not isinstance(entry, dict) or set(entry) != set(wanted):
        yield f"an entry has exactly the keys {', '.join(wanted)}"
        return
    if entry["rule"] not in {rule.id for rule in RULES}:
        yield f"rule: there is no rule {entry['rule']!r}; docs/policy.md lists them"
    if not str(entry["resource"]).strip("*? "):
        yield "resource: a pattern that fits everything switches the rule off; name the resource"
    if len(str(entry["reason"])) < SHORTEST_REASON:
        yield "reason: say why the rule does not fit here, in a sentence"
    if "@" not in str(entry["owner"]):
        yield "owner: the address of who answers for it"
    if not isinstance(entry["expires"], date):
        yield "expires: a date such as 2027-06-30"
    elif (entry["expires"] - today).days > LONGEST_DAYS:
        yield f"expires: at most {LONGEST_DAYS} days from now; somebody must look at it again"


def expired(suppressions: Sequence[Suppression], today: date) -> list[Finding]:
    """Return a finding for each exception whose time is over."""
    return [
        _about(one, f"expired on {one.expires}", "mend the resource, or renew the entry with a reason that still holds")
        for one in suppressions
        if one.expires < today
    ]


def unused(suppressions: Sequence[Suppression], used: Iterable[Suppression]) -> list[Finding]:
    """Return a finding for each exception that no stack needs. `used` comes from the reports on all stacks."""
    needed = set(used)
    return [
        _about(one, "excuses nothing in any stack", "delete the entry") for one in suppressions if one not in needed
    ]


def _about(one: Suppression, said: str, fix: str) -> Finding:
    message = f"the exception of {one.owner} to {one.rule} {said}"
    return Finding(rule=ABOUT, resource=one.resource, urn="", message=message, fix=f"policy/suppressions.yaml: {fix}")
