"""Pulumi's property paths, and the inputs as they were before the changes that a preview reports.

A preview gives a resource's new inputs and, for each property that differs, its old value. What a resource was (and
cost) before is put together again from both.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.events import PropertyChange

Path = tuple[str | int, ...]

_PLAIN = re.compile(r"[A-Za-z_$][\w$]*")
_PART = re.compile(r'\["((?:\\"|[^"])*)"\]|\[(\d+)\]|\.?([^.\[\]"]+)')


class PathError(ValueError):
    """A text is no property path, or does not fit the value it should lead into."""


def parse_path(text: str) -> Path:
    """Return the parts of a path such as rules[0].ports["x y"]: texts are keys, numbers are places in a list.

    Only a quotation mark is escaped within quotes, as in Pulumi's sdk/go/common/resource/property_path.go.
    """
    parts: list[str | int] = []
    place = 0
    while place < len(text):
        found = _PART.match(text, place)
        if found is None or (place == 0 and text.startswith(".")):
            raise PathError(f"{text!r}: {text[place:]!r} is no part of a property path such as rules[0].port")
        quoted, index, key = found.groups()
        if key is not None and place and not found[0].startswith("."):
            raise PathError(f"{text!r}: a point is missing before {key!r}")
        parts.append(int(index) if index is not None else key if key is not None else quoted.replace('\\"', '"'))
        place = found.end()
    if not parts:
        raise PathError("a property path is not empty")
    return tuple(parts)


def format_path(parts: Iterable[str | int]) -> str:
    """Return a path as Pulumi writes it: the other way round of `parse_path`."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += '["' + part.replace('"', '\\"') + '"]'
    return text


@dataclass(slots=True)
class _Place:
    """What changed at a place, or below it."""

    change: PropertyChange | None = None
    below: dict[str | int, "_Place"] = field(default_factory=dict)


def old_inputs(new: Mapping[str, Any], changes: Iterable[PropertyChange]) -> dict[str, Any]:
    """Return the inputs before `changes` made them `new`. Raises `PathError` for changes that do not fit.

    Places of list elements that were added count in the new list, of those that were deleted in the old one. So it is
    for Pulumi's own diff, which compares place by place, and for a provider's diff of sets.
    """
    root = _Place()
    for change in changes:
        at = root
        for part in parse_path(change.path):
            at = at.below.setdefault(part, _Place())
        at.change = change
    before = _before(dict(new), root, "")
    if not isinstance(before, dict):
        raise PathError("a resource's inputs are an object, and the changes are those of a list")
    return before


def _before(new: Any, place: _Place, where: str) -> Any:
    if all(isinstance(part, int) for part in place.below):
        return _list_before(new, {int(part): at for part, at in place.below.items()}, where)
    if new is not None and not isinstance(new, Mapping):
        raise PathError(f"{where}: has parts in a change, and is {type(new).__name__} in the inputs")
    before = dict(new or {})
    for part, at in place.below.items():
        if not isinstance(part, str):
            raise PathError(f"{where}: is a list in one change and an object in another")
        if at.change is None:
            before[part] = _before(before.get(part), at, f"{where}.{part}")
        elif at.change.kind == "add":
            before.pop(part, None)
        else:
            before[part] = at.change.old
    return before


def _list_before(new: Any, places: Mapping[int, _Place], where: str) -> Any:
    if not places:
        return new
    if new is not None and not isinstance(new, list | tuple):
        raise PathError(f"{where}: is a list in a change, and {type(new).__name__} in the inputs")
    before = list(new or ())
    within = {index: at for index, at in places.items() if at.change is None and index < len(before)}
    for index, at in within.items():
        before[index] = _before(before[index], at, f"{where}[{index}]")
    gone = {index: at for index, at in places.items() if index not in within}
    for index in sorted(gone, reverse=True):
        change = gone[index].change
        if change is not None and change.kind != "delete" and index < len(before):
            del before[index]
    for index, at in sorted(gone.items()):
        if at.change is None:
            before.insert(index, _before(None, at, f"{where}[{index}]"))
        elif at.change.kind != "add":
            before.insert(index, at.change.old)
    return before
