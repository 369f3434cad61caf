"""`Encryption`: one customer-managed key per purpose, used by everything that stores data."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.key_policies import data_key_policy, logs_key_policy, messages_key_policy
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class EncryptionArgs:
    """Settings of `Encryption`."""

    names: Names
    """The stack's names."""
    retain: bool
    """Protect the keys and keep them when the stack goes. A deleted key makes its data unreadable for ever."""
    following: Names | None = None
    """Names of the next environment, which promotes our model versions; None in the last."""
    projects_elsewhere: Sequence[Names] = ()
    """Names of the environments in which projects serve what their pipelines made here; none but in the first."""


class Encryption(pulumi.ComponentResource):
    """Owns the keys `data` (buckets, volumes), `logs` (log groups) and `messages` (topics, queues) and their aliases.

    Does not own what they encrypt. A key is never replaced by a change of its policy or description.
    """

    data_key_arn: pulumi.Output[str]
    """ARN of the key of buckets and job volumes."""
    logs_key_arn: pulumi.Output[str]
    """ARN of the key of log groups."""
    messages_key_arn: pulumi.Output[str]
    """ARN of the key of topics and queues."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Encryption", name, None, opts)
        self._name, self._args = name, args
        self.data_key_arn = self._key(
            "data",
            "Input data, artifacts and job volumes",
            data_key_policy(args.names, args.following, projects_elsewhere=args.projects_elsewhere),
        )
        self.logs_key_arn = self._key("logs", "CloudWatch log groups", logs_key_policy(args.names))
        self.messages_key_arn = self._key("messages", "Topics and queues", messages_key_policy(args.names))
        self.register_outputs(
            {
                "data_key_arn": self.data_key_arn,
                "logs_key_arn": self.logs_key_arn,
                "messages_key_arn": self.messages_key_arn,
            }
        )

    def _key(self, purpose: str, description: str, policy: str) -> pulumi.Output[str]:
        key = aws.kms.Key(
            f"{self._name}-{purpose}",
            description=f"{description} of {self._args.names.prefix}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.retain, retain_on_delete=self._args.retain),
        )
        aws.kms.Alias(
            f"{self._name}-{purpose}-alias",
            name=self._args.names.key_alias(purpose),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn
