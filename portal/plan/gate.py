"""What a plan does to the gate: the thresholds a model must pass, what it is registered as, and what guards that."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.plan.definition import Definition, Threshold

APPROVED = "Approved"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateChange:
    """One thing that changes about what a model must pass. None stands for absent."""

    step: str
    subject: str
    """What changes: metrics.accuracy, approval status, conditions before registration."""
    before: str | None
    after: str | None
    weaker: bool | None
    """Whether less is asked for than before; None where that cannot be told by comparing numbers."""


def gate_changes(old: Definition, new: Definition) -> tuple[GateChange, ...]:
    """Return what changes, thresholds first."""
    return (*_thresholds(old, new), *_approvals(old, new), *_guards(old, new))


_Key = tuple[str, str, str, int]


def _thresholds(old: Definition, new: Definition) -> Iterator[GateChange]:
    before, after = _keyed(old.thresholds), _keyed(new.thresholds)
    for key in [*after, *(key for key in before if key not in after)]:
        one, other = before.get(key), after.get(key)
        if one != other:
            yield GateChange(
                step=key[0],
                subject=key[1] if key[2] else "condition",
                before=str(one) if one else None,
                after=str(other) if other else None,
                weaker=_weaker(one, other) if new.guards else None,  # nothing is registered any more
            )


def _keyed(thresholds: tuple[Threshold, ...]) -> dict[_Key, Threshold]:
    found: dict[_Key, Threshold] = {}
    for each in thresholds:
        place = 0
        while (key := (each.step, each.measure, each.comparison, place)) in found:
            place += 1
        found[key] = each
    return found


def _weaker(old: Threshold | None, new: Threshold | None) -> bool | None:
    if new is None:
        return True
    if old is None:
        return False
    one, other = _number(old.value), _number(new.value)
    if one is None or other is None or new.comparison not in {"≥", ">", "≤", "<"}:
        return None
    return other < one if new.comparison in {"≥", ">"} else other > one


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Decimal(str(value))


def _approvals(old: Definition, new: Definition) -> Iterator[GateChange]:
    for step, before, after in _pairs(old.approvals, new.approvals):
        if before != after:
            weaker = after == APPROVED if step in old.approvals and step in new.approvals else None
            yield GateChange(
                step=step, subject="approval status", before=_text(before), after=_text(after), weaker=weaker
            )


def _guards(old: Definition, new: Definition) -> Iterator[GateChange]:
    for step, before, after in _pairs(old.guards, new.guards):
        if step not in new.guards or (before or ()) == (after or ()):
            continue
        lost = set(before or ()) - set(after)
        yield GateChange(
            step=step,
            subject="conditions before registration",
            before=", ".join(before) or "none" if before is not None else None,
            after=", ".join(after) or "none",
            weaker=bool(lost) or not after if old.steps else None,  # a new pipeline is no weaker than none
        )


def _pairs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in [*new, *(name for name in old if name not in new)]:
        yield name, old.get(name), new.get(name)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
