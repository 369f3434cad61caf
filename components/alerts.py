"""`Alerts`: where alarms go, and where triggers land that could not be delivered."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.policy_document import allow, deny, policy
from components.readiness import after
from contracts.names import Names

KEPT_DAYS = 14
"""The longest retention that SQS admits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertsArgs:
    """Settings of `Alerts`."""

    names: Names
    """The stack's names."""
    messages_key_arn: pulumi.Input[str]
    """Key of topic and queue."""
    emails: Sequence[str]
    """Addresses that receive alarms; each has to confirm the subscription."""


class Alerts(pulumi.ComponentResource):
    """Owns the alarm topic, its subscriptions, the queue of undelivered triggers and the alarm on that queue.

    Does not own the alarms of models; they publish here.
    """

    topic_arn: pulumi.Output[str]
    """Topic for alarms."""
    undelivered_queue_arn: pulumi.Output[str]
    """Dead-letter queue of schedules and rules."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = args.names
        topic = aws.sns.Topic(
            f"{name}-topic", name=names.topic("alerts"), kms_master_key_id=args.messages_key_arn, opts=child
        )
        topic_policy = aws.sns.TopicPolicy(
            f"{name}-topic-policy", arn=topic.arn, policy=_topic_policy(names), opts=child
        )
        for email in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-email-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )
        queue = aws.sqs.Queue(
            f"{name}-undelivered",
            name=names.queue("undelivered"),
            kms_master_key_id=args.messages_key_arn,
            message_retention_seconds=KEPT_DAYS * 86400,
            opts=child,
        )
        queue_policy = aws.sqs.QueuePolicy(
            f"{name}-undelivered-policy", queue_url=queue.url, policy=_queue_policy(names), opts=child
        )
        aws.cloudwatch.MetricAlarm(
            f"{name}-undelivered-alarm",
            name=names.alarm("undelivered"),
            alarm_description="A trigger could not start its pipeline. See docs/runbooks/undelivered-trigger.md",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": names.queue("undelivered")},
            statistic="Maximum",
            period=300,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[topic.arn],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[topic_policy, queue]),
        )
        self.topic_arn, self.undelivered_queue_arn = after(topic.arn, [topic_policy]), after(queue.arn, [queue_policy])
        self.register_outputs({"topic_arn": self.topic_arn, "undelivered_queue_arn": self.undelivered_queue_arn})


def _ours(names: Names, service: str, kind: str) -> str:
    """ARN pattern of this stack's resources of a kind."""
    return f"arn:{names.partition}:{service}:{names.region}:{names.account}:{kind}{names.prefix}-*"


def _topic_policy(names: Names) -> str:
    arn = names.topic_arn("alerts")
    return policy(
        [
            allow(
                "PublishedByAlarms",
                ["sns:Publish"],
                [arn],
                {
                    "StringEquals": {"aws:SourceAccount": names.account},
                    "ArnLike": {"aws:SourceArn": _ours(names, "cloudwatch", "alarm:")},
                },
                principal={"Service": "cloudwatch.amazonaws.com"},
            ),
            deny(
                "RefusePlainHttp",
                ["sns:Publish"],
                [arn],
                {"Bool": {"aws:SecureTransport": "false"}},
                principal={"AWS": "*"},
            ),
        ]
    )


def _queue_policy(names: Names) -> str:
    arn = names.queue_arn("undelivered")
    return policy(
        [
            allow(
                "SentByRules",
                ["sqs:SendMessage"],
                [arn],
                {
                    "StringEquals": {"aws:SourceAccount": names.account},
                    "ArnLike": {"aws:SourceArn": _ours(names, "events", "rule/")},
                },
                principal={"Service": "events.amazonaws.com"},
            ),
            deny(
                "RefusePlainHttp", ["sqs:*"], [arn], {"Bool": {"aws:SecureTransport": "false"}}, principal={"AWS": "*"}
            ),
        ]
    )
