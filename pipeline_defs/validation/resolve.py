"""Resolves what a `Get` names: that it exists, what type it has, and a sample of its value where one is known."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline_defs.validation.model import Shape, shapes
from pipeline_defs.validation.outline import Outline, Step
from pipeline_defs.validation.step_types import STEP_TYPES

EXECUTION = {
    "StartDateTime": "2026-01-01T00:00:00.000Z",
    "CurrentDateTime": "2026-01-01T00:00:00.000Z",
    "PipelineName": "pipeline",
    "PipelineArn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/pipeline",
    "PipelineExecutionId": "abcdefghijkl",
    "PipelineExecutionArn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/pipeline/execution/abcdefghijkl",
    "TrainingJobName": "pipelines-abcdefghijkl-Train-abcdefghij",
    "ProcessingJobName": "pipelines-abcdefghijkl-Process-abcdefghij",
}
"""The execution variables, each with a sample in the form that the service gives it."""

_PARAMETER_TYPES = {"String": "string", "Integer": "integer", "Float": "float", "Boolean": "boolean"}
_TOKEN = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']+)'\]")

# Lists that the pipeline service turns into maps: type of the step, path of the list, member that names an item.
_MAPPED = {
    ("Processing", "ProcessingOutputConfig.Outputs"): "OutputName",
    ("Processing", "ProcessingInputs"): "InputName",
    ("Training", "InputDataConfig"): "ChannelName",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """What a reference comes to."""

    kind: str | None = None
    """Type in botocore's words (`string`, `integer`, `list`, ...); None where it cannot be known."""
    sample: Any = None
    """A value it may have; None where none is known."""
    step: str | None = None
    """The step that gives the value."""
    rule: str | None = None
    """Rule that the reference breaks, with `message` and `fix`; None where it is right."""
    message: str = ""
    fix: str = ""


def suggest(name: str, known: Sequence[str], what: str) -> str:
    """Word the fix for an unknown name: the nearest known one, or the list of all."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"write {close[0]!r}"
    return f"{what}: {', '.join(sorted(known)[:12])}" if known else f"{what}: there is none"


def _wrong(rule: str, message: str, fix: str, step: str | None = None) -> Resolution:
    return Resolution(rule=f"reference.{rule}", message=message, fix=fix, step=step)


def tokens(path: str) -> list[str | int] | None:
    """Split `A.B['name'][0].C` into its parts; an item by name keeps its quotes, None for a malformed path."""
    found: list[str | int] = []
    position = 0
    while position < len(path):
        match = _TOKEN.match(path, position)
        if not match or (match[1] and (position == 0) == path.startswith(".", position)):
            return None
        found.append(int(match[2]) if match[2] else f"'{match[3]}'" if match[3] else match[1])
        position = match.end()
    return found


@dataclass
class Resolver:
    """References of one document, each resolved once."""

    outline: Outline
    _known: dict[str, Resolution] = field(default_factory=dict)

    def resolve(self, text: str) -> Resolution:
        """Resolve the text of a Get."""
        if text not in self._known:
            self._known[text] = self._resolve(text)
        return self._known[text]

    def _resolve(self, text: str) -> Resolution:
        root, _, rest = text.partition(".")
        if root == "Parameters":
            return self._parameter(text, rest)
        if root == "Execution":
            if rest in EXECUTION:
                return Resolution(kind="string", sample=EXECUTION[rest])
            fix = suggest(rest, list(EXECUTION), "the execution variables are")
            return _wrong("execution", f"{text!r} names no execution variable", fix)
        if root == "PipelineExperimentConfig" and rest in ("ExperimentName", "TrialName"):
            return Resolution(kind="string")
        if root == "Steps":
            return self._step(text, rest)
        return _wrong(
            "form", f"{text!r} is no reference", "start it with Parameters., Steps., Execution. and a name that exists"
        )

    def _parameter(self, text: str, name: str) -> Resolution:
        parameter = self.outline.parameters.get(name)
        if parameter is None:
            fix = suggest(name, list(self.outline.parameters), "the parameters are")
            return _wrong("parameter", f"{text!r} names a parameter that the document does not declare", fix)
        kind = parameter.get("Type")
        return Resolution(
            kind=_PARAMETER_TYPES.get(kind) if isinstance(kind, str) else None, sample=parameter.get("DefaultValue")
        )

    def _step(self, text: str, rest: str) -> Resolution:
        name = re.split(r"[.\[]", rest, maxsplit=1)[0]
        step = self.outline.by_name.get(name)
        if step is None:
            fix = suggest(name, list(self.outline.by_name), "the steps are")
            return _wrong("step", f"{text!r} names a step that the document does not have", fix)
        path = rest[len(name) :].removeprefix(".")
        parts = tokens(path)
        if not parts:
            return _wrong("form", f"{text!r} has no path after the step", "name a property of the step", name)
        kind = STEP_TYPES.get(step.type)
        if kind is None:
            return Resolution(step=name)  # the unknown type is a finding of its own
        if parts[0] in kind.properties:
            return self._property(text, step, parts)
        if not kind.responses:
            fix = suggest(str(parts[0]), sorted(kind.properties), f"a {step.type} step gives")
            return _wrong("path", f"{text!r}: a {step.type} step has no property {parts[0]!r}", fix, name)
        first = next(
            (shape for shape in kind.responses if parts[0] in shapes(kind.service)[shape]["members"]), kind.responses[0]
        )
        return self._walk(text, step, shapes(kind.service), first, parts)

    def _property(self, text: str, step: Step, parts: list[str | int]) -> Resolution:
        if parts[0] == "OutputParameters":
            declared = step.body.get("OutputParameters")
            listed = [item for item in declared if isinstance(item, Mapping)] if isinstance(declared, list) else []
            for item in listed:
                if len(parts) == 2 and parts[1] == f"'{item.get('OutputName')}'":
                    return Resolution(kind=_PARAMETER_TYPES.get(str(item.get("OutputType"))), step=step.name)
            fix = f"declare it: the step gives {sorted(str(item.get('OutputName')) for item in listed)}"
            return _wrong("output", f"{text!r} names an output that {step.name} does not declare", fix, step.name)
        if parts[0] == "PropertyFiles":
            declared = step.body.get("PropertyFiles")
            listed = [item for item in declared if isinstance(item, Mapping)] if isinstance(declared, list) else []
            names = [item.get("PropertyFileName") for item in listed]
            if len(parts) == 2 and parts[1] in names:
                return Resolution(kind="property file", step=step.name)
            fix = f"declare it under PropertyFiles of {step.name}, which has {names}"
            message = f"{text!r} names a property file that {step.name} does not declare"
            return _wrong("property_file", message, fix, step.name)
        return Resolution(step=step.name)

    def _walk(self, text: str, step: Step, known: Mapping[str, Shape], name: str, parts: list[str | int]) -> Resolution:
        """Follow a path through a response shape."""
        walked = ""
        for part in parts:
            shape = known[name]
            if isinstance(part, str) and not part.startswith("'"):
                members = shape.get("members", {})
                if part not in members:
                    fix = suggest(part, list(members), f"{name} has")
                    return _wrong("path", f"{text!r}: {walked or step.name} has no member {part!r}", fix, step.name)
                name = members[part]["shape"]
                walked = f"{walked}.{part}".removeprefix(".")
                continue
            key = _MAPPED.get((step.type, walked))
            if shape["type"] == "map" and isinstance(part, str):
                name = shape["value"]["shape"]
            elif shape["type"] == "list" and isinstance(part, int) and key is None:
                name = shape["member"]["shape"]
            elif key is not None and isinstance(part, str):
                names = [item.get(key) for item in step.items(*walked.split("."))]
                if part.strip("'") not in names:
                    fix = suggest(part.strip("'"), [str(item) for item in names], f"{step.name} declares")
                    message = f"{text!r}: {step.name} declares no {part} in {walked}"
                    return _wrong("output", message, fix, step.name)
                name = shape["member"]["shape"]
            else:
                fix = (
                    f"use ['<{key}>']"
                    if key
                    else "use [0], [1], ... for a list, ['name'] for a map, a dot for a member"
                )
                return _wrong("path", f"{text!r}: {walked} cannot be read with [{part}]", fix, step.name)
            walked = f"{walked}[{part}]"
        return Resolution(kind=known[name]["type"], step=step.name)
