"""Logs have an end, and functions write to a log group of the stack."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack


def _check(resource: Checked, _: Stack) -> Iterator[str]:
    if resource.short_type == "lambda:Function":
        if not resource.has("loggingConfig.logGroup"):
            yield "loggingConfig.logGroup is not set, so Lambda makes a log group without key and without end"
    elif not resource.value("retentionInDays"):
        yield "retentionInDays is not set, so its logs are kept, and paid for, for ever"


RULE = Rule(
    id="log-retention",
    forbids="log without an end",
    why="Logs may name people: they are kept as long as agreed. Groups that AWS makes itself have no end and no key.",
    fix="set retention_in_days from settings.log_retention_days; name the group in the function's logging_config",
    types=("cloudwatch:LogGroup", "lambda:Function"),
    check=_check,
)
