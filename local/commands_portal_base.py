"""What the verbs of `mlops portal` share: who is asked, operations shown to their end, and how answers are printed."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from local import console
from local.commands_engine import event_line

if TYPE_CHECKING:
    from rich.table import Table

    from portal.client import PortalClient
    from portal.records import OperationRecord

URL, TOKEN = "MLOPS_PORTAL_URL", "MLOPS_PORTAL_TOKEN"
FAILED = 1
"""Exit code of what was done and came to no good end; what cannot be done at all gives 2."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SETTINGS = {"help_option_names": ["-h", "--help"]}
Stack = Annotated[str, typer.Argument(help="Stack, such as dev.")]
Identity = Annotated[str, typer.Argument(metavar="OPERATION", help="Id of an operation, as the portal shows it.")]
Why = Annotated[str, typer.Option("--why", help="Reason; stands in the history.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Show events until the operation has ended.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def group(name: str, about: str) -> typer.Typer:
    """Return verbs about one thing."""
    return typer.Typer(name=name, help=about, no_args_is_help=True, context_settings=SETTINGS)


@contextmanager
def client(as_json: bool) -> Iterator["PortalClient"]:
    """Give the portal that the environment names. What it refuses is said, with exit code 2."""
    from portal.client import PortalClient, PortalError

    url, token = os.environ.get(URL, ""), os.environ.get(TOKEN, "")
    if not url or not token:
        console.fail(
            f"set {URL} to the portal's address and {TOKEN} to an API token, which its page Tokens makes.",
            as_json=as_json,
        )
    try:
        with PortalClient(url, token) as found:
            yield found
    except PortalError as error:
        console.fail(str(error), as_json=as_json)


def emit(value: Any) -> None:
    """Print an answer as the API gave it."""
    from pydantic import TypeAdapter

    typer.echo(TypeAdapter(type(value)).dump_json(value, indent=2).decode())


def say(*parts: str | tuple[str, str]) -> None:
    """Print a line for people; nothing in it is mark-up."""
    console.out().print(Text.assemble(*parts), soft_wrap=True)


def printable(text: str) -> str:
    """Return other people's text without characters that steer a terminal."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def table(*columns: str) -> "Table":
    """Return a table without lines; a column whose name begins with `~` gives way where the terminal is narrow."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        soft = column.startswith("~")
        made.add_column(column.removeprefix("~"), no_wrap=not soft, overflow="fold")
    return made


def row(made: "Table", *cells: object) -> None:
    """Add a row; nothing in it is mark-up."""
    made.add_row(
        *(each if isinstance(each, Text) else Text("" if each is None else printable(str(each))) for each in cells)
    )


def when(moment: Any) -> str:
    """Return a moment as short as tables need it."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def confirmed(question: str, *, yes: bool, as_json: bool) -> None:
    """Go on only where a person says yes; a program has to say --yes."""
    if yes:
        return
    if as_json:
        console.fail(f"{question} With --json say --yes.", as_json=True)
    if not typer.confirm(question, err=True):
        raise typer.Exit(FAILED)


def operate(begin: "Callable[[PortalClient], OperationRecord]", *, wait: bool, json: bool, then: str = "") -> None:
    """Start or find an operation, show it to its end where that is wanted, and leave with what it came to.

    `then` is what comes next where it succeeds; `{id}` in it is the operation's.
    """
    with client(json) as portal:
        record = begin(portal)
        if not json:
            say(f"operation {record.id}")
        if wait:
            for event in portal.events(record.id):
                line = event_line(event)
                if line is not None and not json:
                    console.out().print(line, soft_wrap=True)
            record = portal.operation(record.id)
    if json:
        emit(record)
    elif record.outcome is not None:
        _show(record)
    if wait and record.outcome is not None and record.outcome.state.value != "succeeded":
        raise typer.Exit(FAILED)
    if then and not json:
        say((then.format(id=record.id), "dim"))


def _show(record: "OperationRecord") -> None:
    outcome = record.outcome
    if outcome is None:
        return
    counts = ", ".join(f"{count} {word}" for word, count in sorted(outcome.counts.items()))
    say(f"{record.stack}: {end(record)}; {counts or 'nothing counted'}")
    if outcome.message:
        console.err().print(Text(outcome.message), soft_wrap=True)
    for repair in outcome.repairs:
        console.err().print(Text(f"  repair: {repair.step.value}: {repair.about}"), soft_wrap=True)


def end(record: "OperationRecord") -> str:
    """Return how an operation ended, or where it is."""
    if record.outcome is None:
        return record.progress.value
    reason = record.outcome.reason
    return f"{record.outcome.state.value} ({reason.value})" if reason else record.outcome.state.value
