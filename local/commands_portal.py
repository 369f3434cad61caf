"""`mlops portal …`: operate the stacks through a portal, and run one."""

from pathlib import Path
from typing import Annotated

import typer

from local import (
    commands_portal_audit,
    commands_portal_files,
    commands_portal_models,
    commands_portal_operations,
    commands_portal_reviews,
    console,
)
from local.commands_portal_base import SETTINGS, TOKEN, URL, Json, client, emit, end, row, table

app = typer.Typer(
    name="portal",
    help=f"Operate the stacks through a portal ({URL} and {TOKEN} say which, and as whom), or serve one.",
    no_args_is_help=True,
    context_settings=SETTINGS,
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
    from local.portal_here import here as serve_here
    from portal.serve import StartError

    with console.teaching_errors(as_json=False):
        try:
            serve_here(port, lambda lines: console.out().print("\n".join(lines), soft_wrap=True, markup=False))
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
    with client(json) as portal:
        found = portal.stacks()
    if json:
        emit(found)
        return
    made = table("stack", "health", "~last operation", "~by", "~to approve")
    for stack in found:
        last = stack.last
        ended = f"{last.kind.value} {end(last)}" if last else "none yet"
        by = last.by_name if last else ""
        row(made, stack.name, stack.health.value, ended, by, len(stack.waiting_for_approval))
    console.out().print(made)


commands_portal_operations.add_to(app)


@app.command()
def history(
    stack: Annotated[str | None, typer.Option("--stack", help="Of this stack only.")] = None,
    newest: Annotated[int, typer.Option("--newest", min=1, max=200)] = 20,
    json: Json = False,
) -> None:
    """List operations, the newest first: who, what, when, why, and how it ended."""
    with client(json) as portal:
        found = portal.history(stack=stack, limit=newest)
    if json:
        emit(found)
        return
    made = table("id, with its time in UTC", "stack", "operation", "~by", "~end, why")
    for one in found.items:
        why = f"\n{one.why}" if one.why else ""
        row(made, one.id, one.stack, one.kind.value, one.by_name, f"{end(one)}{why}")
    console.out().print(made)


for part in (commands_portal_files, commands_portal_models, commands_portal_reviews, commands_portal_audit):
    part.add_to(app)
