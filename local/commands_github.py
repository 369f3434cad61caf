"""`mlops github-key`: the policy with which the GitHub App's key is made."""

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from local.runner.errors import RunnerError
from local.stack import stack_file
from settings import SettingsError, read_stack_file

MISUSE = 2


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("github-key")(github_key_command)


def github_key_command(
    stack: Annotated[str, typer.Argument(help="Stack that owns the GitHub resources: dev.")],
) -> None:
    """Print the policy of the KMS key that signs for the GitHub App; see docs/runbooks/github-app-key.md."""
    from components.github_app_key import github_app_key_policy

    try:
        settings = read_stack_file(stack_file(stack, Path.cwd()))
    except (SettingsError, RunnerError) as error:
        _fail(str(error))
    if settings.environment != "dev":
        _fail(
            f"{stack} is {settings.environment}, and GitHub belongs to the dev stack alone. Run mlops github-key dev."
        )
    typer.echo(json.dumps(json.loads(github_app_key_policy(settings.names)), indent=2, sort_keys=True))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(MISUSE)
