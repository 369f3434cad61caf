"""No bucket can be made public."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack

WAYS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _check(bucket: Checked, stack: Stack) -> Iterator[str]:
    blocks = stack.companions(bucket, "s3:BucketPublicAccessBlock", "bucket")
    if not blocks:
        yield "it has no public access block of its own"
    for block in blocks:
        if off := [way for way in WAYS if block.value(way) is not True]:
            yield f"its public access block leaves {', '.join(off)} off"


RULE = Rule(
    id="public-access-block",
    forbids="bucket that a policy or an access list could make public",
    why="The account's own block may be off, and one wrong statement then shows the data to everybody.",
    fix="create the bucket as components/secure_bucket.py, which blocks public access in all four ways",
    types=("s3:Bucket", "s3:BucketV2"),
    needs_stack=True,
    check=_check,
)
