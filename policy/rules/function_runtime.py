"""Functions run on what AWS still mends."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from policy.model import Checked, Rule, Stack

FILE = Path(__file__).resolve().parent.parent / "runtimes.yaml"


@cache
def deprecations() -> dict[str, date]:
    """Return the day from which AWS no longer mends a runtime, by runtime."""
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def _check(function: Checked, stack: Stack) -> Iterator[str]:
    if function.value("packageType", "Zip") != "Zip":
        return  # an image brings its own
    runtime = function.value("runtime")
    ends = deprecations().get(str(runtime))
    if ends is None:
        yield f"runtime is {runtime or 'not set'}, which policy/runtimes.yaml does not know"
    elif ends <= stack.surroundings.today:
        yield f"runtime is {runtime}, which AWS no longer mends since {ends}"


RULE = Rule(
    id="function-runtime",
    forbids="function on a runtime that AWS no longer mends",
    why="Holes in it stay open, and AWS soon refuses to update the function at all.",
    fix="move to a runtime of policy/runtimes.yaml that has years ahead",
    types=("lambda:Function",),
    check=_check,
)
