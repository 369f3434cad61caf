"""`FlowLogs`: who talked to whom in the VPC, kept in an encrypted log group."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.exact_role import ExactRole, ExactRoleArgs
from components.policy_document import allow, policy, trust
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowLogsArgs:
    """Settings of `FlowLogs`."""

    names: Names
    """The stack's names."""
    vpc_id: pulumi.Input[str]
    """VPC to watch."""
    logs_key_arn: pulumi.Input[str]
    """Key of the log group."""
    retention_days: int
    """How long entries are kept, in days, as CloudWatch Logs admits."""
    retain: bool
    """Keep the log group when the stack goes."""


class FlowLogs(pulumi.ComponentResource):
    """Owns the log group, the delivery role and the flow log of one VPC; not the VPC, not the key."""

    log_group_name: pulumi.Output[str]
    """Name of the log group."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:FlowLogs", name, None, opts)
        names = args.names
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-log-group",
            name=names.log_group("flow-logs"),
            kms_key_id=args.logs_key_arn,
            retention_in_days=args.retention_days,
            opts=pulumi.ResourceOptions(parent=self, protect=args.retain, retain_on_delete=args.retain),
        )
        log_group_arn = names.arn("logs", f"log-group:{names.log_group('flow-logs')}")
        role = ExactRole(
            f"{name}-delivery",
            ExactRoleArgs(
                role_name=names.role("flow-logs"),
                description="Delivers VPC flow logs to their log group",
                trust_policy=trust("vpc-flow-logs.amazonaws.com", account=names.account),
                policies={
                    "deliver": policy(
                        [
                            allow(
                                "DeliverFlowLogs",
                                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                                [log_group_arn, f"{log_group_arn}:*"],
                            ),
                            allow("FindLogGroup", ["logs:DescribeLogGroups"], ["*"]),  # knows no resource
                        ]
                    )
                },
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.ec2.FlowLog(
            f"{name}-all-traffic",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=log_group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.log_group_name = log_group.name
        self.register_outputs({"log_group_name": self.log_group_name})
