"""Lay a preview out for a terminal."""

import json
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from local.dag import Step, steps_of
from local.preview import Difference, Node, Preview
from pipeline_defs.settings import PipelineDefinition
from settings import Model, StackSettings

if TYPE_CHECKING:
    from policy.judge import Report


def render(console: Console, shown: Preview, *, tree: bool = True, full: bool = False) -> None:
    """Print the stack's tree, unless `tree` is off, and its pipelines. `full` names every resource."""
    settings = shown.settings
    console.print(
        f"[bold]{shown.stack}[/]: {sum(shown.counts.values())} resources in account {settings.account}, "
        f"{settings.region}, for {settings.organisation}/{settings.unit}"
    )
    if tree:
        trunk = Tree(f"[bold]{shown.stack}[/]", guide_style="dim")
        for child in shown.root.children:
            _grow(trunk, child, "", full=full)
        console.print(trunk)
    for notice in settings.notices:
        console.print(f"[yellow]notice[/]  {notice}", highlight=False)
    for model, definition in shown.definitions.items():
        _pipeline(console, settings.models[model], model, steps_of(definition))
    render_policy(console, shown.policy)


def render_policy(console: Console, report: "Report") -> None:
    """Print which rules of the policy pack are broken, by what, and how to mend it; one line where none is."""
    excused = f", {len(report.excused)} excused (policy/suppressions.yaml)" if report.excused else ""
    mark = f"[red]{len(report.findings)} broken rules[/]" if report.findings else "[green]no rule broken[/]"
    console.print(f"\n[bold]Policy[/]: {mark}{excused}", highlight=False)
    for finding in report.findings:
        console.print(f"  [red]{finding.rule}[/]  [bold]{escape(finding.resource)}[/]", highlight=False)
        console.print(f"    {escape(finding.message)}", highlight=False)
        console.print(f"    [dim]fix:[/] {escape(finding.fix)}", highlight=False)
    if report.unjudged:
        resources = len({one.resource for one in report.unjudged})
        console.print(f"  [yellow]{resources} resources hold values that only the update shows; it judges them then[/]")


def render_difference(console: Console, here: Preview, there: Preview, difference: Difference) -> None:
    """Print how `here` differs from `there`: settings side by side, then what only one of the two has."""
    console.print()
    table = Table(title=f"Settings that differ: {here.stack} against {there.stack}", title_justify="left", box=None)
    table.add_column("setting", style="bold", no_wrap=True)
    table.add_column(here.stack, overflow="fold")
    table.add_column(there.stack, overflow="fold")
    for path, ours, theirs in difference.settings:
        table.add_row(path, _value(ours), _value(theirs))
    console.print(table)
    for stack, resources in ((here.stack, difference.only_here), (there.stack, difference.only_there)):
        console.print(f"[bold]Only in {stack}:[/] {len(resources) or 'nothing'}")
        for kind, name in resources:
            console.print(f"  {kind}  [dim]{name}[/]", highlight=False)


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "[dim]not set[/]" if value is None else str(value)


def _grow(tree: Tree, node: Node, parent: str, *, full: bool) -> None:
    name = node.name.removeprefix(parent).strip("-")
    branch = tree.add(f"[cyan]{node.type}[/] {name}  [dim]{node.count()}[/]")
    leaves = [child for child in node.children if not child.is_component]
    if full:
        for leaf in leaves:
            mark = " [yellow]protected[/]" if leaf.protected else ""
            branch.add(f"{leaf.type} [dim]{leaf.name.removeprefix(node.name).strip('-')}[/]{mark}", highlight=False)
    elif leaves:
        branch.add(f"[dim]{_summary(leaves)}[/]", highlight=False)
    for child in node.children:
        if child.is_component:
            _grow(branch, child, node.name, full=full)


def _summary(leaves: list[Node]) -> str:
    """`VpcEndpoint 16, Subnet 6, Vpc`: the most frequent first."""
    counts = Counter(leaf.type.split(":")[1] for leaf in leaves)
    return ", ".join(f"{kind} {count}" if count > 1 else kind for kind, count in counts.most_common())


def _triggers(model: Model) -> list[str]:
    schedule = [f"{model.schedule} UTC"] if model.schedule else []
    return [*schedule, *(["on new data"] if model.start_on_new_data else []), "on demand"]


def render_definition(console: Console, settings: StackSettings, model: str, definition: PipelineDefinition) -> None:
    """Print a pipeline's parameters and steps, and how large and which the definition is."""
    document = json.loads(definition.text)
    console.print(
        f"[bold]{settings.names.pipeline(model)}[/]: {len(definition.text):,} characters, {definition.sha256[:12]}",
        highlight=False,
    )
    console.print("\n[bold]Parameters[/] that a run may set")
    for parameter in document["Parameters"]:
        console.print(
            f"  {parameter['Name']} [dim]{parameter['Type']}[/] {parameter.get('DefaultValue', '')}", highlight=False
        )
    _pipeline(console, settings.models[model], model, steps_of(definition.text))
    console.print("\n[dim]--json prints the whole definition.[/]")


def _pipeline(console: Console, chosen: Model, model: str, steps: list[Step]) -> None:
    console.print(
        f"\n[bold]{model}[/]: {', '.join(_triggers(chosen))}; {chosen.approval.value} approval",
        highlight=False,
    )
    for step in steps:
        mark = {"if": "[green]yes →[/] ", "else": "[red]no  →[/] "}.get(step.branch or "", "")
        reads = f" [dim]after {', '.join(step.after)}[/]" if step.after and not step.branch else ""
        console.print(f"{'  ' * (step.level + 1)}{mark}[bold]{step.name}[/] {step.detail}{reads}", highlight=False)
