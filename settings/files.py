"""Stack files without the Pulumi engine: their YAML, read strictly, and the JSON schema that editors check them by."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic.json_schema import GenerateJsonSchema

from contracts.rules import BrokenRuleError
from settings.models import StackSettings
from settings.problems import CONFIG_KEY


class StackFileError(BrokenRuleError):
    """A stack file is absent or is no YAML document of the right kind. `line` counts from 1; None where it has none."""

    def __init__(self, rule: str, fix: str, *, line: int | None = None) -> None:
        super().__init__(rule, fix)
        self.line = line


class _UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, refusing a key that stands twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def parsed(file: Path) -> dict[str, Any]:
    """Return the document in a stack file. Raises StackFileError where there is none."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        stacks = sorted(path.name for path in file.parent.glob("Pulumi.*.yaml"))
        there = f"the stack files there are {', '.join(stacks)}" if stacks else f"no stack file is in {file.parent}"
        raise StackFileError("a stack has a file of its settings, and this one does not exist", there) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StackFileError("a stack file is readable text in UTF-8", str(error)) from None
    return parsed_text(text)


def parsed_text(text: str, *, inspect: Callable[[yaml.Node], None] | None = None) -> dict[str, Any]:
    """Return the document in the text of a stack file. Raises StackFileError where it is none.

    `inspect` sees the nodes, which know their lines, before anything is built of them; it may refuse them.
    """
    try:
        loader = _UniqueKeyLoader(text)
        root = loader.get_single_node()
        if root is not None and inspect is not None:
            inspect(root)
        document = None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise StackFileError("a stack file is YAML", _where(error), line=mark.line + 1 if mark else None) from None
    if not isinstance(document, dict):
        raise StackFileError("a stack file holds config: at its top", f"write config: and {CONFIG_KEY}: below it")
    return document


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {reason}" if mark else reason


class _Schema(GenerateJsonSchema):
    """Pydantic's schema without the titles, which repeat each key."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        return False


def stack_file_schema() -> str:
    """Return the JSON schema of a stack file as text, as it is kept in docs/reference."""
    settings = StackSettings.model_json_schema(schema_generator=_Schema)
    definitions = settings.pop("$defs")
    settings.pop("title")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pulumi stack file of the MLOps platform",
        "description": "Generated from settings/models.py by `python -m settings schema`.",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "description": "Config of the stack. Further keys belong to Pulumi and its providers.",
                "required": [CONFIG_KEY],
                "properties": {CONFIG_KEY: {"$ref": "#/$defs/StackSettings"}},
            }
        },
        "$defs": {**definitions, "StackSettings": settings},
    }
    _close(document)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _close(node: Any) -> None:
    """Refuse keys that match no pattern; pydantic leaves that to the validation of the keys."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node.setdefault("additionalProperties", False)
        for key, part in node.items():
            if key not in {"enum", "default", "examples"}:
                _close(part)
    elif isinstance(node, list):
        for part in node:
            _close(part)
