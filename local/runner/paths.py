"""The two small path languages of a definition: `Steps.A.B['c'][0]` in a Get, and the path of a Std:JsonGet."""

import re
from collections.abc import Iterable, Mapping

PART = re.compile(
    r"""\.?(?:(?P<name>[^.\[\]'"]+)|\[(?P<index>\d+)\]|\[(?P<quote>['"])(?P<key>.*?)(?P=quote)\])""", re.DOTALL
)


def parts(path: str) -> list[str | int]:
    """Split a path into member names and list indexes; a leading `$` (JSONPath) means the document itself.

    Raises `ValueError` for text that is no such path.
    """
    text = path.removeprefix("$")
    found: list[str | int] = []
    position = 0
    while position < len(text):
        match = PART.match(text, position)
        if match is None:
            raise ValueError(f"{path!r} is not a path: it goes wrong at character {position + 1}, {text[position:]!r}")
        if match["index"] is not None:
            found.append(int(match["index"]))
        else:
            found.append(match["name"] if match["name"] is not None else match["key"])
        position = match.end()
    return found


def walk(document: object, path: Iterable[str | int], *, where: str) -> object:
    """Return what lies at `path` in `document`.

    Raises `LookupError` that says how far the path led and what there is at that point.
    """
    current, done = document, where
    for part in path:
        if isinstance(current, Mapping) and str(part) in current:
            current = current[str(part)]
        elif isinstance(current, list) and isinstance(part, int) and part < len(current):
            current = current[part]
        else:
            there = (
                f"it has {', '.join(map(str, current)) or 'nothing'}"
                if isinstance(current, Mapping)
                else f"it is a list of {len(current)}"
                if isinstance(current, list)
                else f"it is {current!r}"
            )
            raise LookupError(f"{done} has no {part!r}: {there}")
        done = f"{done}[{part}]" if isinstance(part, int) else f"{done}.{part}"
    return current
