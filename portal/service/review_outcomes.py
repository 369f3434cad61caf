"""How the steps of a review environment ended, and what follows: pure, so that every case can be tried."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from portal.outcomes import Outcome, Reason, RepairStep, State
from portal.records import OperationRecord
from portal.requests import Kind

ALARMING = 5
"""Attempts after which every further failure is logged as an error, for somebody to be woken by."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
LONGEST_PROBLEM = 2000
_URN = re.compile(r"urn:pulumi:[^\s\"'`<>]+")


@dataclass(frozen=True, slots=True)
class Step:
    """What to run on the stack next."""

    kind: Kind
    arguments: Mapping[str, Any] = field(default_factory=dict)


DESTROY = Step(Kind.DESTROY, {"remove": True})


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts: each time twice as long, at most an hour, for ever."""
    doublings = min(max(attempts - 1, 0), 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def is_gone(operation: OperationRecord) -> bool:
    """Return whether a reaping step left nothing: it removed the stack, or there was none."""
    outcome = operation.outcome
    if outcome is None or operation.kind is not Kind.DESTROY:
        return False
    return outcome.state is State.SUCCEEDED or outcome.reason is Reason.NO_STACK


def next_step(operation: OperationRecord | None) -> Step:
    """Return the next step of reaping, after `operation` ended without success.

    What an attempt left behind and can be repaired without harm is repaired first: the lock of a process that is gone,
    updates whose end nobody knows. Where a person has to look (pending creations) the engine says so each time.
    """
    outcome = operation.outcome if operation is not None else None
    if operation is None or outcome is None or operation.kind is Kind.REPAIR:
        return DESTROY
    harmless = next((repair.step for repair in outcome.repairs if not repair.needs_confirmation), None)
    if harmless in {RepairStep.UNLOCK, RepairStep.REFRESH}:
        return Step(Kind.REPAIR, {"step": harmless.value, "confirmed": False})
    return DESTROY


def problem_of(outcome: Outcome) -> str:
    """Return what stands against a review environment, for people: what is protected, by name, comes first."""
    said = "\n".join(dict.fromkeys(part.strip() for part in (outcome.message, *outcome.diagnostics) if part.strip()))
    protected = _protected(said)
    if protected:
        said = (
            f"Protected resources refuse to be destroyed: {', '.join(protected)}. The branch protects them although "
            "its settings say retain_data: false. Unprotect them (`pulumi state unprotect`), or delete them by hand, "
            f"and take them out of the state (`pulumi state delete`); the portal tries again by itself.\n{said}"
        )
    pending = [f"{each.operation} {each.urn.rsplit('::', 1)[-1]}" for each in outcome.pending]
    if pending:
        said = f"{said}\nUnknown is the end of: {', '.join(pending)}."
    return said[:LONGEST_PROBLEM] or f"it ended as {outcome.state.value}"


def _protected(text: str) -> list[str]:
    """Return type and name of each resource that the engine's errors call protected."""
    if "protect" not in text:
        return []
    urns = dict.fromkeys(_URN.findall(text))
    return [f"{urn.split('::')[-2].rsplit('$', 1)[-1]} {urn.split('::')[-1]}" for urn in urns if urn.count("::") >= 3]
