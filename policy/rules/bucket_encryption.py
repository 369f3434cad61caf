"""Buckets encrypt with a key of ours by default."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack
from policy.rules.customer_key import OF_AWS

CONFIGURATION = "s3:BucketServerSideEncryptionConfiguration"
DEFAULT = "applyServerSideEncryptionByDefault"
ALGORITHMS = ("aws:kms", "aws:kms:dsse")


def _check(bucket: Checked, stack: Stack) -> Iterator[str]:
    configurations = stack.companions(bucket, CONFIGURATION, "bucket")
    if not configurations:
        yield "it has no default encryption of its own, so objects get S3's key"
    for configuration in configurations:
        for entry in configuration.entries("rules"):
            algorithm = configuration.value(f"{entry}.{DEFAULT}.sseAlgorithm")
            key = configuration.value(f"{entry}.{DEFAULT}.kmsMasterKeyId")
            if algorithm not in ALGORITHMS:
                yield f"its default encryption is {algorithm}, with S3's key"
            elif not key or OF_AWS in str(key):
                yield f"its default encryption names {key or 'no key'}, so the key is AWS's"


RULE = Rule(
    id="bucket-encryption",
    forbids="bucket without default encryption by a customer key",
    why="Whoever writes without naming a key must end with ours, or reading could not be limited by it.",
    fix="create the bucket as components/secure_bucket.py with key_arn",
    types=("s3:Bucket", "s3:BucketV2"),
    needs_stack=True,
    check=_check,
)
