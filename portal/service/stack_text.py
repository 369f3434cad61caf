"""The text of a stack file as an editor needs it: its document, and the line of every path.

What a browser sends is not to be trusted with the process: its size, its depth, and what its aliases would unfold to
are all bounded before anything is built of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from portal.service.stack_nodes import LONGEST_KEY, MOST_DEPTH, bounded
from settings.files import StackFileError, parsed_text

MOST_BYTES = 256 * 1024
"""Of a stack file; one with 200 models and all their keys has about 200 KiB."""
ROOT_LINE = 1
_Keys = dict[str, tuple[int, yaml.Node]]
"""Of a section: the line and the value of each key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StackText:
    """A stack file's text that is YAML."""

    text: str
    document: Mapping[str, Any]
    root: yaml.Node
    _indexed: dict[int, "_Keys"] = field(default_factory=dict, repr=False, compare=False)
    """By the node's id. A file may have thousands of mistakes in one section: its keys are gone through once."""

    def line(self, path: tuple[str, ...], below: str = "") -> int:
        """Return the line of a value: of its key, or of the nearest part around it that is there.

        `path` leads to a section, key by key. `below` is the rest as people write it, `models.fraud.zones[1]`.
        """
        node, line = self.root, ROOT_LINE
        for part in path:
            found = self._keys(node).get(part)
            if found is None:
                return line
            line, node = found
        while below:
            step = self._step(node, below)
            if step is None:
                return line
            line, node, below = step
        return line

    def _step(self, node: yaml.Node, path: str) -> tuple[int, yaml.Node, str] | None:
        """Return line, node and remaining path of the part of `node` that `path` begins with; longest key first."""
        if isinstance(node, yaml.SequenceNode) and path.startswith("["):
            number, _, rest = path[1:].partition("]")
            if number.isdigit() and len(number) < LONGEST_KEY and int(number) < len(node.value):
                part = node.value[int(number)]
                return part.start_mark.line + 1, part, rest.removeprefix(".")
        keys = self._keys(node)
        for end in range(min(len(path), LONGEST_KEY), 0, -1):  # a tag's key may hold dots itself
            if (end == len(path) or path[end] in ".[") and (found := keys.get(path[:end])) is not None:
                return *found, path[end:].removeprefix(".")
        return None

    def _keys(self, node: yaml.Node) -> "_Keys":
        if not isinstance(node, yaml.MappingNode):
            return {}
        if id(node) not in self._indexed:
            self._indexed[id(node)] = {
                key.value: (key.start_mark.line + 1, value)
                for key, value in node.value
                if isinstance(key, yaml.ScalarNode)
            }
        return self._indexed[id(node)]


def stack_text(text: str) -> StackText:
    """Return what the text of a stack file holds. Raises StackFileError with its line where there is one."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise StackFileError(f"a stack file has at most {MOST_BYTES // 1024} KiB", "shorten it")
    roots: list[yaml.Node] = []

    def inspect(root: yaml.Node) -> None:
        bounded(root)
        roots.append(root)

    try:
        return StackText(text=text, document=parsed_text(text, inspect=inspect), root=roots[0])
    except RecursionError:
        raise StackFileError("values are nested too deeply", f"nest {MOST_DEPTH} levels at most") from None
    except StackFileError:
        raise
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:  # such as `!!int many`
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
