"""No event is lost in silence."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack

ON_FAILURE = "destinationConfig.onFailure.destination"


def _check(function: Checked, stack: Stack) -> Iterator[str]:
    if function.has("deadLetterConfig.targetArn"):
        return
    configured = stack.companions(function, "lambda:FunctionEventInvokeConfig", "functionName")
    if not any(one.has(ON_FAILURE) for one in configured):
        yield "an event that it fails on is dropped after the last try"


RULE = Rule(
    id="function-dead-letter",
    forbids="function that drops what it failed on",
    why="An approved version that is never deployed looks like one that nobody approved.",
    fix="make it with components/platform_function.py, which gives it a queue and an alarm",
    types=("lambda:Function",),
    needs_stack=True,
    check=_check,
)
