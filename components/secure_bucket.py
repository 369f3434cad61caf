"""`SecureBucket`: a versioned, encrypted, private bucket that tiers and logs what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.bucket_policy import access_log_bucket_policy, encrypted_bucket_policy
from components.policy_document import Statement
from components.readiness import after
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifecycle:
    """Ages, in days after creation, at which objects move or go."""

    standard_ia_after_days: int | None
    glacier_after_days: int | None
    expire_after_days: int | None
    noncurrent_expire_after_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SecureBucketArgs:
    """Settings of a `SecureBucket`."""

    names: Names
    """The stack's names."""
    purpose: str
    """What the bucket holds, `artifacts`, `data` or `logs`; part of its name."""
    lifecycle: Lifecycle
    """When objects move to cheaper storage and when they go."""
    retain: bool
    """Protect the bucket and keep it, with its objects, when the stack goes."""
    classification: str
    """Data classification, set as a tag."""
    key_arn: pulumi.Input[str] | None = None
    """Key of the objects. None is for the access-log bucket only: S3's log delivery cannot use a customer key."""
    access_log_bucket: pulumi.Input[str] | None = None
    """Bucket that receives the access logs; none for the access-log bucket itself."""
    notify_event_bridge: bool = False
    """Send object events to EventBridge."""
    readers: Sequence[Statement] = ()
    """Statements of the bucket's policy that let another environment read; not for the access-log bucket."""

    def __post_init__(self) -> None:
        """Refuse a bucket that is neither encrypted by our key nor the log bucket."""
        if self.key_arn is None and self.purpose != "logs":
            raise ValueError(
                f"bucket {self.purpose!r} has no key: set key_arn. Only the access-log bucket goes without."
            )


class SecureBucket(pulumi.ComponentResource):
    """Owns the bucket and every setting that makes it private: ownership, public access, policy, encryption, versions.

    Does not own the key or the log bucket. A new name replaces the bucket; its objects stay behind in the old one.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket, once its policy and encryption are in place."""
    arn: pulumi.Output[str]
    """ARN of the bucket."""

    def __init__(self, name: str, args: SecureBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:SecureBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=args.names.bucket(args.purpose),
            # A bucket that is not retained must be able to go although it holds versions.
            force_destroy=not args.retain,
            tags={"data-classification": args.classification},
            opts=pulumi.ResourceOptions(parent=self, protect=args.retain, retain_on_delete=args.retain),
        )
        public_access = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            rules=[_encryption_rule(args.key_arn)],
            opts=child,
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=(
                access_log_bucket_policy(args.names.bucket_arn(args.purpose), args.names)
                if args.key_arn is None
                else pulumi.Output.from_input(args.key_arn).apply(
                    lambda key: encrypted_bucket_policy(args.names.bucket_arn(args.purpose), key, args.readers)
                )
            ),
            # S3 refuses a policy while it still judges the bucket's public-access settings.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[public_access]),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[_lifecycle_rule(args.lifecycle)],
            # Rules on noncurrent versions need versioning first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        if args.access_log_bucket is not None:
            aws.s3.BucketLogging(
                f"{name}-access-log",
                bucket=bucket.id,
                target_bucket=args.access_log_bucket,
                target_prefix=f"{args.purpose}/",
                opts=child,
            )
        if args.notify_event_bridge:
            aws.s3.BucketNotification(f"{name}-events", bucket=bucket.id, eventbridge=True, opts=child)
        # So that no object arrives before the bucket is private and encrypted.
        self.bucket_name = after(bucket.id, [public_access, ownership, versioning, encryption, policy])
        self.arn = bucket.arn
        self.register_outputs({"bucket_name": self.bucket_name, "arn": self.arn})


def _encryption_rule(key_arn: pulumi.Input[str] | None) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgs:
    default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
    if key_arn is None:
        return aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=default(sse_algorithm="AES256")
        )
    return aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=default(sse_algorithm="aws:kms", kms_master_key_id=key_arn),
        bucket_key_enabled=True,
    )


def _lifecycle_rule(lifecycle: Lifecycle) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    transition = aws.s3.BucketLifecycleConfigurationRuleTransitionArgs
    steps = {"STANDARD_IA": lifecycle.standard_ia_after_days, "GLACIER": lifecycle.glacier_after_days}
    expiration = lifecycle.expire_after_days
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="tier-and-expire",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        transitions=[transition(days=days, storage_class=tier) for tier, days in steps.items() if days is not None],
        expiration=(
            aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expiration) if expiration is not None else None
        ),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=lifecycle.noncurrent_expire_after_days
        ),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=1
        ),
    )
