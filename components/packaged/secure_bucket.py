"""`SecureBucket` for other repositories: flat args, the same resources."""

from dataclasses import dataclass
from functools import partial

import pulumi

from components import secure_bucket as inside
from components.packaged.arguments import ArgumentsError, check, read
from components.packaged.coordinates import coordinate_checks, names_of
from contracts.retention import lifecycle_faults
from contracts.rules import BrokenRuleError
from contracts.tags import check_tag_value
from contracts.words import check_label

STANDARD_IA_DAYS, GLACIER_DAYS, NONCURRENT_DAYS = 30, 90, 365
LOGS = "logs"
"""Purpose of the bucket of access logs, which is the one that S3 writes to and that has no customer key."""
_AGES = ("standard_ia_after_days", "glacier_after_days", "expire_after_days", "noncurrent_expire_after_days")


@dataclass(frozen=True, kw_only=True, slots=True)
class SecureBucketArgs:
    """Settings of a `SecureBucket`."""

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
    purpose: str
    """What the bucket holds, a word such as `features`; part of its name. `logs` is the bucket of access logs."""
    classification: str
    """Data classification, set as the tag `data-classification`."""
    key_arn: pulumi.Input[str] | None = None
    """Key of the objects; to be set for every purpose but `logs`."""
    access_log_bucket: pulumi.Input[str] | None = None
    """Name of the bucket that receives the access logs; none for `logs` itself."""
    notify_event_bridge: bool | None = None
    """Send object events to EventBridge; false where absent."""
    retain: bool | None = None
    """Protect the bucket and keep it, with its objects, when the stack goes; true where absent."""
    standard_ia_after_days: int | None = None
    """Move objects to Standard-IA; 30 where absent, never for `logs`."""
    glacier_after_days: int | None = None
    """Move objects to Glacier; 90 where absent, never for `logs`."""
    expire_after_days: int | None = None
    """Delete objects; never where absent."""
    noncurrent_expire_after_days: int | None = None
    """Delete versions that were replaced or deleted, this long after that; 365 where absent."""

    def __post_init__(self) -> None:
        """Refuse what S3 would refuse, and a bucket without a key."""
        days = {name: getattr(self, name) for name in _AGES}
        check(
            *coordinate_checks(self),
            ("purpose", self.purpose, lambda: check_label(self.purpose)),
            ("classification", self.classification, lambda: check_tag_value(self.classification)),
            ("key_arn", None, self._check_key),
            *((name, age, partial(_check_age, age)) for name, age in days.items() if age is not None),
        )
        faults = (
            []
            if self.purpose == LOGS
            else lifecycle_faults(
                standard_ia=self.lifecycle.standard_ia_after_days or 0,
                glacier=self.lifecycle.glacier_after_days or 0,
                expire=self.expire_after_days,
            )
        )
        if problems := {fault.later: f"{fault.rule}; write {fault.least} or more" for fault in faults}:
            raise ArgumentsError(problems)

    def _check_key(self) -> None:
        if self.key_arn is None and self.purpose != LOGS:
            raise BrokenRuleError(
                f"every bucket but {LOGS!r}, to which S3 itself writes, is encrypted by a customer key",
                "write the ARN of one, such as dataKeyArn of Encryption",
            )

    @property
    def lifecycle(self) -> inside.Lifecycle:
        """The ages, with the defaults filled in."""
        tiers = self.purpose != LOGS
        return inside.Lifecycle(
            standard_ia_after_days=self.standard_ia_after_days or (STANDARD_IA_DAYS if tiers else None),
            glacier_after_days=self.glacier_after_days or (GLACIER_DAYS if tiers else None),
            expire_after_days=self.expire_after_days,
            noncurrent_expire_after_days=self.noncurrent_expire_after_days or NONCURRENT_DAYS,
        )


def _check_age(days: int) -> None:
    if days < 1:
        raise BrokenRuleError("an age is a number of days, 1 or more", "write 1 or more, or leave it out")


class SecureBucket(inside.SecureBucket):
    """A versioned, encrypted, private bucket that tiers and logs what it holds. A new name replaces it."""

    bucket_name: pulumi.Output[str]
    """Name of the bucket, once its policy and encryption are in place."""
    arn: pulumi.Output[str]
    """ARN of the bucket."""

    def __init__(self, name: str, args: SecureBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = read(SecureBucketArgs, args)
        super().__init__(
            name,
            inside.SecureBucketArgs(
                names=names_of(given),
                purpose=given.purpose,
                lifecycle=given.lifecycle,
                retain=True if given.retain is None else given.retain,
                classification=given.classification,
                key_arn=given.key_arn,
                access_log_bucket=given.access_log_bucket,
                notify_event_bridge=bool(given.notify_event_bridge),
            ),
            opts,
        )
