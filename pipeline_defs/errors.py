"""The errors of composing a definition: each names the model, the step where known, the rule and the fix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with a definition, as the validator or the linter found it."""

    step: str | None
    """The step's name; none for the pipeline as a whole."""
    path: str
    """Where in the definition, `Arguments.ResourceConfig.InstanceType`."""
    rule: str
    message: str
    fix: str

    def __str__(self) -> str:
        """One line for people."""
        where = ": ".join(part for part in (f"step {self.step}" if self.step else "", self.path) if part)
        fix = f" Fix: {self.fix}" if self.fix else ""
        return f"{where or 'pipeline'}: {self.message} [{self.rule}]{fix}"


class DefinitionError(Exception):
    """A definition could not be composed, or is not fit to be deployed."""

    def __init__(self, model: str, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.model = model
        self.problems = tuple(problems)

    @classmethod
    def of(cls, model: str, problems: Sequence[Problem]) -> Self:
        """List every problem, one per line: all mistakes of a definition at once, not one per run."""
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"  {problem}" for problem in problems)
        return cls(model, f"The pipeline definition of {model} has {count}:\n{lines}", problems)
