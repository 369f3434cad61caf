"""The gate: no version is registered unless every metric of the settings reaches its literal threshold."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_defs.validation.finding import show
from pipeline_defs.validation.outline import Step, expressions, is_expression, references
from pipeline_defs.validation.rules.context import Broken, Context, Rule

_PROPERTY_FILE = re.compile(r"Steps\.([^.]+)\.PropertyFiles\.(.+)")
_OPERANDS = ("LeftValue", "RightValue", "QueryValue", "Values")


def guards(context: Context, step: Step) -> list[Step]:
    """Return the Conditions that must hold for a step to run, outermost first. An else branch guards nothing."""
    enclosing = [context.outline.by_name[name] for name, branch in step.branch if branch == "IfSteps"]
    return [guard for guard in enclosing if guard.type == "Condition"]


def conditions(guard: Step) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the conditions of a Condition step that all have to hold, with their paths."""
    listed = guard.get("Conditions")
    for index, condition in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(condition, Mapping):
            yield f"Arguments.Conditions[{index}]", condition


def evaluation(condition: Mapping[str, Any]) -> tuple[str, str] | None:
    """Step and JSON path that the left side of a comparison reads from a property file; None if it reads none."""
    left = condition.get("LeftValue")
    operands = left.get("Std:JsonGet") if isinstance(left, Mapping) else None
    if not isinstance(operands, Mapping):
        return None
    file, path = operands.get("PropertyFile"), operands.get("Path")
    match = _PROPERTY_FILE.fullmatch(str(file.get("Get"))) if isinstance(file, Mapping) else None
    return (match[1], path) if match and isinstance(path, str) else None


def _present(context: Context) -> Iterator[Broken]:
    for step in context.outline.of_type("RegisterModel"):
        read = [evaluation(condition) for guard in guards(context, step) for _, condition in conditions(guard)]
        if not any(read):
            message = f"{step.name} registers a version that no condition has measured"
            fix = "put it under IfSteps of a Condition that reads a property file of the evaluation"
            yield step, "", message, fix


def _bypass(context: Context) -> Iterator[Broken]:
    for job in context.jobs("training"):
        if job.get("ModelPackageConfig") is not None:
            message = "the job registers a version by itself, past every condition"
            yield (
                job.step,
                job.at("ModelPackageConfig"),
                message,
                "remove it; a RegisterModel step behind the gate does it",
            )


def _metrics(context: Context) -> Iterator[Broken]:
    for step in context.outline.of_type("RegisterModel"):
        found = [pair for guard in guards(context, step) for pair in conditions(guard)]
        for metric, threshold in context.settings.gate.items():
            path = f"metrics.{metric}"
            reading = [item for _, item in found if (read := evaluation(item)) is not None and read[1] == path]
            if any(_reaches(condition, threshold) for condition in reading):
                continue
            given = [f"{condition.get('Type')} {show(condition.get('RightValue'))}" for condition in reading]
            message = f"{step.name} needs {path} >= {threshold}, the conditions above it have {given or 'none'}"
            fix = f"compare {path} with GreaterThanOrEqualTo and the literal {threshold}"
            yield step, "", message, fix


def _reaches(condition: Mapping[str, Any], threshold: float) -> bool:
    right = condition.get("RightValue")
    number = isinstance(right, int | float) and not isinstance(right, bool)
    return condition.get("Type") == "GreaterThanOrEqualTo" and number and right == threshold


def _literal(context: Context) -> Iterator[Broken]:
    names = {guard.name for step in context.outline.of_type("RegisterModel") for guard in guards(context, step)}
    for guard in (context.outline.by_name[name] for name in sorted(names)):
        for path, condition in conditions(guard):
            yield from _steered(context, condition)
            for text in references(condition):
                if text.startswith(("Parameters.", "Execution.")):
                    message = f"{text} decides in {guard.name}, so whoever starts a run can weaken the gate"
                    yield guard, path, message, "write the threshold and the metric's path as literals"
            right = condition.get("RightValue")
            if is_expression(right) and not any(text.startswith("Parameters.") for text in references(right)):
                message = f"the threshold {show(right)} is computed by the run that it judges"
                yield guard, f"{path}.RightValue", message, "write the threshold as a number"


def _steered(context: Context, condition: Mapping[str, Any]) -> Iterator[Broken]:
    """Report parameters of the evaluation: a run could choose what it is measured by."""
    read = evaluation(condition)
    step = context.outline.by_name.get(read[0]) if read else None
    for path, expression in expressions(step.arguments, "Arguments") if step else ():
        if str(expression.get("Get")).startswith("Parameters."):
            message = f"{expression['Get']} steers the evaluation, so whoever starts a run can weaken the gate"
            yield step, path, message, "give the evaluation literals and earlier steps' outputs only"


def _measured(context: Context) -> Iterator[Broken]:
    """Compare the measured model with the registered one: the evaluation reads the artifact that is registered."""
    for step in context.outline.of_type("RegisterModel"):
        registered = {
            text
            for container in step.items("InferenceSpecification", "Containers")
            for text in references(container.get("ModelDataUrl"))
        }
        steps = {
            read[0]
            for guard in guards(context, step)
            for _, condition in conditions(guard)
            if (read := evaluation(condition)) is not None
        }
        for name in sorted(steps & context.outline.by_name.keys()):
            inputs = set(references(context.outline.by_name[name].get("ProcessingInputs")))
            if not registered or not registered <= inputs:
                message = f"{step.name} registers {sorted(registered) or 'a fixed URI'}, which {name} did not measure"
                fix = f"register what {name} reads as its model, by the same reference"
                yield step, "Arguments.InferenceSpecification.Containers[0].ModelDataUrl", message, fix


RULES = (
    Rule(id="gate.present", about="A Condition on a property file guards every RegisterModel.", check=_present),
    Rule(id="gate.bypass", about="No training job registers a version by itself.", check=_bypass),
    Rule(id="gate.metric", about="Every gate metric is compared, at least, with its threshold.", check=_metrics),
    Rule(id="gate.literal", about="Nothing that a run can set decides in the gate.", check=_literal),
    Rule(id="gate.measured", about="The registered model is the one that was measured.", check=_measured),
)
