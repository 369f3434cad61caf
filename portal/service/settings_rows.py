"""The settings that there are, a row each, as the editor's side panel lists them: from the schema of a stack file."""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from settings.files import stack_file_schema

NAME = "<name>"
"""Stands in a path for a name that people choose."""
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
    "pattern": "form {}",
}
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingRow:
    """One setting."""

    path: str
    """Below `mlops:settings`, `models.<name>.gate.accuracy`; `[]` follows the name of a list of sections."""
    type: str
    """In words: text, whole number, list of text, section, sections by name."""
    required: bool
    default: str
    """As JSON; empty where there is none."""
    description: str
    limits: tuple[str, ...]
    choices: tuple[str, ...]
    """Empty where every value of the type is possible."""


@functools.cache
def setting_rows() -> tuple[SettingRow, ...]:
    """Return every setting in the order of the models, sections before their parts."""
    definitions = json.loads(stack_file_schema())["$defs"]
    return tuple(_rows(definitions["StackSettings"], definitions, ""))


def _rows(section: Mapping[str, Any], definitions: Mapping[str, Any], at: str) -> Iterator[SettingRow]:
    required = section.get("required", ())
    for key, field in section.get("properties", {}).items():
        path = f"{at}{key}"
        kind, below, suffix = _kind(_option(field), definitions)
        option = {**field, **_option(field)}
        default = field.get("default")
        yield SettingRow(
            path=path,
            type=kind,
            required=key in required,
            default="" if default is None else json.dumps(default, ensure_ascii=False),
            description=" ".join(str(field.get("description", "")).split()),
            limits=tuple(_limit(words, option[bound]) for bound, words in _BOUNDS.items() if bound in option),
            choices=_choices(option, definitions),
        )
        if below is not None:
            yield from _rows(below, definitions, f"{path}{suffix}.")


def _limit(words: str, bound: Any) -> str:
    return {"at least 1 characters": "not empty", "at least 1 entries": "not empty"}.get(
        text := words.format(bound), text
    )


def _option(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a field holds where it is there at all."""
    return next((each for each in field.get("anyOf", ()) if each.get("type") != "null"), field)


def _kind(option: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None, str]:
    """Return a field's type in words, the section that it is made of, and what the path of that section adds."""
    section = _section(option, definitions)
    if section is not None:
        return "section", section, ""
    if option.get("type") == "array":
        entries = option.get("items", {})
        section = _section(entries, definitions)
        return ("list of sections", section, "[]") if section else (f"list of {_word(entries, definitions)}", None, "")
    by_name = [*option.get("patternProperties", {}).values(), option.get("additionalProperties")]
    values = next((each for each in by_name if isinstance(each, Mapping)), None)
    if values is not None:
        section = _section(values, definitions)
        return ("sections by name", section, f".{NAME}") if section else ("values by name", None, "")
    return _word(option, definitions), None, ""


def _section(option: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = definitions.get(str(option.get("$ref", "")).rsplit("/", 1)[-1])
    return found if found is not None and "properties" in found else None


def _word(option: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if _choices(option, definitions):
        return "one of the choices"
    kinds = option.get("type", ())
    words = [_WORDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind in _WORDS]
    return " or ".join(words) or "any value"


def _choices(option: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[str, ...]:
    named = definitions.get(str(option.get("$ref", "")).rsplit("/", 1)[-1], {})
    return tuple(str(each) for each in option.get("enum") or named.get("enum") or ())
