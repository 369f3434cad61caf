"""`Network`: the VPC in which every job runs, with endpoints that really carry the traffic."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components.endpoint_services import INTERFACE_SERVICES, interface_policy, s3_policy, service_name
from components.flow_logs import FlowLogs, FlowLogsArgs
from components.security_group import HttpsPeer, SecurityGroup, SecurityGroupArgs
from components.subnet_plan import PlannedSubnet, Tier, plan_subnets
from contracts.names import Names


class NatMode(StrEnum):
    """How private subnets reach the internet."""

    NONE = "none"
    SINGLE = "single"
    PER_ZONE = "per_zone"


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkArgs:
    """Settings of a `Network`."""

    names: Names
    """The stack's names."""
    cidr: str
    """IPv4 range of the VPC, /16 to /23."""
    zones: Sequence[str]
    """Availability zones by name, at least two."""
    nat: NatMode
    """NAT gateways: none, one, or one per zone."""
    trusted_accounts: Sequence[str]
    """Accounts whose principals may pass the endpoints."""
    logs_key_arn: pulumi.Input[str]
    """Key of the flow logs' log group."""
    log_retention_days: int
    """How long flow logs are kept, in days, as CloudWatch Logs admits."""
    retain_logs: bool
    """Keep the flow logs when the stack goes."""
    endpoints: Sequence[str] = field(default=INTERFACE_SERVICES)
    """Interface endpoints by short name."""

    def __post_init__(self) -> None:
        """Refuse fewer than two zones: SageMaker endpoints and Studio need two."""
        if len(set(self.zones)) < 2:
            raise ValueError(f"zones {list(self.zones)} are too few: set at least two different availability zones.")


class Network(pulumi.ComponentResource):
    """Owns the VPC, its subnets, routes, NAT gateways, endpoints, security groups and flow logs.

    Does not own peering, DNS zones or firewalls. A change of `cidr` replaces everything in it, jobs included; a zone
    can be added or dropped without touching the others.
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Ids of the subnets in which jobs run, in the order of the zones."""
    job_security_group_id: pulumi.Output[str]
    """Security group of jobs: free among themselves, outward to endpoints, S3 and (with NAT) HTTPS."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Network", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private DNS of endpoints needs both
            tags=self._named("vpc"),
            opts=self._child,
        )
        self.vpc_id = vpc.id
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-security-group", vpc_id=vpc.id, ingress=[], egress=[], opts=self._child
        )
        self._subnets = self._create_subnets()
        self._route_tables = self._create_route_tables()
        s3_prefix_list = self._create_gateway_endpoints()
        jobs, endpoints = self._create_security_groups(s3_prefix_list)
        self._create_interface_endpoints(endpoints)
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(
                names=args.names,
                vpc_id=vpc.id,
                logs_key_arn=args.logs_key_arn,
                retention_days=args.log_retention_days,
                retain=args.retain_logs,
            ),
            opts=self._child,
        )
        self.private_subnet_ids = pulumi.Output.all(
            *(self._subnets[Tier.PRIVATE, zone].id for zone in args.zones)
        ).apply(list)
        self.job_security_group_id = jobs.id
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "private_subnet_ids": self.private_subnet_ids,
                "job_security_group_id": self.job_security_group_id,
            }
        )

    def _named(self, role: str) -> dict[str, str]:
        return {"Name": f"{self._args.names.prefix}-{role}"}

    def _create_subnets(self) -> dict[tuple[Tier, str], aws.ec2.Subnet]:
        planned = plan_subnets(self._args.cidr, list(self._args.zones), public=self._args.nat is not NatMode.NONE)
        return {(subnet.tier, subnet.zone): self._subnet(subnet) for subnet in planned}

    def _subnet(self, subnet: PlannedSubnet) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            f"{self._name}-{subnet.tier}-{subnet.zone}",
            vpc_id=self.vpc_id,
            cidr_block=subnet.cidr,
            availability_zone=subnet.zone,
            map_public_ip_on_launch=False,
            tags={**self._named(f"{subnet.tier}-{subnet.zone}"), "tier": subnet.tier.value},
            opts=self._child,
        )

    def _route_table(self, role: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self._name}-routes-{role}", vpc_id=self.vpc_id, tags=self._named(f"routes-{role}"), opts=self._child
        )

    def _associate(self, tier: Tier, zone: str, table: aws.ec2.RouteTable) -> None:
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{tier}-{zone}-routes",
            subnet_id=self._subnets[tier, zone].id,
            route_table_id=table.id,
            opts=self._child,
        )

    def _create_route_tables(self) -> list[aws.ec2.RouteTable]:
        """Create the tables of the private and isolated subnets, which the gateway endpoints are added to."""
        isolated = self._route_table("isolated")
        private = {zone: self._route_table(f"private-{zone}") for zone in self._args.zones}
        for zone in self._args.zones:
            self._associate(Tier.ISOLATED, zone, isolated)
            self._associate(Tier.PRIVATE, zone, private[zone])
        if self._args.nat is not NatMode.NONE:
            self._create_nat(private)
        return [isolated, *private.values()]

    def _create_nat(self, private: dict[str, aws.ec2.RouteTable]) -> None:
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet", vpc_id=self.vpc_id, tags=self._named("internet"), opts=self._child
        )
        public = self._route_table("public")
        to_internet = aws.ec2.Route(
            f"{self._name}-public-to-internet",
            route_table_id=public.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._child,
        )
        for zone in self._args.zones:
            self._associate(Tier.PUBLIC, zone, public)
        nat_zones = self._args.zones[:1] if self._args.nat is NatMode.SINGLE else self._args.zones
        nats = {zone: self._nat_gateway(zone, to_internet) for zone in nat_zones}
        for zone, table in private.items():
            aws.ec2.Route(
                f"{self._name}-private-{zone}-to-nat",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=nats.get(zone, nats[nat_zones[0]]).id,
                opts=self._child,
            )

    def _nat_gateway(self, zone: str, to_internet: aws.ec2.Route) -> aws.ec2.NatGateway:
        address = aws.ec2.Eip(
            f"{self._name}-nat-address-{zone}", domain="vpc", tags=self._named(f"nat-{zone}"), opts=self._child
        )
        return aws.ec2.NatGateway(
            f"{self._name}-nat-{zone}",
            subnet_id=self._subnets[Tier.PUBLIC, zone].id,
            allocation_id=address.id,
            tags=self._named(f"nat-{zone}"),
            # A NAT gateway without a way out reports itself available and drops everything.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[to_internet]),
        )

    def _create_gateway_endpoints(self) -> pulumi.Output[str]:
        names = self._args.names
        s3 = aws.ec2.VpcEndpoint(
            f"{self._name}-endpoint-s3",
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=service_name("s3", names.region),
            route_table_ids=[table.id for table in self._route_tables],
            policy=s3_policy(self._args.trusted_accounts, region=names.region, partition=names.partition),
            tags=self._named("s3"),
            opts=self._child,
        )
        return s3.prefix_list_id

    def _create_interface_endpoints(self, group: SecurityGroup) -> None:
        for service in self._args.endpoints:
            aws.ec2.VpcEndpoint(
                f"{self._name}-endpoint-{service}",
                vpc_id=self.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=service_name(service, self._args.names.region),
                private_dns_enabled=True,
                subnet_ids=[self._subnets[Tier.ISOLATED, zone].id for zone in self._args.zones],
                security_group_ids=[group.id],
                policy=interface_policy(self._args.trusted_accounts),
                tags=self._named(service),
                opts=self._child,
            )

    def _create_security_groups(self, s3_prefix_list: pulumi.Output[str]) -> tuple[SecurityGroup, SecurityGroup]:
        # Reached from inside the VPC only: whoever is in it, jobs and Studio apps, may call AWS through the endpoints.
        endpoints = SecurityGroup(
            f"{self._name}-endpoints",
            SecurityGroupArgs(
                vpc_id=self.vpc_id,
                label=f"{self._args.names.prefix}-endpoints",
                description="Interface endpoints: HTTPS from within the VPC",
                https_in={"vpc": HttpsPeer(reason="Calls to AWS services", cidr=self._args.cidr)},
            ),
            opts=self._child,
        )
        ways_out = {
            "endpoints": HttpsPeer(reason="AWS services through interface endpoints", group=endpoints.id),
            "s3": HttpsPeer(reason="S3 through its gateway endpoint", prefix_list=s3_prefix_list),
        }
        if self._args.nat is not NatMode.NONE:
            ways_out["internet"] = HttpsPeer(reason="Package indexes and other HTTPS through NAT", cidr="0.0.0.0/0")
        jobs = SecurityGroup(
            f"{self._name}-jobs",
            SecurityGroupArgs(
                vpc_id=self.vpc_id,
                label=f"{self._args.names.prefix}-jobs",
                description="Jobs: free among themselves, outward to endpoints and S3",
                among_members=True,
                https_out=ways_out,
            ),
            opts=self._child,
        )
        return jobs, endpoints
