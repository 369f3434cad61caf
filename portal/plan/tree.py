"""The resources of a plan as a tree: what changes stays in sight, what does not can be folded away."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from portal.events import PropertyChange
from portal.plan.resources import Planned, short_type


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A resource or component, with what is in it."""

    urn: str
    name: str
    type: str
    """The short type, s3:Bucket."""
    operation: str
    changes: tuple[PropertyChange, ...]
    replacing: tuple[str, ...]
    """Properties that make a replacement necessary."""
    protected: bool
    changed: int
    """Resources that change here and below; zero: nothing to see, fold it."""
    children: tuple["Node", ...]


def counts(planned: Iterable[Planned]) -> dict[str, int]:
    """Return how many resources each operation concerns, by the operation's name."""
    return dict(sorted(Counter(each.operation for each in planned).items()))


def tree(planned: Iterable[Planned]) -> tuple[Node, ...]:
    """Return the roots, and below each what names it as its parent.

    A resource whose parent is not in the plan is a root, and so is the first of those that name each other in a circle.
    """
    by_urn = {each.urn: each for each in planned}
    children: dict[str, list[Planned]] = {}
    roots = []
    for each in by_urn.values():
        if each.parent in by_urn and each.parent != each.urn:
            children.setdefault(each.parent, []).append(each)
        else:
            roots.append(each)
    placed: set[str] = set()
    found = [_node(root, children, placed) for root in _in_order(roots)]
    found += [_node(each, children, placed) for each in by_urn.values() if each.urn not in placed]
    return tuple(found)


def _node(one: Planned, children: dict[str, list[Planned]], placed: set[str]) -> Node:
    placed.add(one.urn)
    below = tuple(
        _node(each, children, placed) for each in _in_order(children.get(one.urn, ())) if each.urn not in placed
    )
    return Node(
        urn=one.urn,
        name=one.name,
        type=short_type(one.type),
        operation=one.operation,
        changes=one.changes,
        replacing=one.replacing,
        protected=one.protected,
        changed=one.changed + sum(node.changed for node in below),
        children=below,
    )


def _in_order(planned: Iterable[Planned]) -> list[Planned]:
    return sorted(planned, key=lambda each: (each.name, each.type, each.urn))
