"""Stack settings with something changed: the start of every settings test."""

import copy
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
REMOVED = object()


@cache
def _settings_of(stack):
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]["mlops:settings"]


def changed(stack, **changes):
    """Return the raw settings of a stack with values set by path; `__` separates keys, `fraud` is the one model."""
    raw = copy.deepcopy(_settings_of(stack))
    for path, value in changes.items():
        *parents, last = ["fraud-detector" if part == "fraud" else part for part in path.split("__")]
        place = raw
        for part in parents:
            place = place.setdefault(part, {})
        if value is REMOVED:
            del place[last]
        else:
            place[last] = copy.deepcopy(value)
    return raw
