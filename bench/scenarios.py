"""What is measured: the dev stack's settings with none, one or many models, and the AWS modules that it uses."""

import ast
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = "fraud_detector"


def raw_settings(models: int, *, root: Path = ROOT) -> dict[str, Any]:
    """Return dev's settings as its stack file writes them, with `models` copies of its model."""
    settings: dict[str, Any] = yaml.safe_load((root / "Pulumi.dev.yaml").read_text(encoding="utf-8"))["config"][
        "mlops:settings"
    ]
    model = {**next(iter(settings["models"].values())), "data_schema": SCHEMA}
    settings["models"] = {f"model-{number:03}": model for number in range(models)}
    return settings


def used_aws_classes(root: Path = ROOT) -> list[str]:
    """Return one class of every `pulumi_aws` module that the components use, as `s3.Bucket`: touching it imports all.

    Read from the sources' `aws.<module>.<Class>`, so a component that takes up a module changes the base line too.
    """
    found: dict[str, str] = {}
    for path in [*sorted((root / "components").glob("*.py")), root / "wiring.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and isinstance(node.value.value, ast.Name)
                and node.value.value.id == "aws"
            ):
                found.setdefault(node.value.attr, f"{node.value.attr}.{node.attr}")
    return sorted(found.values())
