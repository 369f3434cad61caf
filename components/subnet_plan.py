"""Plan the subnets of a VPC: each tier and zone has a fixed slot, so adding a zone moves no other subnet."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

ZONE_LETTERS = "abcdefgh"
SMALLEST_VPC_PREFIX = 23
"""AWS allows subnets from /16 to /28. The smallest slot is five bits below the VPC, hence /23."""


class Tier(StrEnum):
    """What a subnet can reach."""

    PUBLIC = "public"
    """The internet, through the internet gateway. Holds NAT gateways only."""
    PRIVATE = "private"
    """The internet through NAT, where there is one. Jobs run here."""
    ISOLATED = "isolated"
    """The VPC only. Holds the interface endpoints."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedSubnet:
    """One subnet to create."""

    tier: Tier
    zone: str
    cidr: str


def slots(vpc: IPv4Network) -> dict[Tier, list[IPv4Network]]:
    """Divide a VPC range into eight slots per tier: half of it private, a quarter each public and isolated."""
    private_half, other_half = vpc.subnets(prefixlen_diff=1)
    public_quarter, isolated_quarter = other_half.subnets(prefixlen_diff=1)
    return {
        Tier.PRIVATE: list(private_half.subnets(prefixlen_diff=3)),
        Tier.PUBLIC: list(public_quarter.subnets(prefixlen_diff=3)),
        Tier.ISOLATED: list(isolated_quarter.subnets(prefixlen_diff=3)),
    }


def plan_subnets(cidr: str, zones: list[str], *, public: bool) -> list[PlannedSubnet]:
    """Return the subnets for `zones` (`us-east-1a`, ...) in `cidr`; public ones only where `public` is set.

    Raises `ValueError` where the range is smaller than /23 or a zone's letter is not one of a to h.
    """
    network = IPv4Network(cidr)
    if network.prefixlen > SMALLEST_VPC_PREFIX:
        raise ValueError(f"{cidr} is too small: set a range of /{SMALLEST_VPC_PREFIX} or larger.")
    available = slots(network)
    tiers = [Tier.PUBLIC, Tier.PRIVATE, Tier.ISOLATED] if public else [Tier.PRIVATE, Tier.ISOLATED]
    return [
        PlannedSubnet(tier=tier, zone=zone, cidr=str(available[tier][_slot(zone)])) for tier in tiers for zone in zones
    ]


def _slot(zone: str) -> int:
    letter = zone[-1:]
    if letter not in ZONE_LETTERS:
        raise ValueError(f"{zone!r} is not a zone name: set names such as us-east-1a.")
    return ZONE_LETTERS.index(letter)
