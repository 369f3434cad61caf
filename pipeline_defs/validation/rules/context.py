"""What a rule sees: the document's steps, the settings it was composed from, and the jobs in the steps."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_defs.settings import PipelineSettings
from pipeline_defs.validation.arguments import Checker
from pipeline_defs.validation.finding import Finding
from pipeline_defs.validation.outline import Outline, Step
from pipeline_defs.validation.resolve import Resolver

Broken = tuple[Step | None, str, str, str]
"""What a rule yields: the step (None for the document itself), the path in it, the message, the fix."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job definition: a step's own arguments, or one of the training jobs that a tuning step starts."""

    step: Step
    kind: str
    """`training`, `processing`, `transform` or `automl`."""
    path: str
    body: Mapping[str, Any]

    def get(self, *keys: str) -> Any:
        """Return the value in the job by member names; None where any of them is absent."""
        value: Any = self.body
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def items(self, *keys: str) -> list[Mapping[str, Any]]:
        """Return the objects of a list in the job by member names."""
        value = self.get(*keys)
        return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []

    def at(self, *keys: str) -> str:
        """Path of a member in the step."""
        return ".".join((self.path, *keys))


_KINDS = {
    "Training": "training",
    "Processing": "processing",
    "QualityCheck": "processing",
    "ClarifyCheck": "processing",
    "Transform": "transform",
    "AutoML": "automl",
}
JOB_STEPS = (*_KINDS, "Tuning")
"""Types of the steps that run a job in containers."""


@dataclass(frozen=True)
class Context:
    """One document with its settings."""

    outline: Outline
    settings: PipelineSettings

    def jobs(self, *kinds: str) -> Iterator[Job]:
        """Every job of these kinds; of all kinds where none is given."""
        for job in self._jobs():
            if not kinds or job.kind in kinds:
                yield job

    def _jobs(self) -> Iterator[Job]:
        for step in self.outline.of_type(*JOB_STEPS):
            if step.type != "Tuning":
                yield Job(step=step, kind=_KINDS[step.type], path="Arguments", body=step.arguments)
                continue
            single = step.get("TrainingJobDefinition")
            if isinstance(single, Mapping):
                yield Job(step=step, kind="training", path="Arguments.TrainingJobDefinition", body=single)
            for index, body in enumerate(step.items("TrainingJobDefinitions")):
                yield Job(step=step, kind="training", path=f"Arguments.TrainingJobDefinitions[{index}]", body=body)

    def text(self, value: object) -> str | None:
        """Return a string, or what an expression comes to with the parameters' defaults; None if not known."""
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping):
            _, sample = Checker(Resolver(self.outline)).evaluate(value)
            return sample if isinstance(sample, str) else None
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule of ours."""

    id: str
    about: str
    """What the rule asks for, in one sentence."""
    check: Callable[[Context], Iterator[Broken]]

    def findings(self, context: Context) -> Iterator[Finding]:
        """Yield what breaks the rule in a document."""
        for step, path, message, fix in self.check(context):
            yield Finding(step=step.name if step else None, path=path, rule=self.id, message=message, fix=fix)
