"""Files of model versions in an artifact bucket: where they lie, and under which conditions a key opens them."""

from contracts.names import Names

PROMOTED = "promoted/"
"""Where promotion puts its copies."""
READABLE_PREFIXES = ("pipelines/", PROMOTED)
"""Where a version's files lie: those of its own runs, and those promoted into the environment."""


def key_opens_files_of(names: Names) -> dict[str, dict[str, str | list[str]]]:
    """Return the conditions under which a key serves S3 for an environment's artifact bucket and for nothing else.

    S3 sends the bucket's ARN as encryption context where the bucket has a key of its own, and the object's where not.
    """
    bucket = names.bucket_arn("artifacts")
    return {
        "StringEquals": {"kms:ViaService": f"s3.{names.region}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]},
    }
