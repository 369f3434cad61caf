"""The five coordinates that every packaged component takes, checked by the rules that the settings apply."""

from collections.abc import Callable
from typing import Protocol

from components.packaged.arguments import check
from contracts.names import Names
from contracts.regions import check_region
from contracts.rules import BrokenRuleError, nearest
from contracts.words import check_account, check_label, check_organisation

ENVIRONMENTS = ("dev", "preprod", "prod")
"""As in the settings, which a test compares; the components import no settings model for three words."""


class Coordinates(Protocol):
    """Args that say to which stack a component belongs."""

    @property
    def organisation(self) -> str:
        """First part of every name."""

    @property
    def unit(self) -> str:
        """Second part of every name."""

    @property
    def environment(self) -> str:
        """`dev`, `preprod` or `prod`."""

    @property
    def region(self) -> str:
        """Region of the stack."""

    @property
    def account(self) -> str:
        """Account of the stack."""


def names_of(args: Coordinates) -> Names:
    """Return the names at these coordinates. Images are given by URI here, so their account plays no part."""
    return Names(
        organisation=args.organisation,
        unit=args.unit,
        environment=args.environment,
        region=args.region,
        account=args.account,
        image_account=args.account,
    )


def coordinate_checks(args: Coordinates) -> list[tuple[str, object, Callable[[], object]]]:
    """Return the checks of the coordinates, for `check`."""
    return [
        ("organisation", args.organisation, lambda: check_organisation(args.organisation)),
        ("unit", args.unit, lambda: check_label(args.unit)),
        ("environment", args.environment, lambda: one_of(args.environment, ENVIRONMENTS)),
        ("region", args.region, lambda: check_region(args.region)),
        ("account", args.account, lambda: check_account(args.account)),
    ]


def check_coordinates(args: Coordinates) -> None:
    """Raise ArgumentsError where a coordinate breaks a rule."""
    check(*coordinate_checks(args))


def one_of(value: str, choices: tuple[str, ...]) -> str:
    """Return `value`, or raise BrokenRuleError where it is none of the choices."""
    if value in choices:
        return value
    meant = nearest(value, choices)
    raise BrokenRuleError(
        f"it is one of {', '.join(choices)}", f"did you mean {meant}?" if meant else f"write {choices[0]}"
    )
