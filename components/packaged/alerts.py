"""`Alerts` for other repositories: flat args, the same resources."""

from dataclasses import dataclass

import pulumi

from components import alerts as inside
from components.packaged.arguments import check, read
from components.packaged.coordinates import coordinate_checks, names_of
from contracts.words import check_email


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertsArgs:
    """Settings of `Alerts`."""

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
    messages_key_arn: pulumi.Input[str]
    """Key of topic and queue, `messagesKeyArn` of `Encryption`; its policy admits the services that publish."""
    emails: list[str]
    """Addresses that receive alarms; each has to confirm the subscription."""

    def __post_init__(self) -> None:
        """Refuse coordinates that cannot be parts of names, and addresses that SNS could not write to."""
        check(
            *coordinate_checks(self),
            ("emails", self.emails, lambda: [check_email(address) for address in self.emails]),
        )


class Alerts(inside.Alerts):
    """The topic that alarms publish to, and the queue in which undelivered triggers land, with its alarm."""

    topic_arn: pulumi.Output[str]
    """Topic for alarms."""
    undelivered_queue_arn: pulumi.Output[str]
    """Dead-letter queue of schedules and rules."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = read(AlertsArgs, args)
        super().__init__(
            name,
            inside.AlertsArgs(names=names_of(given), messages_key_arn=given.messages_key_arn, emails=given.emails),
            opts,
        )
