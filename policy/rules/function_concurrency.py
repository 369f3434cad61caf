"""One function does not take the account's whole concurrency."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack


def _check(function: Checked, _: Stack) -> Iterator[str]:
    reserved = function.value("reservedConcurrentExecutions", -1)  # Lambda's own default: no reservation
    if reserved < 1:
        yield f"reservedConcurrentExecutions is {'not set' if reserved == -1 else reserved}"


RULE = Rule(
    id="function-concurrency",
    forbids="function without a bound on how often it runs at once",
    why="A loop of events would starve every other function of the account, and SageMaker's API with them.",
    fix="set reserved_concurrent_executions to what the work needs, 1 or more",
    types=("lambda:Function",),
    check=_check,
)
