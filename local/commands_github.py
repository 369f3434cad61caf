"""`mlops github-key`, the policy of the GitHub App's key; `mlops github-token`, a command with a token of the app."""

import json
import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from local.runner.errors import RunnerError
from settings import SettingsError, StackSettings, read_stack_file

if TYPE_CHECKING:
    from lambda_src.github_client.app import App
    from local.github_token import Token

MISUSE = 2
VARIABLE = "GITHUB_TOKEN"
"""What pulumi-github's process reads. The owner it has from the program."""
MINTING_SECONDS, REVOKING_SECONDS = 60.0, 20.0
WARNED_BEFORE = 10 * 60.0
"""Seconds before the token's end at which to say so."""


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    app.command("github-key")(github_key_command)
    app.command("github-token")(github_token_command)


def github_key_command(
    stack: Annotated[str, typer.Argument(help="Stack that owns the GitHub resources: dev.")],
) -> None:
    """Print the policy of the KMS key that signs for the GitHub App; see docs/runbooks/github-app-key.md."""
    from components.github_app_key import github_app_key_policy, github_app_signers

    settings = _settings(stack, "github-key", MISUSE)
    role = None if settings.github is None else settings.github.ci_role_arn
    text = github_app_key_policy(settings.names, github_app_signers(settings.names, role))
    typer.echo(json.dumps(json.loads(text), indent=2, sort_keys=True))


def github_token_command(
    stack: Annotated[str, typer.Argument(help="Stack that owns the GitHub resources: dev.")],
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run, with its arguments.")],
) -> None:
    """Run COMMAND with a token of the GitHub App as GITHUB_TOKEN: mlops github-token dev -- pulumi up --stack dev.

    The token manages the template repositories and nothing else, is in COMMAND's environment only, and is revoked when
    COMMAND ends. Exit code: COMMAND's; 125 where there is no token, 126 or 127 where COMMAND cannot be run.
    """
    from lambda_src.github_client.deadline import within
    from local import github_token as tokens
    from local.github_token_run import FAILED, NOT_EXECUTABLE, Signals, run, warned
    from operations import session
    from operations.errors import OperationError

    settings = _settings(stack, "github-token", FAILED)
    _check_published(stack, settings, FAILED)
    _check_command(command[0])
    try:
        access = session.connect(settings)
    except OperationError as error:
        _fail(str(error), FAILED)
    app, repositories = tokens.app_of(settings), tokens.repositories_of(settings)
    with Signals() as signals:
        try:
            token = tokens.mint(app, access.client("kms"), repositories, access.caller, within(MINTING_SECONDS))
        except OperationError as error:
            _fail(str(error), FAILED)
        try:
            for line in tokens.summary(app.organization, token):
                typer.echo(line, err=True)
            with warned(token.expires - time.time() - WARNED_BEFORE, lambda: _warn(token.expires)):
                code = run(command, {VARIABLE: token.text}, signals)
        except OSError as error:
            _fail(f"{command[0]}: {error.strerror}", NOT_EXECUTABLE)
        finally:
            _revoke(app, token)
    raise typer.Exit(code)


def _settings(stack: str, verb: str, code: int) -> StackSettings:
    from local.stack import stack_file  # here, because it brings the embedded AWS

    try:
        settings = read_stack_file(stack_file(stack, Path.cwd()))
    except (SettingsError, RunnerError) as error:
        _fail(str(error), code)
    if settings.environment != "dev":
        _fail(
            f"{stack} is {settings.environment}, and GitHub belongs to the dev stack alone. Run mlops {verb} dev.",
            code,
        )
    return settings


def _check_published(stack: str, settings: StackSettings, code: int) -> None:
    without = "`pulumi up` calls nothing at GitHub then, so run it as it is"
    if settings.github is None:
        _fail(f"{stack} has no section `github`: {without}, or set GitHub up, docs/runbooks/github-app-key.md.", code)
    if not settings.github.publish_templates:
        _fail(f"{stack} has github.publish_templates false: {without}, or set it to true.", code)


def _check_command(name: str) -> None:
    """Look for a command before anything is signed for it."""
    from local.github_token_run import NOT_EXECUTABLE, NOT_FOUND

    if shutil.which(name) is not None:
        return
    if "/" in name and Path(name).exists():
        _fail(f"{name}: it is there, and cannot be executed. No token was asked for.", NOT_EXECUTABLE)
    _fail(f"{name}: no such command. No token was asked for.", NOT_FOUND)


def _warn(expires: float) -> None:
    end = datetime.fromtimestamp(expires).astimezone().strftime("%H:%M")
    typer.echo(
        f"The GitHub token ends at {end}; GitHub answers 401 from then on. Let this run come to its end, and run the"
        " same command again: Pulumi goes on with what is left.",
        err=True,
    )


def _revoke(app: "App", token: "Token") -> None:
    from lambda_src.github_client.deadline import within
    from lambda_src.github_client.errors import GitHubError
    from local.github_token import revoke

    try:
        revoke(app, token, within(REVOKING_SECONDS))
    except GitHubError as error:
        end = datetime.fromtimestamp(token.expires).astimezone().strftime("%H:%M")
        typer.echo(f"The GitHub token was not revoked and is good until {end}: {error}", err=True)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
