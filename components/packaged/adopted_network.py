"""`AdoptedNetwork` for other repositories: flat args, the same resources."""

from dataclasses import dataclass

import pulumi

from components import adopted_network as inside
from components.packaged.arguments import check, read
from components.packaged.coordinates import coordinate_checks, names_of
from contracts.rules import BrokenRuleError


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptedNetworkArgs:
    """Settings of an `AdoptedNetwork`."""

    organisation: str
    """First part of every name: 2 to 12 lower-case letters and digits."""
    unit: str
    """Second part of every name. Take one of your own: the platform's names are taken."""
    environment: str
    """`dev`, `preprod` or `prod`."""
    region: str
    """Region of the AWS provider that creates the resources."""
    account: str
    """Account of that provider, 12 digits."""
    vpc_id: str
    """Id of the existing VPC."""
    private_subnet_ids: list[str]
    """Existing subnets in which jobs run, in two zones or more."""

    def __post_init__(self) -> None:
        """Refuse coordinates that cannot be parts of names, and fewer than two subnets."""
        check(
            *coordinate_checks(self),
            ("private_subnet_ids", self.private_subnet_ids, self._check_subnets),
        )

    def _check_subnets(self) -> None:
        if len(set(self.private_subnet_ids)) < 2:
            raise BrokenRuleError(
                "an endpoint's instances spread over two zones, so there are at least two different subnets",
                "write the ids of subnets in different zones",
            )


class AdoptedNetwork(inside.AdoptedNetwork):
    """A security group for jobs in a VPC that somebody else owns, routes and watches."""

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Ids of the subnets in which jobs run."""
    job_security_group_id: pulumi.Output[str]
    """Security group of jobs: free among themselves, outward HTTPS as far as the VPC's routes lead."""

    def __init__(self, name: str, args: AdoptedNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = read(AdoptedNetworkArgs, args)
        super().__init__(
            name,
            inside.AdoptedNetworkArgs(
                names=names_of(given), vpc_id=given.vpc_id, private_subnet_ids=given.private_subnet_ids
            ),
            opts,
        )
