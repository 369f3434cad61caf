"""Prod's stores do not go by accident."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack

PROTECTED_IN = "prod"
LEAST_DELETION_WINDOW_DAYS = 30
STORES = (
    "cloudwatch:LogGroup",
    "dynamodb:Table",
    "ecr:Repository",
    "efs:FileSystem",
    "kms:Key",
    "rds:Cluster",
    "rds:Instance",
    "s3:Bucket",
    "s3:BucketV2",
    "sagemaker:Domain",
    "sagemaker:ModelPackageGroup",
)
_SWITCHES = {
    "dynamodb:Table": ("deletionProtectionEnabled", True),
    "ecr:Repository": ("forceDelete", False),
    "rds:Cluster": ("deletionProtection", True),
    "rds:Instance": ("deletionProtection", True),
    "s3:Bucket": ("forceDestroy", False),
    "s3:BucketV2": ("forceDestroy", False),
}
"""AWS's or the provider's own protection, and the value that gives it; switches that destroy are off by default."""


def _check(store: Checked, stack: Stack) -> Iterator[str]:
    if stack.surroundings.environment != PROTECTED_IN:
        return
    if not store.protect:
        yield "it is not protected, so destroy, or a new name, would take it"
    if store.short_type in _SWITCHES:
        key, safe = _SWITCHES[store.short_type]
        if bool(store.value(key, False)) is not safe:
            yield f"{key} is not {str(safe).lower()}"
    if store.short_type == "kms:Key" and store.value("deletionWindowInDays", 30) < LEAST_DELETION_WINDOW_DAYS:
        yield f"a deletion can be undone for less than {LEAST_DELETION_WINDOW_DAYS} days"
    if (
        store.short_type == "sagemaker:Domain"
        and store.value("retentionPolicy.homeEfsFileSystem", "Retain") != "Retain"
    ):
        yield "people's home folders go with the domain"


RULE = Rule(
    id="deletion-protection",
    forbids="store of prod that a slip can delete",
    why="A model's data, versions and records cannot be made again.",
    fix="protect and retain_on_delete from settings.retains_data, and the service's own protection",
    types=STORES,
    check=_check,
)
