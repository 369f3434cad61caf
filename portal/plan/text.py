"""A plan as the text of a pull request's comment: what a reviewer must know first, within GitHub's limit."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.costs.model import CostDelta, CostLine
from portal.plan.gate import GateChange
from portal.plan.markdown import code, prose, shortened
from portal.plan.pipelines import ArgumentChange, PipelineDiff, StepChange
from portal.plan.resources import short_type
from portal.plan.tree import Node
from portal.plan.view import PlanView

GITHUB_LIMIT = 65_536
"""Characters of a comment: GitHub's API answers "body is too long (maximum is 65536 characters)"."""
LEAST_LIMIT = 2_000
_VALUE = 80
_NAMES = 5
_ORDER = ("create", "update", "replace", "delete", "import", "read", "refresh", "same")


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    importance: int
    """Where not everything fits, the section with the least number is filled first."""
    lines: tuple[str, ...]


def plan_text(view: PlanView, *, title: str = "Preview", limit: int = GITHUB_LIMIT) -> str:
    """Return a plan as markdown of at most `limit` characters; what does not fit is left out, and said to be."""
    if limit < LEAST_LIMIT:
        raise ValueError(f"limit {limit}: at least {LEAST_LIMIT}, for the headline and what was left out")
    head = f"## {prose(title, 200)}\n\n{_headline(view)}\n"
    sections = (
        _Section("Read this first", 1, tuple(f"- {prose(one.sentence)}" for one in view.dangers)),
        _Section("Gate", 2, tuple(_gate(view))),
        _Section("Pipelines", 5, tuple(_pipelines(view))),
        _Section("Policy findings", 3, tuple(_findings(view))),
        _Section("Cost", 4, tuple(_cost(view.cost))),
        _Section("Resources", 6, tuple(line for node in view.tree for line in _resources(node, 0))),
    )
    return _fitted(head, [section for section in sections if section.lines], limit)


def _fitted(head: str, sections: list[_Section], limit: int) -> str:
    """Fill the sections by importance; each keeps its title, and room to say what is left out."""
    frames = {section.title: f"\n### {section.title}\n\n" for section in sections}
    room = limit - len(head) - sum(len(frame) + len(_left_out(10**9)) for frame in frames.values())
    bodies: dict[str, str] = {}
    for section in sorted(sections, key=lambda section: section.importance):
        body = ""
        for place, line in enumerate(section.lines):
            if len(line) + 1 > room:
                body += _left_out(len(section.lines) - place)
                break
            body += f"{line}\n"
            room -= len(line) + 1
        bodies[section.title] = body
    return head + "".join(frames[section.title] + bodies[section.title] for section in sections)


def _left_out(lines: int) -> str:
    return f"\n*{lines} more lines are left out here: the comment would be too long. The preview has them.*\n"


def _headline(view: PlanView) -> str:
    counts = {**dict.fromkeys(_ORDER, 0), **view.counts}
    changes = ", ".join(f"**{count} {name}**" for name, count in counts.items() if count and name != "same")
    same = f"{counts['same']} stay as they are" if counts["same"] else ""
    parts = [part for part in (changes or "No changes", same) if part]
    said = "; ".join(parts) + "."
    if view.blocked:
        said += " **A policy keeps this from being applied.**"
    if view.weakens_gate:
        said += " **A model would have to pass less than before.**"
    return said


def _gate(view: PlanView) -> Iterator[str]:
    for diff in view.pipelines:
        for change in diff.gate:
            yield f"- {prose(diff.name, 120)}, {_gate_change(change)}"


def _gate_change(change: GateChange) -> str:
    before, after = (_or_absent(value) for value in (change.before, change.after))
    weaker = " **(asks for less)**" if change.weaker else ""
    return f"{prose(change.step, 120)}: {prose(change.subject, 120)} {before} → {after}{weaker}"


def _or_absent(value: str | None) -> str:
    return "none" if value is None else code(value)


def _findings(view: PlanView) -> Iterator[str]:
    for group in view.findings:
        for one in group.items:
            about = f" ({code(one.name)})" if one.name else ""
            yield f"- **{prose(group.level)}** {prose(one.policy, 120)}{about}: {prose(one.message)}"


def _pipelines(view: PlanView) -> Iterator[str]:
    for diff in view.pipelines:
        yield f"- {prose(diff.name, 120)} ({diff.operation}){': ' + prose(diff.unreadable) if diff.unreadable else ''}"
        yield from (f"  - {line}" for line in _pipeline(diff))


def _pipeline(diff: PipelineDiff) -> Iterator[str]:
    for word, names in (("added", diff.steps_added), ("removed", diff.steps_removed)):
        if names:
            yield f"steps {word}: {', '.join(prose(name, 120) for name in names)}"
    for word, edges in (("added", diff.edges_added), ("removed", diff.edges_removed)):
        if edges:
            listed = ", ".join(f"{prose(e.source, 120)} → {prose(e.target, 120)} ({e.kind})" for e in edges)
            yield f"order {word}: {shortened(listed, 1_000)}"
    for step in diff.steps_changed:
        yield from _changed(f"step {prose(step.name, 120)}", step)
    for word, names in (("added", diff.parameters_added), ("removed", diff.parameters_removed)):
        if names:
            yield f"parameters {word}: {', '.join(prose(name, 120) for name in names)}"
    for parameter in diff.parameters_changed:
        yield from _changed(f"parameter {prose(parameter.name, 120)}", parameter)


def _changed(what: str, one: StepChange) -> Iterator[str]:
    yield from (f"{what}: {_argument(change)}" for change in one.changes)


def _argument(change: ArgumentChange) -> str:
    return f"{code(change.path)} {_value(change.old)} → {_value(change.new)}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return code(value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str), _VALUE)


def _cost(cost: CostDelta) -> Iterator[str]:
    money = cost.currency
    partly = "" if cost.complete else ", of what has a price"
    yield (
        f"Standing cost each month{partly}: {money} {cost.before:,} → {money} {cost.after:,} "
        f"(**{money} {cost.delta:+,}**), by list prices of {cost.as_of} for {prose(cost.region)}."
    )
    yield f"{prose(cost.source)}"
    yield ""
    yield from _cost_lines(cost)
    for one in cost.unpriced:
        yield f"- {code(one.name)} is in no sum: {prose(one.reason)}"
    used = [use for use in cost.usage if use.changed]
    for use in used:
        prices = "; ".join(
            f"{each.meaning}: {money} {each.price:f}" if each.price is not None else f"{each.meaning}: no price"
            for each in use.unit_prices
        )
        about = f" ({prose(prices)})" if prices else ""
        yield f"- by use, not in the figure: {code(use.type)} {use.before} → {use.after}, {prose(use.what)}{about}"
        yield from (f"  - {prose(detail)}" for detail in use.details)


def _cost_lines(cost: CostDelta) -> Iterator[str]:
    """One line for all that change alike: a reader of fifteen equal endpoints needs their sum."""
    alike: dict[tuple[str, Decimal, str], list[CostLine]] = {}
    for line in cost.lines:
        if line.delta:
            alike.setdefault((line.type, line.delta, line.reason), []).append(line)
    for lines in alike.values():
        listed = ", ".join(code(line.name, 80) for line in lines[:_NAMES])
        more = f" and {len(lines) - _NAMES} more" if len(lines) > _NAMES else ""
        delta = sum((line.delta for line in lines), Decimal(0))
        each = f"{len(lines)} {short_type(lines[0].type)}, each " if len(lines) > 1 else ""
        yield f"- {cost.currency} {delta:+,}: {each}{prose(lines[0].reason)} ({listed}{more})"


def _resources(node: Node, depth: int) -> Iterator[str]:
    if not node.changed:
        return
    protected = ", protected" if node.protected else ""
    operation = f"**{node.operation}**" if node.operation != "same" else "same"
    replacing = f" because of {', '.join(code(name) for name in node.replacing)}" if node.replacing else ""
    yield f"{'  ' * min(depth, 8)}- {operation} {code(node.type)} {code(node.name)}{replacing}{protected}"
    for change in node.changes:
        yield f"{'  ' * (min(depth, 8) + 1)}- {code(change.path)} {_value(change.old)} → {_value(change.new)}"
    for child in node.children:
        yield from _resources(child, depth + 1)
