"""`mlops portal …`: operations on a stack, from the preview to the deployment, and what puts a stack right again."""

from pathlib import Path
from typing import Annotated

import typer

from local import console
from local.commands_portal_base import (
    Identity,
    Json,
    Stack,
    Wait,
    Why,
    client,
    emit,
    group,
    operate,
    printable,
    row,
    say,
    table,
    when,
)

AFTER_PREVIEW = "what it means: mlops portal plan {id}"
AFTER_DESTROY = "nothing is removed yet; once it is approved: mlops portal up {id}"


def add_to(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (preview, plan, approve, reject, up, refresh, destroy, repair, watch, cancel):
        app.command()(verb)
    drift = group("drift", "What differs between a stack's state and its cloud.")
    drift.command("check")(check_drift)
    drift.command("show")(show_drift)
    app.add_typer(drift)


def preview(
    stack: Stack,
    why: Why = "",
    draft: Annotated[
        Path | None,
        typer.Option("--draft", exists=True, dir_okay=False, help="A stack file that is not saved in the project."),
    ] = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Ask what `up` would do."""
    text = draft.read_text(encoding="utf-8") if draft else None
    operate(lambda portal: portal.preview(stack, why, text), wait=wait, json=json, then=AFTER_PREVIEW)


def plan(
    operation: Identity,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print markdown, as for a comment on a pull request.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what a preview means: counts, dangers, gate, pipelines, findings, cost, resources."""
    from rich.markdown import Markdown

    from portal.plan.text import plan_text

    with client(json) as portal:
        record = portal.operation(operation)
        view = portal.plan(operation)
    if json:
        console.emit(view.to_json())
        return
    text = plan_text(view, title=f"{record.kind.value} of {record.stack}")
    if markdown:
        typer.echo(text)
    else:
        text = printable(text).replace("\N{ZERO WIDTH SPACE}", "")  # which keeps GitHub from making links
        console.out().print(Markdown(text, hyperlinks=False))


def approve(preview: Identity, comment: Annotated[str, typer.Option("--comment")] = "", json: Json = False) -> None:
    """Approve a preview: exactly what it showed."""
    _decide(preview, approved=True, comment=comment, json=json)


def reject(preview: Identity, comment: Annotated[str, typer.Option("--comment")] = "", json: Json = False) -> None:
    """Reject a preview; it cannot be carried out any more."""
    _decide(preview, approved=False, comment=comment, json=json)


def up(preview: Identity, why: Why = "", wait: Wait = True, json: Json = False) -> None:
    """Carry out an approved preview, of a destroy too, and only exactly that."""
    operate(lambda portal: portal.up(preview, why), wait=wait, json=json)


def refresh(stack: Stack, why: Why = "", wait: Wait = True, json: Json = False) -> None:
    """Read a stack's resources from the cloud into its state; changes no resource."""
    operate(lambda portal: portal.look("refresh", stack, why), wait=wait, json=json)


def destroy(stack: Stack, why: Why = "", wait: Wait = True, json: Json = False) -> None:
    """Preview the removal of a stack; `up` carries it out after its approvals."""
    operate(lambda portal: portal.look("preview_destroy", stack, why), wait=wait, json=json, then=AFTER_DESTROY)


def repair(
    stack: Stack,
    step: Annotated[str, typer.Argument(help="unlock, refresh or clear_pending, as an outcome offered.")],
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="You looked in AWS at what is pending; clear_pending asks for it.")
    ] = False,
    why: Why = "",
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Do one of the repairs that an outcome offers."""
    from portal.outcomes import RepairStep

    try:
        wanted = RepairStep(step.replace("-", "_"))
    except ValueError:
        console.fail(f"{step!r} is no repair. The repairs are: {', '.join(RepairStep)}.", as_json=json)
    operate(lambda portal: portal.repair(stack, wanted, confirmed=confirmed, why=why), wait=wait, json=json)


def watch(operation: Identity, json: Json = False) -> None:
    """Show an operation's events from its beginning until it has ended."""
    operate(lambda portal: portal.operation(operation), wait=True, json=json)


def cancel(operation: Identity, json: Json = False) -> None:
    """Have an operation end in good order."""
    operate(lambda portal: portal.cancel(operation), wait=False, json=json)


def check_drift(stack: Stack, why: Why = "", wait: Wait = True, json: Json = False) -> None:
    """Compare a stack's state with its cloud now; changes neither."""
    operate(lambda portal: portal.look("drift", stack, why), wait=wait, json=json)


def show_drift(
    stack: Annotated[str | None, typer.Argument(help="Stack, such as dev; all where none is named.")] = None,
    json: Json = False,
) -> None:
    """Show what the last checks found, and when the next ones are due."""
    with client(json) as portal:
        found = tuple(each for each in portal.drift() if stack in (None, each.stack))
    if stack is not None and not found:
        console.fail(f"{stack}: the portal has no such stack that you may see.", as_json=json)
    if json:
        emit(found)
        return
    made = table("stack", "drift", "last check", "~next")
    for each in found:
        state = "never checked" if each.last is None else each.state.value
        if each.state.value == "drifted":
            state += f" ({len(each.resources)}){', changed since' if each.outdated else ''}"
        due = when(each.due) or ("after the first up" if each.every_hours else "on demand only")
        row(made, each.stack, state, when(each.last.ended if each.last else None), due)
    console.out().print(made)
    for each in found:
        for one in each.resources:
            what = "is gone" if one.operation == "delete" else "differs"
            say(f"{each.stack}: {one.type} {one.name} {what}", *(f"; {change.path}" for change in one.changes))


def _decide(preview: str, *, approved: bool, comment: str, json: bool) -> None:
    with client(json) as portal:
        record = portal.decide(preview, approved=approved, comment=comment)
        state = portal.approvals(preview)
    if json:
        emit(record)
        return
    say(f"{'approved' if approved else 'rejected'}: {preview}")
    say("ready to be deployed" if state.ready else state.why_not_ready)
