"""Run the platform's program, or any part of it, without an engine, and keep what it registered."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from local.recorder import Graph, record, record_program
from settings import StackSettings, load_settings

ROOT = Path(__file__).resolve().parent.parent
STACKS = ("dev", "preprod", "prod")
PUBLISHING = "dev-publishing"
"""dev, with its app installed: the stack that creates the template repositories too."""


def raw_settings(stack: str) -> dict[str, Any]:
    """The stack file's settings as written, as a new object that a test may change; or those of `PUBLISHING`."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack.partition('-')[0]}.yaml").read_text())["config"]
    settings = config["mlops:settings"]
    if stack == PUBLISHING:
        settings["github"]["publish_templates"] = True
    return settings


def deploy(program: Callable[[], object], *, stack: str = "dev", preview: bool = False) -> Graph:
    """Run a program that needs no config, such as a single component."""
    return record(program, stack=stack, preview=preview)


def deploy_stack(raw: dict[str, Any], *, preview: bool = False) -> Graph:
    """Run `__main__.py`, the file that the engine runs, with these settings."""
    return record_program(raw, preview=preview)


@cache
def stack_graph(stack: str, *, preview: bool = False) -> Graph:
    """The graph of a stack file, computed once per test process."""
    return deploy_stack(raw_settings(stack), preview=preview)


def stack_settings(stack: str) -> StackSettings:
    """The validated settings of a stack file."""
    return load_settings(raw_settings(stack), source=f"Pulumi.{stack}.yaml")


def longest_settings() -> dict[str, Any]:
    """The longest settings that are legal: every name at its limit, in the region with the longest name."""
    raw = raw_settings("preprod")
    model = raw["models"].pop("fraud-detector")
    return {
        **raw,
        "organisation": "o" * 12,
        "unit": "u" * 12,
        "region": "ap-southeast-2",
        "network": {**raw["network"], "zones": ["ap-southeast-2a", "ap-southeast-2b"]},
        "studio": {"users": {"u" * 63: {"persona": "lead"}}, "mlflow": {"kind": "server"}},
        "models": {"m" * 40: {**model, "data_schema": "fraud_detector", "input_prefix": "latest/"}},
    }
