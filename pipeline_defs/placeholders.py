"""Stand-ins for ids that exist only after creation, and the pure function that fills them in."""

import json
from collections.abc import Mapping, Sequence

from pipeline_defs.settings import canonical

SUBNETS = "PLACEHOLDER-SUBNETS"
SECURITY_GROUPS = "PLACEHOLDER-SECURITY-GROUPS"
KEY_ARN = "PLACEHOLDER-KEY-ARN"

LISTS = frozenset({SUBNETS, SECURITY_GROUPS})
"""Placeholders that stand for a whole list: `[SUBNETS]` becomes the list of subnet ids."""

MARK = "PLACEHOLDER-"
"""What every placeholder starts with; no text of ours holds it otherwise, so a leftover is always found."""


def fill(text: str, values: Mapping[str, str | Sequence[str]]) -> str:
    """Put real ids into a definition and return it as canonical JSON.

    Works on the parsed document, so no value can break the quoting. Raises ValueError for a placeholder that is left
    without a value, and for a value that is empty or of the wrong kind.
    """
    for name, value in values.items():
        _check(name, value)
    return canonical(_fill(json.loads(text), values, "$"))


def _check(name: str, value: str | Sequence[str]) -> None:
    if name in LISTS:
        if isinstance(value, str) or not value or not all(value):
            raise ValueError(f"{name}: {value!r} must be a list of at least one id")
    elif not isinstance(value, str) or not value:
        raise ValueError(f"{name}: {value!r} must be a text that is not empty")


def _fill(node: object, values: Mapping[str, str | Sequence[str]], path: str) -> object:
    if isinstance(node, dict):
        return {key: _fill(child, values, f"{path}.{key}") for key, child in node.items()}
    if isinstance(node, list):
        if len(node) == 1 and isinstance(node[0], str) and node[0] in LISTS and node[0] in values:
            return list(values[node[0]])
        return [_fill(child, values, f"{path}[{index}]") for index, child in enumerate(node)]
    if isinstance(node, str) and MARK in node:
        return _fill_text(node, values, path)
    return node


def _fill_text(text: str, values: Mapping[str, str | Sequence[str]], path: str) -> str:
    for name, value in values.items():
        if isinstance(value, str) and name in text:
            text = text.replace(name, value)
    if MARK in text:
        raise ValueError(
            f"{path}: {text!r} still holds a placeholder: pass a value for it to fill() (it got {sorted(values)})"
        )
    return text
