"""Address ranges of a VPC: what AWS takes, and what holds the subnets of every zone."""

from ipaddress import IPv4Network

from contracts.rules import BrokenRuleError

WIDEST_PREFIX = 16
"""AWS's own limit for a VPC (EC2 user guide, "VPC CIDR blocks": /16 to /28)."""
NARROWEST_PREFIX = 23
"""The subnet plan gives every zone letter a fixed place in each tier; the smallest is a 32nd, AWS's least /28."""

_PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_EXAMPLE = "write for example 10.10.0.0/16"


def _parse(text: str) -> IPv4Network:
    try:
        network = IPv4Network(text, strict=False)
    except ValueError:
        raise BrokenRuleError("a range is an IPv4 network in CIDR form", _EXAMPLE) from None
    if "/" not in text or not text.partition("/")[2].isdigit():
        raise BrokenRuleError("a range is an IPv4 network in CIDR form, with its prefix length", _EXAMPLE)
    if str(network) != text:
        raise BrokenRuleError("the address is the first of its range (no host bits set)", f"write {network}")
    if not any(network.subnet_of(block) for block in _PRIVATE):
        raise BrokenRuleError("the range is private: within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", _EXAMPLE)
    return network


def check_vpc_range(text: str) -> str:
    """Return `text`, or raise BrokenRuleError where it cannot be the range of a VPC that we make."""
    network = _parse(text)
    if not WIDEST_PREFIX <= network.prefixlen <= NARROWEST_PREFIX:
        raise BrokenRuleError(
            f"the prefix length of a VPC's range is {WIDEST_PREFIX} to {NARROWEST_PREFIX}, so that it holds the public,"
            " private and isolated subnet of every zone",
            _EXAMPLE,
        )
    return text
