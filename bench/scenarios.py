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
    """Return one class of every `pulumi_aws` module that the program uses, as `s3.Bucket`: touching it imports all.

    Read from `aws.<module>.<Class>` in the components that `__main__.py` imports, directly or through others, so a
    component that takes up a module changes the base line too, and one that no stack uses yet does not flatter it.
    """
    found: dict[str, str] = {}
    for tree in _program_trees(root):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and isinstance(node.value.value, ast.Name)
                and node.value.value.id == "aws"
            ):
                found.setdefault(node.value.attr, f"{node.value.attr}.{node.attr}")
    return sorted(found.values())


def _program_trees(root: Path) -> list[ast.Module]:
    """Return the parsed components that the program imports. `wiring` is left out: it loads modules, it uses none."""
    trees: dict[str, ast.Module] = {}
    waiting = [root / "__main__.py"]
    while waiting:
        tree = ast.parse(waiting.pop().read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            name = node.module if isinstance(node, ast.ImportFrom) else None
            if name and name.startswith("components.") and name not in trees:
                path = root / f"{name.replace('.', '/')}.py"
                trees[name] = ast.parse(path.read_text(encoding="utf-8"))
                waiting.append(path)
    return [trees[name] for name in sorted(trees)]
