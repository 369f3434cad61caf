"""EventBridge patterns and the S3 layout that triggers agree on."""

NEW_DATA_MARKER = "_SUCCESS"
"""A writer puts this object last. One marker starts one run, however many data objects came before it."""


def new_data_pattern(bucket: str, prefix: str) -> dict[str, object]:
    """Match the marker object under `prefix` (which ends in a slash) of `bucket`, and nothing else."""
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [f"{prefix}{NEW_DATA_MARKER}"]}},
    }
