"""Parameters: each has an effect."""

from collections.abc import Iterator

from pipeline_defs.validation.outline import references
from pipeline_defs.validation.rules.context import Broken, Context, Rule

INPUT_DATA = "InputDataUri"


def _unused(context: Context) -> Iterator[Broken]:
    used = set(references(context.outline.document))
    for name in context.outline.parameters:
        if f"Parameters.{name}" not in used:
            message = f"{name!r} is read by no step, yet whoever starts a run would believe that it has an effect"
            yield None, f"Parameters.{name}", message, f"refer to Parameters.{name} in a step, or remove it"


def _input_data(context: Context) -> Iterator[Broken]:
    found = context.outline.parameters.get(INPUT_DATA)
    if found is None or found.get("Type") != "String":
        message = f"the schedule and the new-data rule pass {INPUT_DATA}, and SageMaker refuses an unknown parameter"
        yield (
            None,
            f"Parameters.{INPUT_DATA}",
            message,
            f"declare {INPUT_DATA} as a String and read it in the first step",
        )


RULES = (
    Rule(id="parameter.unused", about="Every parameter is read by a step.", check=_unused),
    Rule(
        id="parameter.input",
        about=f"{INPUT_DATA} is a String parameter, which every trigger passes.",
        check=_input_data,
    ),
)
