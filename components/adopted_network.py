"""`AdoptedNetwork`: run jobs in a VPC that somebody else owns."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.security_group import HttpsPeer, SecurityGroup, SecurityGroupArgs
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptedNetworkArgs:
    """Settings of an `AdoptedNetwork`."""

    names: Names
    """The stack's names."""
    vpc_id: str
    """Id of the existing VPC."""
    private_subnet_ids: Sequence[str]
    """Existing subnets in which jobs run."""


class AdoptedNetwork(pulumi.ComponentResource):
    """Owns the job security group in an existing VPC; subnets, routes, endpoints and flow logs stay their owner's.

    Outward the group allows HTTPS: which addresses that reaches is decided by the routes of the VPC's owner.
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Ids of the subnets in which jobs run."""
    job_security_group_id: pulumi.Output[str]
    """Security group of jobs."""

    def __init__(self, name: str, args: AdoptedNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:AdoptedNetwork", name, None, opts)
        jobs = SecurityGroup(
            f"{name}-jobs",
            SecurityGroupArgs(
                vpc_id=args.vpc_id,
                label=f"{args.names.prefix}-jobs",
                description="Jobs: free among themselves, outward HTTPS",
                among_members=True,
                # S3's gateway endpoint has public addresses, and its prefix list is not ours to know.
                https_out={"routed": HttpsPeer(reason="HTTPS as far as the routes of the VPC lead", cidr="0.0.0.0/0")},
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.vpc_id = pulumi.Output.from_input(args.vpc_id)
        self.private_subnet_ids = pulumi.Output.from_input(list(args.private_subnet_ids))
        self.job_security_group_id = jobs.id
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "private_subnet_ids": self.private_subnet_ids,
                "job_security_group_id": self.job_security_group_id,
            }
        )
