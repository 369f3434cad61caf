"""The text of a stack file as an editor needs it: its document, and the line of every path.

What a browser sends is not to be trusted with the process: its size, its depth, and what its aliases would unfold to
are all bounded before anything is built of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from settings.files import StackFileError, parsed_text

MOST_BYTES = 256 * 1024
"""Of a stack file; one with 200 models and all their keys has about 200 KiB."""
MOST_NODES = 100_000
"""Values of a document once every alias is unfolded: nine lines of aliases can stand for a billion."""
MOST_DEPTH = 50
ROOT_LINE = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class StackText:
    """A stack file's text that is YAML."""

    text: str
    document: Mapping[str, Any]
    root: yaml.Node

    def line(self, path: tuple[str, ...], below: str = "") -> int:
        """Return the line of a value: of its key, or of the nearest part around it that is there.

        `path` leads to a section, key by key. `below` is the rest as people write it, `models.fraud.zones[1]`.
        """
        node, line = self.root, ROOT_LINE
        for part in path:
            found = _key(node, part)
            if found is None:
                return line
            line, node = found
        return _line_below(node, below, line)


def stack_text(text: str) -> StackText:
    """Return what the text of a stack file holds. Raises StackFileError with its line where there is one."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise StackFileError(f"a stack file has at most {MOST_BYTES // 1024} KiB", "shorten it")
    roots: list[yaml.Node] = []

    def bounded(root: yaml.Node) -> None:
        _bounded(root)
        roots.append(root)

    try:
        return StackText(text=text, document=parsed_text(text, inspect=bounded), root=roots[0])
    except RecursionError:
        raise StackFileError("values are nested too deeply", f"nest {MOST_DEPTH} levels at most") from None
    except StackFileError:
        raise
    except (ValueError, TypeError, AttributeError, OverflowError) as error:  # a date such as 2026-99-99, an own tag
        raise StackFileError("a value has the form that its kind has", f"put it in quotes ({error})") from None


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of everything in a document that is neither absent nor made of parts.

    Lists of plain values stay whole, because their order is their meaning; empty sections count as values.
    """
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from leaves(part, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value):
        for index, part in enumerate(value):
            yield from leaves(part, f"{at}[{index}]")
    elif value is not None:
        yield at, value


def _bounded(root: yaml.Node) -> None:
    """Refuse a document whose aliases make it endless or huge, or that is nested beyond reason."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        line = node.start_mark.line + 1
        if id(node) in open_nodes:
            raise StackFileError("a value does not contain itself", "remove the alias", line=line)
        if depth > MOST_DEPTH:
            raise StackFileError("values are nested too deeply", f"nest {MOST_DEPTH} levels at most", line=line)
        if id(node) not in sizes:
            open_nodes.add(id(node))
            sizes[id(node)] = 1 + sum(size(part, depth + 1) for part in _parts(node))
            open_nodes.discard(id(node))
            if sizes[id(node)] > MOST_NODES:
                raise StackFileError(f"a stack file has at most {MOST_NODES} values", "remove aliases", line=line)
        return sizes[id(node)]

    size(root, 0)


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _key(node: yaml.Node, name: str) -> tuple[int, yaml.Node] | None:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value == name:
            return key.start_mark.line + 1, value
    return None


def _line_below(node: yaml.Node, path: str, line: int) -> int:
    if not path:
        return line
    for place, part, rest in _steps(node, path):
        return _line_below(part, rest, place)
    return line


def _steps(node: yaml.Node, path: str) -> Iterator[tuple[int, yaml.Node, str]]:
    """Yield line, value and remaining path of the part of `node` that `path` begins with; longest key first."""
    if isinstance(node, yaml.SequenceNode) and path.startswith("["):
        number, _, rest = path[1:].partition("]")
        if number.isdigit() and int(number) < len(node.value):
            part = node.value[int(number)]
            yield part.start_mark.line + 1, part, rest.removeprefix(".")
    if isinstance(node, yaml.MappingNode):
        keys = [(key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
        for key, value in sorted(keys, key=lambda each: len(each[0].value), reverse=True):
            rest = path.removeprefix(key.value)
            if path.startswith(key.value) and (not rest or rest[0] in ".["):  # a tag's key may hold dots itself
                yield key.start_mark.line + 1, value, rest.removeprefix(".")
