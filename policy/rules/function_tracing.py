"""What a function did can be followed."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack


def _check(function: Checked, _: Stack) -> Iterator[str]:
    mode = function.value("tracingConfig.mode", "PassThrough")
    if mode != "Active":
        yield f"tracingConfig.mode is {mode}"


RULE = Rule(
    id="function-tracing",
    forbids="function without traces",
    why="A delivery crosses functions, SageMaker and accounts; its trace is what shows where it stopped.",
    fix="set tracing_config to Active and allow the role to write traces",
    types=("lambda:Function",),
    check=_check,
)
