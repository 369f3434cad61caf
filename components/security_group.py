"""`SecurityGroup`: a security group and its rules, each rule a resource of its own with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

HTTPS = 443
ALL_PROTOCOLS = "-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpsPeer:
    """One side of an HTTPS rule: exactly one of the three is set."""

    reason: str
    """Why the rule exists; its Name tag, so letters, digits, spaces and `+-=._:/@` only."""
    group: pulumi.Input[str] | None = None
    """Security group id."""
    cidr: str | None = None
    """IPv4 range."""
    prefix_list: pulumi.Input[str] | None = None
    """Managed prefix list id, such as S3's."""

    def __post_init__(self) -> None:
        """Refuse a peer that names none or several."""
        if sum(value is not None for value in (self.group, self.cidr, self.prefix_list)) != 1:
            raise ValueError(f"peer {self.reason!r} must set exactly one of group, cidr and prefix_list.")


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityGroupArgs:
    """Settings of a `SecurityGroup`."""

    vpc_id: pulumi.Input[str]
    """VPC of the group."""
    label: str
    """Value of the Name tag."""
    description: str
    """What carries the group. A change of it replaces the group."""
    among_members: bool = False
    """Members may talk to each other over every protocol; IPsec between containers needs more than TCP."""
    https_in: Mapping[str, HttpsPeer] = field(default_factory=dict)
    """Who may call members over HTTPS, by role."""
    https_out: Mapping[str, HttpsPeer] = field(default_factory=dict)
    """Whom members may call over HTTPS, by role."""


class SecurityGroup(pulumi.ComponentResource):
    """Owns one group and its rules; nothing else may be added to it by hand for long, refresh shows it."""

    id: pulumi.Output[str]
    """Id of the group, once its rules are in place."""

    def __init__(self, name: str, args: SecurityGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:SecurityGroup", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-group", vpc_id=args.vpc_id, description=args.description, tags={"Name": args.label}, opts=child
        )
        if args.among_members:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-members",
                security_group_id=group.id,
                referenced_security_group_id=group.id,
                ip_protocol=ALL_PROTOCOLS,
                tags={"Name": "Among members"},
                opts=child,
            )
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-members",
                security_group_id=group.id,
                referenced_security_group_id=group.id,
                ip_protocol=ALL_PROTOCOLS,
                tags={"Name": "Among members"},
                opts=child,
            )
        for role, peer in args.https_in.items():
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-{role}",
                security_group_id=group.id,
                referenced_security_group_id=peer.group,
                cidr_ipv4=peer.cidr,
                prefix_list_id=peer.prefix_list,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                tags={"Name": peer.reason},
                opts=child,
            )
        for role, peer in args.https_out.items():
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-{role}",
                security_group_id=group.id,
                referenced_security_group_id=peer.group,
                cidr_ipv4=peer.cidr,
                prefix_list_id=peer.prefix_list,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                tags={"Name": peer.reason},
                opts=child,
            )
        self.id = group.id
        self.register_outputs({"id": self.id})
