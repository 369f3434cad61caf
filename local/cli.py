"""`mlops`: the platform on one machine. This module only puts the verbs together."""

import importlib.util

import typer

from local import (
    commands_deployments,
    commands_engine,
    commands_github,
    commands_models,
    commands_portal,
    commands_projects,
    commands_run,
    commands_verify,
)

app = typer.Typer(
    name="mlops",
    help="The MLOps platform: on one machine with no AWS account, and its operator's commands for AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

commands_run.register(app)
if importlib.util.find_spec("local.commands_preview"):
    importlib.import_module("local.commands_preview").register(app)
commands_models.register(app)
commands_deployments.register(app)
commands_github.register(app)
commands_projects.register(app)
commands_verify.register(app)
commands_engine.register(app)
commands_portal.register(app)


def main() -> None:
    """Run the command line; the entry point of the package."""
    app()
