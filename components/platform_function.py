"""`PlatformFunction`: a Lambda function with its own role, logs, dead-letter queue and alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.exact_role import ExactRole, ExactRoleArgs
from components.function_archive import FunctionArchive
from components.function_layer import ARCHITECTURE, RUNTIME
from components.function_policies import dead_letter_queue_policy, runtime_statements
from components.policy_document import Statement, policy, trust
from components.readiness import after
from contracts.names import Names

KEPT_DAYS = 14
"""The longest retention that SQS admits."""
RETRIES = 2
"""The most that Lambda offers for asynchronous calls."""
EVENT_AGE_HOURS = 6
"""The longest that Lambda keeps an asynchronous event, throttled ones included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformFunctionArgs:
    """Settings of a `PlatformFunction`."""

    names: Names
    """The stack's names."""
    function: str
    """What the function does, `deploy`; the last part of its names."""
    description: str
    """What the function is for, one sentence."""
    archive: FunctionArchive
    """Its code."""
    layer_arn: pulumi.Input[str]
    """The libraries that it shares with the other functions."""
    statements: pulumi.Input[list[Statement]]
    """What it may do beyond running: the whole of it, as IAM statements."""
    environment: Mapping[str, pulumi.Input[str]]
    """Its environment variables. None of them is secret: a function reads secrets itself, by ARN."""
    data_key_arn: pulumi.Input[str]
    """Key of the environment variables."""
    logs_key_arn: pulumi.Input[str]
    """Key of the log group."""
    messages_key_arn: pulumi.Input[str]
    """Key of the dead-letter queue."""
    alert_topic_arn: pulumi.Input[str]
    """Topic of the alarm."""
    log_retention_days: int
    """How long logs are kept, in days, as CloudWatch Logs admits."""
    retain: bool
    """Keep the log group when the stack goes."""
    timeout_seconds: int = 60
    """Longest run, 1 to 900 seconds."""
    memory_mb: int = 256
    """Memory, 128 to 10,240 MB; processor and network grow with it."""
    reserved_concurrency: int = 5
    """Most runs at once. It is taken from the account's quota, of which Lambda keeps 100 unreserved."""
    invoked_by_rules: Sequence[str] = field(default_factory=tuple)
    """ARN patterns of the EventBridge rules that may invoke it; few patterns, because its policy admits 20 KB."""

    def __post_init__(self) -> None:
        """Refuse what Lambda would refuse after a minute of creating."""
        if not 1 <= self.timeout_seconds <= 900:
            raise ValueError(f"function {self.function}: timeout_seconds is {self.timeout_seconds}; set 1 to 900.")
        if not 128 <= self.memory_mb <= 10_240:
            raise ValueError(f"function {self.function}: memory_mb is {self.memory_mb}; set 128 to 10240.")
        if self.reserved_concurrency < 1:
            raise ValueError(
                f"function {self.function}: reserved_concurrency is {self.reserved_concurrency}; set 1 or more, 0 would"
                " stop it."
            )


class PlatformFunction(pulumi.ComponentResource):
    """Owns a function, its role, log group, dead-letter queue, the alarm on it, and who may invoke it.

    Runs outside the VPC. Does not own the rules that invoke it. A new name replaces it; the log group is kept where
    data is retained, and what waits in the queue goes with the queue.
    """

    arn: pulumi.Output[str]
    """ARN of the function, once it may run and be invoked."""
    function_name: pulumi.Output[str]
    """Name of the function."""
    dead_letter_queue_arn: pulumi.Output[str]
    """Queue of the events that it could not handle; each message is the event."""

    def __init__(self, name: str, args: PlatformFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:PlatformFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names, purpose = args.names, args.function
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=names.log_group(f"functions/{purpose}"),
            kms_key_id=args.logs_key_arn,
            retention_in_days=args.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self, protect=args.retain, retain_on_delete=args.retain),
        )
        queue = aws.sqs.Queue(
            f"{name}-failed",
            name=names.queue(f"{purpose}-failed"),
            kms_master_key_id=args.messages_key_arn,
            message_retention_seconds=KEPT_DAYS * 86400,
            opts=child,
        )
        queue_policy = aws.sqs.QueuePolicy(
            f"{name}-failed-policy",
            queue_url=queue.url,
            policy=dead_letter_queue_policy(names.queue_arn(f"{purpose}-failed")),
            opts=child,
        )
        role = self._role(name, args)
        function = aws.lambda_.Function(
            f"{name}-function",
            name=names.function(purpose),
            description=args.description,
            role=role.arn,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=args.archive.handler,
            code=pulumi.FileArchive(str(args.archive.path)),
            source_code_hash=args.archive.sha256,
            layers=[args.layer_arn],
            timeout=args.timeout_seconds,
            memory_size=args.memory_mb,
            reserved_concurrent_executions=args.reserved_concurrency,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=dict(args.environment)),
            kms_key_arn=args.data_key_arn,
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
            dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=queue.arn),
            # Powertools writes JSON itself; Lambda's own lines get the same form.
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=log_group.name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[queue_policy]),
        )
        retries = aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-retries",
            function_name=function.name,
            maximum_retry_attempts=RETRIES,
            maximum_event_age_in_seconds=EVENT_AGE_HOURS * 3600,
            opts=child,
        )
        permissions = [
            aws.lambda_.Permission(
                f"{name}-invoked-by-rules-{number}" if number else f"{name}-invoked-by-rules",
                function=function.name,
                action="lambda:InvokeFunction",
                principal="events.amazonaws.com",
                source_account=names.account,
                source_arn=pattern,
                opts=child,
            )
            for number, pattern in enumerate(args.invoked_by_rules)
        ]
        aws.cloudwatch.MetricAlarm(
            f"{name}-failed-alarm",
            name=names.alarm(f"{purpose}-failed"),
            alarm_description=(
                f"{purpose} could not handle an event after {RETRIES} retries. See docs/runbooks/failed-function.md"
            ),
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": names.queue(f"{purpose}-failed")},
            statistic="Maximum",
            period=300,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[args.alert_topic_arn],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[queue]),
        )
        self.arn = after(function.arn, [retries, *permissions])
        self.function_name = function.name
        self.dead_letter_queue_arn = queue.arn
        self.register_outputs(
            {
                "arn": self.arn,
                "function_name": self.function_name,
                "dead_letter_queue_arn": self.dead_letter_queue_arn,
            }
        )

    def _role(self, name: str, args: PlatformFunctionArgs) -> ExactRole:
        names, purpose = args.names, args.function
        runtime = pulumi.Output.all(args.data_key_arn, args.messages_key_arn).apply(
            lambda keys: policy(runtime_statements(names, purpose, data_key_arn=keys[0], messages_key_arn=keys[1]))
        )
        return ExactRole(
            f"{name}-role",
            ExactRoleArgs(
                role_name=names.role(purpose),
                description=args.description,
                trust_policy=trust(
                    "lambda.amazonaws.com", account=names.account, source_arn=names.function_arn(purpose)
                ),
                policies={"runtime": runtime, "work": pulumi.Output.from_input(args.statements).apply(policy)},
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
