"""The standing cost of a stack, and what a change does to it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from portal.costs.classes import Kind, kinds
from portal.costs.endpoints import ENDPOINT, Configurations, configurations, endpoint
from portal.costs.model import CostDelta, CostLine, Standing, Unpriced, cents
from portal.costs.prices import NotPricedError, PriceTable
from portal.costs.rules import BY_INPUTS, FLAT, NOT_KNOWN, Charge
from portal.costs.usage import usage_of

_NOTHING = Charge(monthly=Decimal(0), reason="")


def cost_of(resources: Iterable[Standing], prices: PriceTable, region: str) -> CostDelta:
    """Return what resources cost that stand and do not change: before and after are the same."""
    there = tuple(resources)
    return cost_delta(there, there, prices, region, changed=frozenset())


def cost_delta(
    before: Iterable[Standing],
    after: Iterable[Standing],
    prices: PriceTable,
    region: str,
    *,
    changed: frozenset[str] | None = None,
) -> CostDelta:
    """Return what the resources before and after a change cost each month, by the list prices of `region`.

    A resource of which one side is not known is in neither sum: otherwise a missing price would look like a saving.
    `changed` holds the URNs that the change touches; without it, those whose inputs differ.
    """
    old, new = {each.urn: each for each in before}, {each.urn: each for each in after}
    priced = (_Pricing(old, prices, region), _Pricing(new, prices, region))
    lines: list[CostLine] = []
    unpriced: list[Unpriced] = []
    for urn in [*new, *(urn for urn in old if urn not in new)]:
        found = _line(urn, new.get(urn) or old[urn], *priced)
        if isinstance(found, Unpriced):
            unpriced.append(found)
        elif found is not None:
            lines.append(found)
    lines.sort(key=lambda line: (-abs(line.delta), -line.after, line.name, line.urn))
    unpriced.sort(key=lambda one: (one.when == "both", one.type, one.name))
    total_before = sum((line.before for line in lines), Decimal(0))
    total_after = sum((line.after for line in lines), Decimal(0))
    return CostDelta(
        currency=prices.currency,
        as_of=prices.as_of,
        source=prices.source,
        region=region,
        before=cents(total_before),
        after=cents(total_after),
        delta=cents(total_after) - cents(total_before),
        lines=tuple(_rounded(line) for line in lines),
        unpriced=tuple(unpriced),
        usage=usage_of(old.values(), new.values(), _changed(old, new) if changed is None else changed, prices, region),
        complete=not unpriced,
    )


def _changed(old: Mapping[str, Standing], new: Mapping[str, Standing]) -> frozenset[str]:
    return frozenset(urn for urn in old.keys() | new.keys() if old.get(urn) != new.get(urn))


class _Pricing:
    """One state of the stack, and what its resources cost."""

    def __init__(self, standing: Mapping[str, Standing], prices: PriceTable, region: str) -> None:
        self._standing, self._prices, self._region = standing, prices, region
        self._configurations: Configurations = configurations(standing.values())

    def charge(self, urn: str) -> Charge | None:
        """Return what a resource costs; None where it costs nothing by standing. Raises `NotPricedError`."""
        one = self._standing.get(urn)
        if one is None:
            return _NOTHING
        found = kinds(one.type)
        if not found:
            raise NotPricedError("nobody has said yet how this type of resource costs: portal/costs/classes.py")
        if Kind.PRICED not in found:
            return None
        rates = self._prices.rates(str((one.inputs or {}).get("region") or self._region))
        if one.type in FLAT:
            return FLAT[one.type](one.inputs or {}, rates)
        if one.inputs is None:
            raise NotPricedError(NOT_KNOWN)
        if one.type == ENDPOINT:
            return endpoint(one.inputs, rates, self._configurations)
        return BY_INPUTS[one.type](one.inputs, rates)


def _line(urn: str, one: Standing, before: _Pricing, after: _Pricing) -> CostLine | Unpriced | None:
    charges: list[Charge | None] = []
    missing: dict[str, str] = {}
    for when, pricing in (("before", before), ("after", after)):
        try:
            charges.append(pricing.charge(urn))
        except NotPricedError as error:
            missing[when] = str(error)
    if missing:
        when = "both" if len(missing) == 2 else next(iter(missing))
        reason = "; then ".join(dict.fromkeys(missing.values()))
        return Unpriced(urn=urn, name=one.name, type=one.type, when=when, reason=reason)
    old, new = (charge or _NOTHING for charge in charges)
    if not old.monthly and not new.monthly:
        return None
    return CostLine(
        urn=urn,
        name=one.name,
        type=one.type,
        before=old.monthly,
        after=new.monthly,
        delta=new.monthly - old.monthly,
        reason=_reason(old, new),
    )


def _reason(old: Charge, new: Charge) -> str:
    if old.reason and new.reason and old.reason != new.reason:
        return f"{new.reason} (before: {old.reason})"
    return new.reason or old.reason


def _rounded(line: CostLine) -> CostLine:
    before, after = cents(line.before), cents(line.after)
    return CostLine(
        urn=line.urn,
        name=line.name,
        type=line.type,
        before=before,
        after=after,
        delta=after - before,
        reason=line.reason,
    )
