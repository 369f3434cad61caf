"""Parameters: each has an effect."""

from collections.abc import Iterator

from pipeline_defs.validation.outline import references
from pipeline_defs.validation.rules.context import Broken, Context, Rule


def _unused(context: Context) -> Iterator[Broken]:
    used = set(references(context.outline.document))
    for name in context.outline.parameters:
        if f"Parameters.{name}" not in used:
            message = f"{name!r} is read by no step, yet whoever starts a run would believe that it has an effect"
            yield None, f"Parameters.{name}", message, f"refer to Parameters.{name} in a step, or remove it"


RULES = (Rule(id="parameter.unused", about="Every parameter is read by a step.", check=_unused),)
