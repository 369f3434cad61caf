"""How every verb of `mlops` talks: people read the terminal, programs read JSON on stdout, errors teach."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

MISUSE = 2
"""Exit code of a call that cannot work: wrong option, config, parameter. A failed pipeline gives 1, a cancelled 130."""

CHECKOUT = Path(__file__).resolve().parent.parent


def project_folder() -> Path:
    """Return the folder with the stack files: the working directory if it has them, else this checkout."""
    return Path.cwd() if (Path.cwd() / "Pulumi.yaml").is_file() else CHECKOUT


def state_folder() -> Path:
    """Return where this project's runs, caches and embedded AWS live: `.mlops` in the working directory."""
    return Path.cwd() / ".mlops"


def out() -> Console:
    """Return a console on stdout, made anew so that tests and pipes are seen."""
    return Console(highlight=False)


def err() -> Console:
    """Return a console on stderr."""
    return Console(stderr=True, highlight=False)


def emit(value: object) -> None:
    """Print a value as the only JSON document on stdout."""
    typer.echo(json.dumps(value, indent=2, default=str))


@contextmanager
def teaching_errors(*, as_json: bool) -> Iterator[None]:
    """Turn errors that a person can act on into a message and exit code 2; others keep their traceback."""
    from local.aws.errors import AwsStateError
    from local.runner.errors import RunnerError
    from pipeline_defs.errors import DefinitionError
    from settings import SettingsError

    try:
        yield
    except (AwsStateError, RunnerError, DefinitionError, SettingsError) as error:
        fail(str(error), as_json=as_json)


def fail(message: str, *, as_json: bool) -> NoReturn:
    """Say what is wrong and leave with exit code 2."""
    if as_json:
        emit({"error": message})
    else:
        err().print(Text.assemble(("error: ", "bold red"), message.strip()), soft_wrap=True)
    raise typer.Exit(MISUSE)
