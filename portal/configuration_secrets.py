"""Secrets of the portal: named in its configuration, read from a variable or a file, and told when they are missing."""

import os
from collections.abc import Mapping
from pathlib import Path

from settings.problems import Problem


class ConfigurationError(ValueError):
    """Everything that is wrong with the portal's configuration; `str()` is the text for people."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        blocks = "\n\n".join(str(each) for each in problems)
        super().__init__(f"{source}: {len(problems)} mistake{'s' * (len(problems) != 1)}\n\n{blocks}\n")


def read_secret(
    path: str, variable: str | None, file: Path | None, environment: Mapping[str, str] | None = None
) -> str | None:
    """Return a secret from its variable or file; None where neither is configured. Raises ConfigurationError."""
    own = os.environ if environment is None else environment
    if variable is not None and file is not None:
        raise _no_secret(path, "one of both is configured, variable or file", "take one out")
    if variable is not None:
        if not own.get(variable):
            raise _no_secret(f"{path}_env", f"the variable {variable} is set", "set it for the service")
        return own[variable]
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _no_secret(f"{path}_file", "the file can be read by the service", str(error)) from None


def _no_secret(path: str, rule: str, fix: str) -> ConfigurationError:
    return ConfigurationError("environment", [problem(path, "", rule, fix)])


def problem(path: str, value: str, rule: str, fix: str) -> Problem:
    """Return one mistake."""
    return Problem(path=path, value=value, rule=rule, fix=fix)
