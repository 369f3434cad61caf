"""The page docs/reference/settings.md: `python -m tests.settings_page` prints it, a test says whether it is current."""

import json
import sys
from typing import Any

from settings.files import stack_file_schema
from settings.rules import DELIVERY_RULES, MODEL_RULES, STACK_RULES

HEAD = """\
# Stack settings

Generated from `settings/models.py` and `settings/rules.py` by `python -m tests.settings_page`; do not edit.

Everything below stands in `Pulumi.<stack>.yaml` under `config`, `mlops:settings`. An unknown key is an error. Editors
check a stack file by [stack-settings.schema.json](stack-settings.schema.json). `python -m settings check FILE...`
checks a file without an engine and reports all mistakes at once.
"""
SECTIONS = (
    *("StackSettings", "Accounts", "Regions", "Network", "ExistingVpc", "Storage", "Model", "Gate", "Delivery"),
    *("Studio", "StudioUser", "SpaceSize", "StudioImage", "Tracking"),
    *("GitHub", "Reviewers", "Reviewer", "Projects", "Catalog", "People", "Trusted", "Assignees"),
    *("Instances", "Serverless", "Asynchronous", "Batch", "Scaling", "Capture", "Rollout", "Alarms", "Shadow", "Smoke"),
)
MOST_CHOICES = 6


def page() -> str:
    """Return the page as Markdown."""
    definitions = json.loads(stack_file_schema())["$defs"]
    parts = [HEAD]
    for name in SECTIONS:
        section = definitions[name]
        parts += [
            f"\n## {name}\n\n{section['description']}\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
        ]
        for key, field in section["properties"].items():
            absent = f"`{json.dumps(field['default'])}`" if field.get("default") is not None else "absent"
            default = "required" if key in section.get("required", ()) else absent
            parts.append(f"| `{key}` | {_kind(field, definitions)} | {default} | {field['description']} |\n")
    kinds = (
        ("Rules of a stack", STACK_RULES),
        ("Rules of a model", MODEL_RULES),
        ("Rules of a delivery", DELIVERY_RULES),
    )
    for title, rules in kinds:
        parts.append(f"\n## {title}\n\n")
        parts += [f"- `{rule.__name__}`: {rule.__doc__}\n" for rule in rules]
    return "".join(parts)


def _kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    (option,) = (option for option in field.get("anyOf", [field]) if option.get("type") != "null")
    for part in option.get("patternProperties", {}).values():
        if "$ref" in part:
            return f"{_kind(part, definitions)} by name"
    name = option.get("$ref", "").rsplit("/", 1)[-1]
    if name in SECTIONS:
        return f"[{name}](#{name.lower()})"
    item = option.get("items", {}).get("$ref", "").rsplit("/", 1)[-1]
    if item in SECTIONS:
        return f"list of [{item}](#{item.lower()})"
    kind = definitions[name] if name else option
    if "enum" in kind:
        values = [f"`{value}`" for value in kind["enum"]]
        return ", ".join(values) if len(values) <= MOST_CHOICES else f"one of {len(values)}, such as {values[-1]}"
    if isinstance(kind["type"], list):
        return "any JSON" if "object" in kind["type"] else ", ".join(part for part in kind["type"] if part != "null")
    word = {"array": "list", "object": "keys with values"}.get(kind["type"], kind["type"])
    return " ".join([word, *(f"{s} {kind[k]}" for k, s in (("minimum", "≥"), ("maximum", "≤")) if k in kind)])


if __name__ == "__main__":
    sys.stdout.write(page())
