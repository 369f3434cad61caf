"""The price table: dated data in a file, which an organisation replaces by its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from portal.costs.units import UNITS

SHIPPED = Path(__file__).with_name("prices.yaml")
HOURS = Decimal(730)
"""Hours of a month, as AWS's own calculator counts: 365 * 24 / 12."""
HIGHEST = 1_000_000
"""A price above it is a slip of the hand."""
SECONDS = HOURS * 3600

_KEYS = frozenset({"as_of", "currency", "source", "regions"})
_REGION_KEYS = frozenset({"units", "instances"})


class PriceTableError(ValueError):
    """A price table is wrong; the message lists every mistake with its place and its fix."""


class NotPricedError(LookupError):
    """Something costs money by standing there, and how much cannot be said. The message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """The prices of one region."""

    region: str
    units: Mapping[str, Decimal]
    instances: Mapping[str, Decimal]
    """SageMaker instance type to the price of an hour."""

    def unit(self, name: str) -> Decimal:
        """Return a price. Raises `NotPricedError` where the table has none."""
        if name not in self.units:
            raise NotPricedError(f"the price table has no {name} for {self.region}")
        return self.units[name]

    def instance(self, kind: str) -> Decimal:
        """Return what an instance costs each hour. Raises `NotPricedError` where the table does not know it."""
        if kind not in self.instances:
            raise NotPricedError(f"the price table has no instance type {kind} for {self.region}")
        return self.instances[kind]


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceTable:
    """List prices, and the day on which they were so."""

    as_of: date
    currency: str
    source: str
    """Where they come from, and what they are worth: shown beside every figure."""
    regions: Mapping[str, Rates]

    def rates(self, region: str) -> Rates:
        """Return a region's prices. Raises `NotPricedError` where the table does not have the region."""
        if region not in self.regions:
            raise NotPricedError(f"the price table has no region {region}; it has {', '.join(sorted(self.regions))}")
        return self.regions[region]


def load_prices(path: Path | None = None) -> PriceTable:
    """Read a price table; without a path, the one that comes with the platform.

    Raises `PriceTableError` with every mistake at once.
    """
    path = path or SHIPPED
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceTableError(
            f"{path}: cannot be read ({error}); name a YAML file like portal/costs/prices.yaml"
        ) from None
    return parse_prices(text, source=path.name)


def parse_prices(text: str, *, source: str = "prices") -> PriceTable:
    """Return the table that a YAML text holds. Raises `PriceTableError` with every mistake at once."""
    try:
        document = yaml.load(text, Loader=_Texts)  # noqa: S506  # a BaseLoader makes texts, lists and objects only
    except yaml.YAMLError as error:
        raise PriceTableError(f"{source}: is no YAML: {error}") from None
    mistakes: list[str] = []
    table = _table(document, mistakes)
    if table is None:
        raise PriceTableError("\n".join(f"{source}: {mistake}" for mistake in mistakes))
    return table


class _Texts(yaml.BaseLoader):
    """Leaves every value the text that it is, so that 0.1 becomes a Decimal exactly; refuses a key that comes twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name} stands here twice; keep one", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


def _table(document: Any, mistakes: list[str]) -> PriceTable | None:
    if not isinstance(document, dict):
        mistakes.append(f"must be an object with {_listed(_KEYS)}")
        return None
    mistakes.extend(_wrong_keys(document, _KEYS, ""))
    as_of = _date(document.get("as_of"), mistakes) if "as_of" in document else None
    currency, source = document.get("currency"), document.get("source")
    if "currency" in document and not (
        isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isupper()
    ):
        mistakes.append(f"currency: {currency!r} must be a currency's code such as USD")
    if "source" in document and not (isinstance(source, str) and source.strip()):
        mistakes.append("source: say where the prices come from; people see it beside every figure")
    raw = document.get("regions")
    if "regions" in document and not (isinstance(raw, dict) and raw):
        mistakes.append("regions: must be an object with at least one region, us-east-1")
    regions = {name: _rates(name, each, mistakes) for name, each in raw.items()} if isinstance(raw, dict) else {}
    if mistakes or as_of is None:
        return None
    return PriceTable(as_of=as_of, currency=str(currency), source=str(source).strip(), regions=regions)


def _rates(region: str, raw: Any, mistakes: list[str]) -> Rates:
    where = f"regions.{region}"
    if not isinstance(raw, dict):
        mistakes.append(f"{where}: must be an object with {_listed(_REGION_KEYS)}")
        return Rates(region=region, units={}, instances={})
    mistakes.extend(_wrong_keys(raw, _REGION_KEYS, where))
    units = _prices(raw.get("units", {}), f"{where}.units", mistakes)
    for name in units.keys() - UNITS.keys():
        close = get_close_matches(name, UNITS, 1)
        hint = f"did you mean {close[0]}?" if close else "portal/costs/units.py lists them"
        mistakes.append(f"{where}.units.{name}: there is no such unit; {hint}")
    instances = _prices(raw.get("instances", {}), f"{where}.instances", mistakes)
    mistakes.extend(
        f"{where}.instances.{name}: SageMaker's instance types begin with ml., such as ml.m5.large"
        for name in instances
        if not name.startswith("ml.")
    )
    return Rates(region=region, units=units, instances=instances)


def _prices(raw: Any, where: str, mistakes: list[str]) -> dict[str, Decimal]:
    if not isinstance(raw, dict):
        mistakes.append(f"{where}: must be an object of prices by name")
        return {}
    return {name: _price(value, f"{where}.{name}", mistakes) for name, value in raw.items()}


def _price(value: Any, where: str, mistakes: list[str]) -> Decimal:
    try:
        price = Decimal(value) if isinstance(value, str) else Decimal("nan")
    except InvalidOperation:
        price = Decimal("nan")
    if not price.is_finite() or not 0 <= price <= HIGHEST:
        mistakes.append(f"{where}: {value!r} must be a price from 0 to {HIGHEST}, with a point: 0.045")
        return Decimal(0)
    return price


def _date(value: Any, mistakes: list[str]) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        mistakes.append(f"as_of: {value!r} must be the day on which the prices were so, such as 2026-01-31")
        return None


def _wrong_keys(raw: Mapping[str, Any], known: frozenset[str], where: str) -> Iterator[str]:
    before = f"{where}." if where else ""
    for key in sorted(known - raw.keys()):
        yield f"{before}{key}: is missing"
    for key in sorted(raw.keys() - known):
        yield f"{before}{key}: is not known here; the keys are {_listed(known)}"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
