"""`mlops portal settings …`: a stack's file, shown, checked and saved through the portal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local import console
from local.commands_portal_base import FAILED, Json, Stack, Yes, client, confirmed, emit, group, printable, say

if TYPE_CHECKING:
    from portal.service.settings_files import Checked

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The edited file.")]


def add_to(app: typer.Typer) -> None:
    """Add the verbs."""
    settings = group("settings", "Stack files: show, check, save. Saving deploys nothing.")
    for verb in (show, check, save):
        settings.command()(verb)
    app.add_typer(settings)


def show(stack: Stack, json: Json = False) -> None:
    """Print a stack file on stdout, and on stderr which text it is, for `save --base`."""
    with client(json) as portal:
        found = portal.settings(stack)
    if json:
        emit(found)
        return
    typer.echo(found.text, nl=False)
    console.err().print(f"base {found.base_hash}", soft_wrap=True, markup=False)


def check(stack: Stack, file: File, json: Json = False) -> None:
    """Say what is wrong with an edited file, and what it changes; keeps nothing."""
    with client(json) as portal:
        found = portal.check_settings(stack, _text(file, json))
    if json:
        emit(found)
    else:
        _show(found, file)
    if found.problems:
        raise typer.Exit(FAILED)


def save(
    stack: Stack,
    file: File,
    why: Annotated[str, typer.Option("--why", help="Reason; stands in the commit and in the audit log.")],
    base: Annotated[
        str | None, typer.Option("--base", help="Of the text that was edited, as `show` says it: refuses another one.")
    ] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Replace a stack file. Without --base it shows the changes and asks, since somebody may have saved meanwhile."""
    text = _text(file, json)
    with client(json) as portal:
        if base is None:
            found = portal.check_settings(stack, text)
            if not json:
                _show(found, file)
            if not found.problems:  # else saving says them, and refuses
                confirmed(f"Save this as {stack}'s settings?", yes=yes, as_json=json)
            base = found.base_hash
        saved = portal.save_settings(stack, text, base_hash=base, why=why)
    if json:
        emit(saved)
        return
    if not saved.changed:
        say(f"{stack}: nothing to save, the text is the same")
        return
    say(f"{stack}: saved{f' as commit {saved.commit[:10]}' if saved.commit else ''}")
    say((f"nothing is deployed by that: mlops portal preview {stack}", "dim"))


def _text(file: Path, as_json: bool) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        console.fail(f"{file} cannot be read: {error}", as_json=as_json)


def _show(found: "Checked", file: Path) -> None:
    for line in found.diff:
        say((printable(line), {"+": "green", "-": "red"}.get(line[:1], "")))
    if not found.diff:
        say(("no difference", "dim"))
    for each in found.problems:
        say((f"{file}:{each.line}: ", "bold red"), printable(f"{each.path or 'the file'}: {each.rule}. {each.fix}"))
