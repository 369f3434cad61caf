"""The way out when the gate does not hold: a Fail step that says where."""

import re
from collections.abc import Iterator

from pipeline_defs.validation.finding import show
from pipeline_defs.validation.outline import Step, strings
from pipeline_defs.validation.rules.context import Broken, Context, Rule
from pipeline_defs.validation.rules.gate import guards


def _gates(context: Context) -> Iterator[tuple[Step, list[Step]]]:
    """Each Condition that guards a registration, with the Fail steps of its else branch."""
    names = {guard.name for step in context.outline.of_type("RegisterModel") for guard in guards(context, step)}
    for name in sorted(names):
        guard = context.outline.by_name[name]
        way = (*guard.branch, (name, "ElseSteps"))
        yield guard, [step for step in context.outline.of_type("Fail") if step.branch == way]


def _present(context: Context) -> Iterator[Broken]:
    for guard, fails in _gates(context):
        if not fails:
            message = f"{guard.name} has no Fail step, so a run whose model is too weak would count as succeeded"
            yield guard, "Arguments.ElseSteps", message, "add a Fail step to ElseSteps"


def _message(context: Context) -> Iterator[Broken]:
    environment = context.settings.environment
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])")
    for _, fails in _gates(context):
        for step in fails:
            message = step.get("ErrorMessage")
            if not any(word.search(text) for _, text in strings(message, "")):
                said = f"{show(message)} does not say that it happened in {environment}"
                yield step, "Arguments.ErrorMessage", said, f"name the environment {environment!r} in the message"


RULES = (
    Rule(id="fail.present", about="A Fail step ends a run that does not pass the gate.", check=_present),
    Rule(id="fail.message", about="The message of that step names the environment.", check=_message),
)
