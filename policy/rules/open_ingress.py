"""The internet does not get in."""

from collections.abc import Iterator

from policy.documents import listed
from policy.model import Checked, Rule, Stack

EVERYWHERE = ("0.0.0.0/0", "::/0")
GROUPS = ("ec2:SecurityGroup", "ec2:DefaultSecurityGroup")
RULES = ("ec2:SecurityGroupRule", "vpc:SecurityGroupIngressRule")
_BLOCKS = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")


def _check(resource: Checked, _: Stack) -> Iterator[str]:
    if resource.short_type in GROUPS:
        for entry in resource.entries("ingress"):
            yield from _open(resource, f"{entry}.")
    elif resource.value("type", "ingress") == "ingress":
        yield from _open(resource, "")


def _open(resource: Checked, where: str) -> Iterator[str]:
    for key in _BLOCKS:
        for block in listed(resource.value(f"{where}{key}")):
            if block in EVERYWHERE:
                ports = f"{resource.value(f'{where}fromPort', 'all')} to {resource.value(f'{where}toPort', 'all')}"
                yield f"{where}{key} admits {block} to ports {ports}"


RULE = Rule(
    id="open-ingress",
    forbids="security group that the whole internet may enter",
    why="Jobs, Studio and endpoints need no visitor from outside; what is open is scanned within minutes.",
    fix="admit the VPC's range or another security group",
    types=(*GROUPS, *RULES),
    check=_check,
)
