"""What is known about a stack's standing cost, before and after a change."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A resource that is there. `inputs` is None where the engine does not say them."""

    urn: str
    name: str
    type: str
    inputs: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CostLine:
    """A resource that costs by standing there, each month; zero where it is not there."""

    urn: str
    name: str
    type: str
    before: Decimal
    after: Decimal
    delta: Decimal
    reason: str
    """How the figure came about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpriced:
    """A resource that costs by standing there, or may, and how much is not known. It is in no sum."""

    urn: str
    name: str
    type: str
    when: str
    """before, after, both"""
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitPrice:
    """What one unit of use costs; None where the price table does not say."""

    meaning: str
    price: Decimal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """A kind of resource that costs by its use, which is not in the figure."""

    type: str
    what: str
    """What is paid for."""
    unit_prices: tuple[UnitPrice, ...]
    before: int
    """How many there are before the change."""
    after: int
    changed: bool
    """Whether the change makes, removes or alters one of them."""
    details: tuple[str, ...] = ()
    """What is known about single ones after the change: schedules, and machines that pipelines rent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CostDelta:
    """Monthly standing cost before and after. The sums hold what is priced on both sides, and nothing else."""

    currency: str
    as_of: date
    source: str
    region: str
    before: Decimal
    after: Decimal
    delta: Decimal
    lines: tuple[CostLine, ...]
    """Those that change first, the greatest change first; then the others, the dearest first."""
    unpriced: tuple[Unpriced, ...]
    usage: tuple[Usage, ...]
    complete: bool
    """Whether nothing is unpriced, so that the sums are the whole standing cost."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; amounts are texts with two decimals, unit prices as exact as the table."""
        document: dict[str, Any] = plain(self)
        return document


def cents(amount: Decimal) -> Decimal:
    """Return an amount as money is written; halves go up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def plain(value: Any) -> Any:
    """Return dataclasses, tuples, dates and decimals as JSON's own values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
