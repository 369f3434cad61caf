"""What starts things: event rules with their targets, and schedules."""

from botocore.exceptions import ClientError

from operations.errors import is_missing, told
from operations.verification.results import Result, Stage, judged

PART = "rules"


def check(stage: Stage) -> list[Result]:
    """Every rule is enabled and leads somewhere; every schedule is enabled."""
    up = f"enable it, or pulumi up --stack {stage.settings.environment.value}"
    prefix = f"{stage.access.names.prefix}-"
    rules = [
        judged(PART, f"rule {name.removeprefix(prefix)}", _rule(stage, name, bus), up, fine="enabled, with target")
        for name, bus in sorted(stage.expected.rules.items())
    ]
    schedules = [
        judged(PART, f"schedule {name.removeprefix(prefix)}", _schedule(stage, name, group), up, fine="enabled")
        for name, group in sorted(stage.expected.schedules.items())
    ]
    return [*rules, *schedules]


def _rule(stage: Stage, name: str, bus: str) -> str:
    events = stage.client("events")
    with told(f"describe rule {name}"):
        try:
            described = events.describe_rule(Name=name, EventBusName=bus)
            targets = events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
        except ClientError as error:
            if is_missing(error):
                return f"it does not exist on bus {bus}"
            raise
    if described.get("State") != "ENABLED":
        return f"it is {described.get('State')}"
    return "" if targets else "it leads nowhere: it has no target"


def _schedule(stage: Stage, name: str, group: str) -> str:
    with told(f"describe schedule {name}"):
        try:
            described = stage.client("scheduler").get_schedule(Name=name, GroupName=group)
        except ClientError as error:
            if is_missing(error):
                return f"it does not exist in group {group}"
            raise
    return "" if described.get("State", "ENABLED") == "ENABLED" else f"it is {described['State']}"
