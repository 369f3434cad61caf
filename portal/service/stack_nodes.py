"""What the YAML of a stack file may consist of, looked at before anything is built of it.

A few lines can stand for gigabytes: aliases unfold, and every value is told by its path, which repeats the keys above.
So what a document would be once all of it is written out is counted first, each node once.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from settings.files import StackFileError

MOST_NODES = 20_000
"""Keys and values of a document once every alias is unfolded; 200 models with all their keys have some 12,000."""
MOST_CHARACTERS = 2 * 1024 * 1024
"""Of all values and of their paths, written out. What has no aliases stays far below it."""
MOST_DEPTH = 50
LONGEST_KEY = 256
LONGEST_NUMBER = 40
"""Characters. Python refuses to write numbers of some thousand digits, and no setting is one."""
_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(f"{_TAG}{kind}" for kind in ("str", "int", "float", "bool", "null", "merge"))
"""What JSON has too, and the key that merges a section: the engine, the API and the pages all need JSON."""
_FIX = "put it in quotes, so that it is text"


class _Size(NamedTuple):
    """What a node is, written out."""

    nodes: int
    values: int
    """Paths that lead into it."""
    characters: int
    """Of its values, and of the paths to them from the node on."""


def bounded(root: yaml.Node) -> None:
    """Raise StackFileError, with its line, for what is endless, huge, nested beyond reason, or no JSON."""
    sizes: dict[int, _Size] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node, depth: int) -> _Size:
        line = node.start_mark.line + 1
        if id(node) in open_nodes:
            raise StackFileError("a value does not contain itself", "remove the alias", line=line)
        if depth > MOST_DEPTH:
            raise StackFileError("values are nested too deeply", f"nest {MOST_DEPTH} levels at most", line=line)
        if id(node) not in sizes:
            _check_kind(node, line)
            open_nodes.add(id(node))
            found = _sum(node, [(length, size(part, depth + 1)) for length, part in _parts(node)])
            open_nodes.discard(id(node))
            if found.nodes > MOST_NODES:
                raise StackFileError(f"a stack file has at most {MOST_NODES} values", "remove aliases", line=line)
            if found.characters > MOST_CHARACTERS:
                rule = f"values and their paths have at most {MOST_CHARACTERS // 1024**2} MiB with all aliases unfolded"
                raise StackFileError(rule, "remove aliases, or shorten keys", line=line)
            sizes[id(node)] = found
        return sizes[id(node)]

    size(root, 0)


def _sum(node: yaml.Node, parts: list[tuple[int, _Size]]) -> _Size:
    if isinstance(node, yaml.ScalarNode):
        return _Size(1, 1, len(node.value))
    nodes, values, characters = 1, 0, 0
    for key_length, part in parts:
        nodes += part.nodes
        values += part.values if key_length else 0
        characters += part.characters + key_length * part.values
    return _Size(nodes, max(values, 1), characters)


def _parts(node: yaml.Node) -> Iterator[tuple[int, yaml.Node]]:
    """Yield parts, each with the characters that it adds to the paths of what is in it; 0 for a key, in no path."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield 0, key
            yield len(key.value) + 1 if isinstance(key, yaml.ScalarNode) else 1, value
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield len("[10000]"), part


def _check_kind(node: yaml.Node, line: int) -> None:
    if isinstance(node, yaml.MappingNode):
        _check_mapping(node, line)
    elif isinstance(node, yaml.SequenceNode):
        if node.tag != f"{_TAG}seq":
            raise StackFileError("a list has no YAML tag of its own", f"take out {_kind(node)}", line=line)
    elif node.tag not in _SCALARS:
        raise StackFileError(
            f"a value is text, a number, true, false or null, and YAML takes this for {_kind(node)}", _FIX, line=line
        )
    elif node.tag in {f"{_TAG}int", f"{_TAG}float"}:
        if len(node.value) > LONGEST_NUMBER:
            raise StackFileError(f"a number has at most {LONGEST_NUMBER} characters", _FIX, line=line)
        if isinstance(node, yaml.ScalarNode) and node.tag == f"{_TAG}float" and not math.isfinite(_float(node)):
            raise StackFileError("a number is finite", _FIX, line=line)


def _check_mapping(node: yaml.MappingNode, line: int) -> None:
    if node.tag != f"{_TAG}map":
        raise StackFileError("a section has no YAML tag of its own", f"take out {_kind(node)}", line=line)
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and len(key.value) > LONGEST_KEY:
            raise StackFileError(
                f"a key has at most {LONGEST_KEY} characters", "shorten it", line=key.start_mark.line + 1
            )


def _kind(node: yaml.Node) -> str:
    tag: str = node.tag
    return f"!!{tag.removeprefix(_TAG)}"[:LONGEST_NUMBER]


def _float(node: yaml.ScalarNode) -> float:
    number: float = yaml.constructor.SafeConstructor().construct_yaml_float(node)
    return number
