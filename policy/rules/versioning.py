"""What is overwritten or deleted can be had back."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack


def _check(store: Checked, stack: Stack) -> Iterator[str]:
    if store.short_type == "dynamodb:Table":
        if store.value("pointInTimeRecovery.enabled") is not True:
            yield "pointInTimeRecovery is off, so a wrong write cannot be undone"
        return
    versionings = stack.companions(store, "s3:BucketVersioning", "bucket")
    states = [one.value("versioningConfiguration.status") for one in versionings]
    if "Enabled" not in states:
        yield f"its versioning is {', '.join(map(str, states)) or 'not set'}, so what is overwritten is gone"


RULE = Rule(
    id="versioning",
    forbids="bucket without versions and no table without point-in-time recovery",
    why="Runs cite their input by object version; without versions a model's data cannot be shown again.",
    fix="create the bucket as components/secure_bucket.py; set point_in_time_recovery of a table",
    types=("s3:Bucket", "s3:BucketV2", "dynamodb:Table"),
    needs_stack=True,
    check=_check,
)
