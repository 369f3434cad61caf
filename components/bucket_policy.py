"""Policies of the buckets: TLS only, our key only, and access-log delivery for the log bucket."""

from collections.abc import Sequence

from components.policy_document import Statement, allow, deny, policy
from contracts.names import Names

LEAST_TLS_VERSION = "1.2"


def _transport(bucket_arn: str) -> list[Statement]:
    everything = [bucket_arn, f"{bucket_arn}/*"]
    return [
        deny(
            "RefusePlainHttp", ["s3:*"], everything, {"Bool": {"aws:SecureTransport": "false"}}, principal={"AWS": "*"}
        ),
        deny(
            "RefuseOldTls",
            ["s3:*"],
            everything,
            {"NumericLessThan": {"s3:TlsVersion": LEAST_TLS_VERSION}},
            principal={"AWS": "*"},
        ),
    ]


def encrypted_bucket_policy(bucket_arn: str, key_arn: str, further: Sequence[Statement] = ()) -> str:
    """TLS only, and no object under another key. A request that names no key gets the bucket's own by default.

    `further` statements let others in.
    """
    return policy(
        [
            *_transport(bucket_arn),
            deny(
                "RefuseOtherEncryption",
                ["s3:PutObject"],
                [f"{bucket_arn}/*"],
                {
                    "Null": {"s3:x-amz-server-side-encryption": "false"},
                    "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
                },
                principal={"AWS": "*"},
            ),
            deny(
                "RefuseOtherKeys",
                ["s3:PutObject"],
                [f"{bucket_arn}/*"],
                {
                    "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"},
                    "ArnNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key_arn},
                },
                principal={"AWS": "*"},
            ),
            *further,
        ]
    )


def access_log_bucket_policy(bucket_arn: str, names: Names) -> str:
    """TLS only, and S3's log delivery may write for buckets of this stack."""
    return policy(
        [
            *_transport(bucket_arn),
            allow(
                "DeliveredByS3",
                ["s3:PutObject"],
                [f"{bucket_arn}/*"],
                {
                    "StringEquals": {"aws:SourceAccount": names.account},
                    "ArnLike": {"aws:SourceArn": f"arn:{names.partition}:s3:::{names.prefix}-*"},
                },
                principal={"Service": "logging.s3.amazonaws.com"},
            ),
        ]
    )
