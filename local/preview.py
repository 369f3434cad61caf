"""What a stack would create: run the program under the mock runtime, and lay its graph out for a person."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from settings import StackSettings, read_stack_file

if TYPE_CHECKING:
    from policy.judge import Report

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_KEY = "mlops:settings"
OF_ENGINE = "pulumi:"
"""What the engine itself keeps, providers and stashes, is no cloud resource."""


@dataclass(frozen=True, slots=True)
class Node:
    """One resource of the tree: what it is, and what it holds."""

    type: str
    name: str
    protected: bool
    children: tuple["Node", ...]

    def count(self) -> int:
        """How many cloud resources stand in this part of the tree; components themselves are none."""
        return sum(child.count() for child in self.children) + (0 if self.is_component else 1)

    @property
    def is_component(self) -> bool:
        """Whether this is one of our components rather than a cloud resource."""
        return ":" not in self.type

    def as_json(self) -> dict[str, Any]:
        """Return the node for `--json`."""
        return {
            "type": self.type,
            "name": self.name,
            "protected": self.protected,
            "children": [child.as_json() for child in self.children],
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """What one stack would create."""

    stack: str
    settings: StackSettings
    root: Node
    counts: Counter[str]
    names: frozenset[tuple[str, str]]
    """Type and logical name of every resource, for comparing two stacks."""
    properties: dict[tuple[str, str], dict[str, Any]]
    """Inputs by type and logical name."""
    definitions: dict[str, str]
    """Pipeline definition, with placeholders, by model."""
    policy: "Report"
    """What the rules of `policy/` say of the resources."""


def read_settings(stack: str, folder: Path = ROOT) -> StackSettings:
    """Read `Pulumi.<stack>.yaml`. Raises `SettingsError` that lists every mistake in it."""
    return read_stack_file(folder / f"Pulumi.{stack}.yaml")


def preview(stack: str, folder: Path = ROOT) -> Preview:
    """Run the program for a stack and return what it registered.

    Raises `SettingsError` for a wrong stack file and `DefinitionError` for a wrong pipeline, both before anything else,
    and `SuppressionError` for a wrong exception to the policy rules.
    """
    from components.model_settings import pipeline_settings
    from local.recorder import STACK_TYPE, record_program
    from pipeline_defs.composer import Composer
    from policy.judge import judge
    from policy.model import Surroundings
    from policy.recorded import checked
    from policy.suppressions import read

    settings = read_settings(stack, folder)
    raw = yaml.safe_load((folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"][SETTINGS_KEY]
    today = datetime.now(UTC).date()
    suppressions = read(today)
    graph = record_program(raw, stack=stack)

    def node(registration: Any) -> Node:
        held = graph.children(registration.urn)
        children = tuple(node(child) for child in held if not child.type.startswith(OF_ENGINE))
        return Node(registration.short_type, registration.name, registration.protect, children)

    top = [r for r in graph if r.parent.split("::")[2] == STACK_TYPE]
    resources = [r for r in graph if r.custom and not r.type.startswith(OF_ENGINE)]
    with Composer.start(
        [pipeline_settings(settings, model) for model in settings.models],
        cache_folder=ROOT / ".mlops" / "cache" / "definitions",
    ) as composer:
        definitions = {model: composer.definition(model).text for model in settings.models}
    return Preview(
        stack=stack,
        settings=settings,
        root=Node("Stack", stack, False, tuple(node(r) for r in top if not r.type.startswith(OF_ENGINE))),
        counts=Counter(r.short_type for r in resources),
        names=frozenset((r.short_type, r.name) for r in resources),
        properties={(r.short_type, r.name): r.inputs for r in resources},
        definitions=definitions,
        policy=judge(checked(graph), Surroundings.of(raw, today), suppressions),
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """How two stacks differ: what only one has, and which settings are not the same."""

    only_here: list[tuple[str, str]]
    only_there: list[tuple[str, str]]
    settings: list[tuple[str, Any, Any]]
    """Path, value here, value there."""


def compare(here: Preview, there: Preview) -> Difference:
    """Compare two stacks by logical name and by setting."""
    ours, theirs = _flat(here.settings.model_dump(mode="json")), _flat(there.settings.model_dump(mode="json"))
    return Difference(
        only_here=sorted(here.names - there.names),
        only_there=sorted(there.names - here.names),
        settings=[
            (path, ours.get(path), theirs.get(path))
            for path in sorted(ours.keys() | theirs.keys())
            if ours.get(path) != theirs.get(path)
        ],
    )


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {k: v for key, item in value.items() for k, v in _flat(item, f"{path}.{key}" if path else key).items()}
    return {path: value}
