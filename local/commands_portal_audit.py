"""`mlops portal audit …`: who did what, whether the log is what was written, and a copy of it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from local import console
from local.commands_portal_base import FAILED, Json, client, emit, group, row, say, table, when


def add_to(app: typer.Typer) -> None:
    """Add the verbs."""
    audit = group("audit", "The audit log: list, verify, export.")
    for name, verb in (("list", listed), ("verify", verify), ("export", export)):
        audit.command(name)(verb)
    app.add_typer(audit)


def listed(
    by: Annotated[str | None, typer.Option("--by", help="Id of a person, as the log has it.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Such as operation.approve.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Such as stack:prod.")] = None,
    newest: Annotated[int, typer.Option("--newest", min=1, max=500)] = 20,
    json: Json = False,
) -> None:
    """List entries, the newest first."""
    with client(json) as portal:
        found = portal.audit(by=by, action=action, subject=subject, limit=newest)
    if json:
        emit(found)
        return
    made = table("number", "when (UTC)", "~by", "~action", "~subject")
    for each in found.items:
        row(made, each.sequence, when(each.at), each.by_name, each.action, each.subject)
    console.out().print(made)


def verify(json: Json = False) -> None:
    """Read the whole log and say whether it is what was written."""
    with client(json) as portal:
        found = portal.audit_state()
    if json:
        emit(found)
    elif found.fault is None:
        say(f"the log is what was written: {found.head.sequence} entries, the last {found.head.hash}")
    else:
        say((f"entry {found.fault.sequence} {found.fault.kind.value}: ", "bold red"), found.fault.why)
    if found.fault is not None:
        raise typer.Exit(FAILED)


def export(
    after: Annotated[int, typer.Option("--after", min=0, help="Only entries with a greater number.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="File to write; stdout if absent.")
    ] = None,
) -> None:
    """Print the log as lines of canonical JSON, the oldest first. A line each, so there is no --json."""
    with client(as_json=False) as portal:
        lines = portal.audit_export(after)
        if output is None:
            sys.stdout.writelines(f"{line}\n" for line in lines)
            return
        part = output.with_name(f"{output.name}.part")  # what was there stays until there is something whole
        try:
            with part.open("w", encoding="utf-8") as stream:
                stream.writelines(f"{line}\n" for line in lines)
            part.replace(output)
        except OSError as error:
            console.fail(f"{output} cannot be written: {error.strerror}.", as_json=False)
        finally:
            part.unlink(missing_ok=True)
