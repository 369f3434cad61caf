"""Machines are of the types that were agreed on."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from policy.documents import named
from policy.model import Checked, Rule, Stack

FILE = Path(__file__).resolve().parent.parent / "instance_types.yaml"
KEYS = frozenset({"instancetype", "instance_type"})
TYPES = (
    "ec2:Instance",
    "sagemaker:App",
    "sagemaker:Domain",
    "sagemaker:EndpointConfiguration",
    "sagemaker:NotebookInstance",
    "sagemaker:Pipeline",
    "sagemaker:Space",
    "sagemaker:UserProfile",
    "ssm:Parameter",
)
"""Where machines are asked for; parameters hold the plans of endpoints."""


@cache
def allowed(environment: str) -> frozenset[str]:
    """Return the types that an environment may use."""
    table = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return frozenset([*table["everywhere"], *table.get(environment, ())])


def _check(resource: Checked, stack: Stack) -> Iterator[str]:
    resource.require_known()
    environment = stack.surroundings.environment
    for path, chosen in named(resource.inputs, KEYS):
        if _is_type(chosen) and chosen not in allowed(environment):
            yield f"{path} is {chosen}, which {environment} may not use"


def _is_type(value: Any) -> bool:
    return isinstance(value, str) and "." in value


RULE = Rule(
    id="instance-type",
    forbids="machine of a type that is not on the list",
    why="One wrong word in a stack file can cost more in a night than the platform in a year.",
    fix="choose a type of policy/instance_types.yaml, or add it there with a review",
    types=TYPES,
    check=_check,
)
