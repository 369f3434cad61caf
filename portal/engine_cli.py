"""The Pulumi CLI: from PATH, else installed in the pinned version by the Automation API's own installer."""

import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from pulumi.automation import InvalidVersionError, PulumiCommand
from semver import VersionInfo

LANGUAGE_HOST = "pulumi-language-python"


class NoCliError(Exception):
    """There is no usable CLI, and none could be installed."""


def command(environment: Mapping[str, str], root: Path) -> PulumiCommand:
    """Return the CLI to use; one that has to be installed goes below `root`.

    The pinned version is the Automation API's: the one of the installed pulumi package. Raises `NoCliError`.
    """
    on_path = shutil.which("pulumi", path=environment.get("PATH", ""))
    if on_path is None:
        return _installed(root)
    try:
        found = _found(on_path)
    except InvalidVersionError as error:
        raise NoCliError(
            f"the Pulumi CLI on PATH ({on_path}) does not fit the installed pulumi package: {error} "
            "Install a matching CLI, or take this one from PATH to have the pinned version installed."
        ) from error
    except (OSError, subprocess.SubprocessError) as error:
        raise NoCliError(f"the Pulumi CLI on PATH ({on_path}) does not start: {error}") from error
    beside = Path(on_path).resolve().parent / LANGUAGE_HOST
    if shutil.which(LANGUAGE_HOST, path=environment.get("PATH", "")) is None and not beside.exists():
        raise NoCliError(
            f"the Pulumi CLI is on PATH ({on_path}), its Python language host ({LANGUAGE_HOST}) is not. "
            "Both come in one archive from https://www.pulumi.com/docs/install/: put its whole folder on PATH."
        )
    return found


def _found(cli: str) -> PulumiCommand:
    stated = subprocess.check_output([cli, "version"], text=True).strip()
    found = PulumiCommand(skip_version_check=not stated)
    if found.version is None:  # built from source: it states no version, so the pinned one has to be taken for granted
        found.version = VersionInfo.parse(version("pulumi"))
    return found


def _installed(root: Path) -> PulumiCommand:
    try:
        return PulumiCommand.install(root=str(root))
    except (OSError, subprocess.SubprocessError, InvalidVersionError) as error:
        raise NoCliError(
            "the Pulumi CLI is not on PATH, and the pinned version could not be installed from https://get.pulumi.com "
            f"({error}). Install it by hand: https://www.pulumi.com/docs/install/"
        ) from error
