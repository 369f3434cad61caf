"""The good document, composed by SageMaker SDK 3.27 from the settings beside it, and ways to spoil it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline_defs.settings import PipelineSettings
from pipeline_defs.validation import Finding

FOLDER = Path(__file__).parent
TEXT = (FOLDER / "classification.json").read_text()
SETTINGS = PipelineSettings(**json.loads((FOLDER / "classification.settings.json").read_text()))


def good() -> dict[str, Any]:
    """A fresh copy of the good document."""
    document: dict[str, Any] = json.loads(TEXT)
    return document


def settings(**changes: Any) -> PipelineSettings:
    """The settings of the good document, changed."""
    return replace(SETTINGS, **changes)


def step(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A step by name, at any depth."""
    pending = list(document["Steps"])
    while pending:
        body = pending.pop()
        if body["Name"] == name:
            return body
        if body["Type"] == "Condition":
            pending += body["Arguments"]["IfSteps"] + body["Arguments"]["ElseSteps"]
    raise KeyError(name)


def at(value: Any, path: str) -> tuple[Any, str | int]:
    """The container that a path (`A.B[0].C`) ends in, and the last key."""
    keys: list[str | int] = []
    for part in path.split("."):
        name, *indexes = part.replace("]", "").split("[")
        keys += [name, *map(int, indexes)]
    for key in keys[:-1]:
        value = value[key]
    return value, keys[-1]


Change = Callable[[dict[str, Any]], None]


def put(name: str | None, path: str, value: Any) -> Change:
    """Set a value in a step, or in the document where no step is named."""

    def change(document: dict[str, Any]) -> None:
        container, key = at(document if name is None else step(document, name), path)
        container[key] = value

    return change


def drop(name: str | None, path: str) -> Change:
    """Remove a value from a step, or from the document."""

    def change(document: dict[str, Any]) -> None:
        container, key = at(document if name is None else step(document, name), path)
        del container[key]

    return change


def add(name: str | None, path: str, value: Any) -> Change:
    """Append to a list of a step, or of the document."""

    def change(document: dict[str, Any]) -> None:
        container, key = at(document if name is None else step(document, name), path)
        container[key].append(value)

    return change


def both(*changes: Change) -> Change:
    """Several changes, one after the other."""

    def change(document: dict[str, Any]) -> None:
        for one in changes:
            one(document)

    return change


@dataclass(frozen=True)
class Case:
    """One way to spoil the good document, and the finding that it must give."""

    says: str
    change: Change
    step: str | None
    rule: str
    message: str

    def document(self) -> dict[str, Any]:
        """The spoiled document."""
        document = good()
        self.change(document)
        return document

    def found_in(self, findings: Iterable[Finding]) -> bool:
        """Whether the expected finding is there."""
        return any(
            finding.step == self.step and finding.rule == self.rule and self.message in finding.message and finding.fix
            for finding in findings
        )


def names(cases: list[Case]) -> list[str]:
    """The sentences of the cases, as test ids."""
    return [case.says for case in cases]
