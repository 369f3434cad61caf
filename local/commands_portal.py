"""`mlops portal …`: operate the stacks through a portal, and run one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from local import console
from local.commands_engine import event_line

if TYPE_CHECKING:
    from portal.client import PortalClient
    from portal.records import OperationRecord

URL, TOKEN = "MLOPS_PORTAL_URL", "MLOPS_PORTAL_TOKEN"
Stack = Annotated[str, typer.Argument(help="Stack, such as dev.")]
Identity = Annotated[str, typer.Argument(metavar="OPERATION", help="Id of an operation, as the portal shows it.")]
Why = Annotated[str, typer.Option("--why", help="Reason; stands in the history.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Show events until the operation has ended.")]

app = typer.Typer(
    name="portal",
    help=f"Operate the stacks through a portal ({URL} and {TOKEN} say which, and as whom), or serve one.",
    no_args_is_help=True,
)


def register(root: typer.Typer) -> None:
    """Add the verbs to the command line."""
    root.add_typer(app)


@app.command()
def here(
    port: Annotated[
        int, typer.Option("--port", min=1024, max=65534, help="Of the portal; people log in on the next.")
    ] = 8080,
) -> None:
    """Serve a portal on this machine, for a look: no account, no configuration, fictional people."""
    from local.portal_here import greeting
    from local.portal_here import here as serve_here
    from portal.serve import StartError

    with console.teaching_errors(as_json=False):
        try:
            serve_here(port, lambda url: console.out().print("\n".join(greeting(url)), soft_wrap=True))
        except StartError as error:
            console.fail(str(error), as_json=False)


@app.command()
def serve(
    config: Annotated[
        Path, typer.Option("--config", help="The portal's configuration, as in docs/examples/portal.toml.")
    ],
) -> None:
    """Serve the portal until Ctrl-C or SIGTERM. One process per database carries operations out."""
    from portal.configuration import ConfigurationError
    from portal.serve import StartError
    from portal.serve import serve as served
    from portal.store.errors import StoreError

    try:
        served(config)
    except (ConfigurationError, StartError, StoreError) as error:
        console.fail(str(error), as_json=False)


@app.command()
def stacks(json: Json = False) -> None:
    """List the stacks with their health and last result."""
    with _client(json) as client:
        found = client.stacks()
    if json:
        _emit(found)
        return
    table = Table("stack", "health", "last operation", "by", "waits for approval", box=None, pad_edge=False)
    for stack in found:
        last = stack.last
        ended = f"{last.kind.value} {_end(last)}" if last else "none yet"
        table.add_row(
            stack.name, stack.health.value, ended, last.by_name if last else "", str(len(stack.waiting_for_approval))
        )
    console.out().print(table)


@app.command()
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
    _operate(lambda client: client.preview(stack, why, text), wait=wait, json=json)


@app.command()
def drift(stack: Stack, why: Why = "", wait: Wait = True, json: Json = False) -> None:
    """Compare a stack's state with its cloud; changes neither."""
    _operate(lambda client: client.look("drift", stack, why), wait=wait, json=json)


@app.command("up")
def deploy(preview: Identity, why: Why = "", wait: Wait = True, json: Json = False) -> None:
    """Carry out an approved preview, and only exactly that."""
    _operate(lambda client: client.up(preview, why), wait=wait, json=json)


@app.command()
def approve(preview: Identity, comment: Annotated[str, typer.Option("--comment")] = "", json: Json = False) -> None:
    """Approve a preview: exactly what it showed."""
    _decide(preview, approved=True, comment=comment, json=json)


@app.command()
def reject(preview: Identity, comment: Annotated[str, typer.Option("--comment")] = "", json: Json = False) -> None:
    """Reject a preview; it cannot be carried out any more."""
    _decide(preview, approved=False, comment=comment, json=json)


@app.command()
def watch(operation: Identity, json: Json = False) -> None:
    """Show an operation's events from its beginning until it has ended."""
    _operate(lambda client: client.operation(operation), wait=True, json=json)


@app.command()
def cancel(operation: Identity, json: Json = False) -> None:
    """Have an operation end in good order."""
    _operate(lambda client: client.cancel(operation), wait=False, json=json)


@app.command()
def history(
    stack: Annotated[str | None, typer.Option("--stack")] = None,
    newest: Annotated[int, typer.Option("--newest", min=1, max=200)] = 20,
    json: Json = False,
) -> None:
    """List operations, the newest first: who, what, when, why, and how it ended."""
    with _client(json) as client:
        found = client.history(stack=stack, limit=newest)
    if json:
        _emit(found)
        return
    table = Table("when (UTC)", "stack", "operation", "end", "by", "why", "id", box=None, pad_edge=False)
    for one in found.items:
        table.add_row(
            f"{one.created:%Y-%m-%d %H:%M}", one.stack, one.kind.value, _end(one), one.by_name, one.why, one.id
        )
    console.out().print(table)


def _decide(preview: str, *, approved: bool, comment: str, json: bool) -> None:
    with _client(json) as client:
        record = client.decide(preview, approved=approved, comment=comment)
        state = client.approvals(preview)
    if json:
        _emit(record)
        return
    said = "approved" if approved else "rejected"
    console.out().print(f"{said}: {preview}")
    console.out().print("ready to be deployed" if state.ready else state.why_not_ready, soft_wrap=True)


def _operate(begin: Any, *, wait: bool, json: bool) -> None:
    """Start or find an operation, show it to its end where that is wanted, and leave with what it came to."""
    with _client(json) as client:
        record: OperationRecord = begin(client)
        if not json:
            console.out().print(f"operation {record.id}")
        if wait:
            for event in client.events(record.id):
                line = event_line(event)
                if line is not None and not json:
                    console.out().print(line, soft_wrap=True)
            record = client.operation(record.id)
    if json:
        _emit(record)
    elif record.outcome is not None:
        _show(record)
    if wait and record.outcome is not None and record.outcome.state.value != "succeeded":
        raise typer.Exit(1)


def _show(record: "OperationRecord") -> None:
    outcome = record.outcome
    if outcome is None:
        return
    counts = ", ".join(f"{count} {word}" for word, count in sorted(outcome.counts.items()))
    console.out().print(Text(f"{record.stack}: {_end(record)}; {counts or 'nothing counted'}"))
    if outcome.message:
        console.err().print(outcome.message, soft_wrap=True)
    for repair in outcome.repairs:
        console.err().print(f"  repair: {repair.step.value}: {repair.about}", soft_wrap=True)


def _end(record: "OperationRecord") -> str:
    if record.outcome is None:
        return record.progress.value
    reason = record.outcome.reason
    return f"{record.outcome.state.value} ({reason.value})" if reason else record.outcome.state.value


@contextmanager
def _client(as_json: bool) -> Iterator["PortalClient"]:
    from portal.client import PortalClient, PortalError

    url, token = os.environ.get(URL, ""), os.environ.get(TOKEN, "")
    if not url or not token:
        console.fail(
            f"set {URL} to the portal's address and {TOKEN} to an API token, which its page Tokens makes.",
            as_json=as_json,
        )
    try:
        with PortalClient(url, token) as client:
            yield client
    except PortalError as error:
        console.fail(str(error), as_json=as_json)


def _emit(value: Any) -> None:
    from pydantic import TypeAdapter

    typer.echo(TypeAdapter(type(value)).dump_json(value, indent=2).decode())
