"""`Network` for other repositories: flat args, the same resources."""

from dataclasses import dataclass

import pulumi

from components import network as inside
from components.endpoint_services import INTERFACE_SERVICES
from components.network import NatMode
from components.packaged.arguments import check, read
from components.packaged.coordinates import coordinate_checks, names_of, one_of
from contracts.ranges import check_vpc_range
from contracts.regions import check_zone
from contracts.retention import check_log_retention
from contracts.rules import BrokenRuleError
from contracts.words import check_account

LOG_RETENTION_DAYS = 365


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkArgs:
    """Settings of a `Network`."""

    organisation: str
    """First part of every name: 2 to 12 lower-case letters and digits."""
    unit: str
    """Second part of every name. Take one of your own: the platform's names are taken."""
    environment: str
    """`dev`, `preprod` or `prod`."""
    region: str
    """Region of the AWS provider that creates the network."""
    account: str
    """Account of that provider, 12 digits."""
    cidr: str
    """IPv4 range of the VPC, private, /16 to /23. Another one replaces everything."""
    zones: list[str]
    """Availability zones by name, at least two. They can be added and dropped later."""
    logs_key_arn: pulumi.Input[str]
    """Key of the flow logs' log group, `logsKeyArn` of `Encryption`; its policy admits CloudWatch Logs."""
    nat: NatMode | None = None
    """NAT gateways; none where absent, which leaves jobs with VPC endpoints only."""
    trusted_accounts: list[str] | None = None
    """Accounts whose principals may pass the endpoints; the own account where absent."""
    endpoints: list[str] | None = None
    """Interface endpoints by short name, such as `sagemaker.api`; all that jobs need where absent."""
    log_retention_days: int | None = None
    """How long flow logs are kept, in days, as CloudWatch Logs admits; 365 where absent."""
    retain_logs: bool | None = None
    """Keep the flow logs when the stack goes; true where absent."""

    def __post_init__(self) -> None:
        """Refuse what AWS or the plan of subnets would refuse, all of it at once."""
        days = LOG_RETENTION_DAYS if self.log_retention_days is None else self.log_retention_days
        check(
            *coordinate_checks(self),
            ("cidr", self.cidr, lambda: check_vpc_range(self.cidr)),
            ("zones", self.zones, self._check_zones),
            (
                "trusted_accounts",
                self.trusted_accounts,
                lambda: [check_account(a) for a in self.trusted_accounts or ()],
            ),
            ("endpoints", self.endpoints, lambda: [one_of(name, INTERFACE_SERVICES) for name in self.endpoints or ()]),
            ("log_retention_days", days, lambda: check_log_retention(days)),
            ("nat", self.nat, lambda: one_of(self.nat or NatMode.NONE, tuple(NatMode))),
        )

    def _check_zones(self) -> None:
        for zone in self.zones:
            check_zone(zone, self.region)
        if len(set(self.zones)) < 2 or len(set(self.zones)) < len(self.zones):
            raise BrokenRuleError(
                "a network has at least two availability zones, each named once",
                f"write for example {self.region}a, {self.region}b",
            )


class Network(inside.Network):
    """The VPC in which jobs and endpoints run: subnets in every zone, VPC endpoints, security groups, flow logs.

    Owns no peering, DNS zones or firewalls. A change of `cidr` replaces everything in it.
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Ids of the subnets in which jobs run, in the order of the zones."""
    job_security_group_id: pulumi.Output[str]
    """Security group of jobs: free among themselves, outward to endpoints, S3 and (with NAT) HTTPS."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, _inside(read(NetworkArgs, args)), opts)


def _inside(args: NetworkArgs) -> inside.NetworkArgs:
    return inside.NetworkArgs(
        names=names_of(args),
        cidr=args.cidr,
        zones=args.zones,
        nat=NatMode(args.nat or NatMode.NONE),
        trusted_accounts=[args.account] if args.trusted_accounts is None else args.trusted_accounts,
        logs_key_arn=args.logs_key_arn,
        log_retention_days=LOG_RETENTION_DAYS if args.log_retention_days is None else args.log_retention_days,
        retain_logs=True if args.retain_logs is None else args.retain_logs,
        endpoints=INTERFACE_SERVICES if args.endpoints is None else args.endpoints,
    )
