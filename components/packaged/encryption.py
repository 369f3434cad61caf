"""`Encryption` for other repositories: flat args, the same resources."""

from dataclasses import dataclass

import pulumi

from components import encryption as inside
from components.packaged.arguments import read
from components.packaged.coordinates import check_coordinates, names_of


@dataclass(frozen=True, kw_only=True, slots=True)
class EncryptionArgs:
    """Settings of `Encryption`."""

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
    retain: bool | None = None
    """Protect the keys and keep them when the stack goes; true where absent. A deleted key ends its data for ever."""

    def __post_init__(self) -> None:
        """Refuse coordinates that cannot be parts of names."""
        check_coordinates(self)


class Encryption(inside.Encryption):
    """The customer-managed keys of data, log groups and messages, rotated, with their aliases.

    A key is never replaced by a change of its policy or description.
    """

    data_key_arn: pulumi.Output[str]
    """ARN of the key of buckets and job volumes."""
    logs_key_arn: pulumi.Output[str]
    """ARN of the key of log groups."""
    messages_key_arn: pulumi.Output[str]
    """ARN of the key of topics and queues."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = read(EncryptionArgs, args)
        retain = True if given.retain is None else given.retain
        super().__init__(name, inside.EncryptionArgs(names=names_of(given), retain=retain), opts)
