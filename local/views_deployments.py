"""Deployments, rollbacks and replays for people. Every function returns something that rich can print."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from contracts.delivery_config import Kind
from contracts.delivery_events import version_parts
from contracts.desired_state import Deployment
from local.views import moment
from local.views_models import facts, followed, new_table, state, version_of, who
from operations.deployments import Asked, ModelDeployments
from operations.removal import Removed, listing
from operations.replay import Message, Replayed


def deployments(stack: str, found: Sequence[ModelDeployments]) -> RenderableType:
    """Return the endpoints of a stack and their history."""
    if not found:
        return Text(f"Stack {stack} delivers no model: none of its models has a section `delivery`.", "dim")
    parts: list[RenderableType] = []
    for model in found:
        parts += [_heading(stack, model), _endpoint(model)]
        parts += [Padding(_history(model.history), (0, 0, 0, 2)), Text()]
    return Group(*parts[:-1])


def _heading(stack: str, model: ModelDeployments) -> RenderableType:
    name = (model.model, "bold")
    if model.delivery is not None:
        return Text.assemble(
            name, (f"  {model.delivery.kind.value}, deployed by the {model.delivery.owner.value}", "dim")
        )
    advice = f"  mlops deployments remove {stack} {model.model}"
    return Group(Text.assemble(name, ("  orphan: no longer in the stack's settings", "red")), Text(advice, "dim"))


def _endpoint(model: ModelDeployments) -> RenderableType:
    desired = model.desired
    wanted = Text("nothing was asked for", "dim")
    if desired is not None:
        number = version_parts(desired.version_arn).version
        wanted = Text.assemble(f"version {number}, ", state(desired.state.value), f" {moment(desired.updated_at)}")
    if model.endpoint is None:
        batches = model.delivery is not None and model.delivery.kind is Kind.BATCH
        runs = Text("batches, no endpoint" if batches else "no endpoint", "dim")
    else:
        number_text = f"version {model.runs}" if model.runs is not None else "a version unknown here"
        runs = Text.assemble(f"{number_text}, endpoint ", state(model.endpoint.status))
        if model.endpoint.reason:
            runs.append(f": {model.endpoint.reason}", "red")
    lines: list[tuple[str, str | Text | None]] = [
        ("  wanted", wanted),
        ("  why", desired.detail if desired and desired.detail else None),
        ("  runs", runs),
        ("  endpoint", model.endpoint.name if model.endpoint else None),
    ]
    if model.astray:
        lines.append(("  astray", Text("it runs another config than the verified one: somebody changed it", "red")))
    return facts(*lines)


def _history(history: Sequence[Deployment]) -> RenderableType:
    if not history:
        return Text("no deployment yet", "dim")
    table = new_table(">version", "state", "asked", "by")
    table.add_column("why", overflow="fold", style="dim")
    for each in history:
        why = each.reason + (f"; {each.detail}" if each.detail else "")
        number = str(version_parts(each.version_arn).version)
        table.add_row(number, state(each.state.value), moment(each.opened_at), who(each.requested_by)[:20], why)
    return table


def removed(stack: str, found: Removed) -> RenderableType:
    """Return what a removal deleted."""
    gone = [Text(f"  {line}", "dim") for line in listing(found)]
    head = Text(f"{found.model} in {stack}: {'removed' if gone else 'there was nothing left to remove'}.")
    kept = Text("Its versions and files stay, and so does its history." if found.recorded else "Its versions stay.")
    return Group(head, *gone, kept)


def asked(stack: str, found: Asked, *, local: bool, heard: Sequence[str], unheard: Sequence[str]) -> RenderableType:
    """Return what asking for a rollback changed and what followed."""
    before = f" in place of version {found.before}" if found.before not in (None, found.version) else ""
    parts: list[RenderableType] = [Text(f"{found.model} in {stack}: version {found.version} is wanted{before}.")]
    if not found.recorded:
        parts = [
            Text(f"{found.model} in {stack}: version {found.version} was asked for already; told the function again.")
        ]
    if found.superseded is not None:
        parts.append(Text(f"The deployment of version {found.superseded} was under way and ends with this.", "yellow"))
    if local:
        return Group(*parts, *followed(heard, unheard))
    return Group(*parts, Text(f"It is deployed and verified as always: mlops deployments list {stack}", "dim"))


def _way(message: Message) -> str:
    """Return from which rule to which target an event was on its way, by their names; empty where it arrived."""
    names = [arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1] for arn in (message.rule, message.target) if arn]
    return " → ".join(names)


def replayed(
    stack: str, found: Sequence[Replayed], *, dry_run: bool, heard: Sequence[str], unheard: Sequence[str]
) -> RenderableType:
    """Return what waits, or what was given to the functions again."""
    parts: list[RenderableType] = []
    for queue in found:
        count = len(queue.messages)
        line = "nothing waits" if not count else f"{count} event(s)"
        parts.append(Text.assemble((queue.function, "bold"), f"  {line}", (f"  {queue.queue}", "dim")))
        for message in queue.messages:
            mark = {"replayed": ("✓ replayed", "green"), "kept": ("✗ kept", "red")}.get(
                message.outcome, ("· waits", "dim")
            )
            where = version_of(message.about) if message.about else ""
            parts.append(
                Padding(Text.assemble(mark, f"  {message.what} ", (moment(message.time), "dim")), (0, 0, 0, 2))
            )
            way = _way(message)
            for words, style in ((where, ""), (way, ""), (message.error, "dim"), (message.why, "red")):
                if words:
                    parts.append(Padding(Text(words, style, overflow="fold"), (0, 0, 0, 4)))
        if queue.hidden:
            parts.append(Text(f"  {queue.hidden} message(s) show up again within minutes", "yellow"))
    if dry_run and any(queue.messages for queue in found):
        parts += [Text(), Text(f"Give them to the functions again with: mlops replay {stack}", "dim")]
    return Group(*parts, *(followed(heard, unheard) if heard or unheard else []))
