"""How long logs and objects are kept: the days that CloudWatch Logs takes, and the order that S3 demands."""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.rules import BrokenRuleError

LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""CloudWatch Logs PutRetentionPolicy, retentionInDays; a test compares it with botocore's text."""

INFREQUENT_ACCESS_LEAST_DAYS = 30
"""S3 takes no transition to STANDARD_IA earlier, and none out of it before 30 further days."""


def check_log_retention(days: int) -> int:
    """Return `days`, or raise BrokenRuleError where CloudWatch Logs does not offer that retention."""
    if days in LOG_RETENTION_DAYS:
        return days
    longer = [allowed for allowed in LOG_RETENTION_DAYS if allowed > days]
    raise BrokenRuleError(
        "CloudWatch Logs keeps logs for one of its own numbers of days: " + ", ".join(map(str, LOG_RETENTION_DAYS)),
        f"write {longer[0] if longer else LOG_RETENTION_DAYS[-1]}",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class LifecycleFault:
    """A day that breaks the order of the lifecycle: `later` must be at least `least`."""

    later: str
    least: int
    rule: str


def lifecycle_faults(*, standard_ia: int, glacier: int, expire: int | None) -> Iterator[LifecycleFault]:
    """Yield what S3 would refuse in a lifecycle (S3 user guide, lifecycle transition constraints)."""
    gap = INFREQUENT_ACCESS_LEAST_DAYS
    if standard_ia < gap:
        yield LifecycleFault(
            later="standard_ia_after_days",
            least=gap,
            rule=f"S3 moves objects to Standard-IA after {gap} days at the earliest",
        )
    if glacier < standard_ia + gap:
        yield LifecycleFault(
            later="glacier_after_days",
            least=max(standard_ia, gap) + gap,
            rule=f"objects stay in Standard-IA for {gap} days before they move to Glacier",
        )
    if expire is not None and expire <= glacier:
        yield LifecycleFault(
            later="expire_after_days",
            least=max(glacier, max(standard_ia, gap) + gap) + 1,
            rule="objects expire after they have moved to Glacier",
        )
