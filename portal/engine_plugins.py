"""The plugins that an operation needs: looked for before the engine starts, and installed where that is allowed."""

import os
from collections.abc import Callable, Iterable

from pulumi.automation import CommandError, LocalWorkspace

from portal import plugins
from portal.events import Event, Phase
from portal.outcomes import Reason


class Refused(Exception):  # noqa: N818  # no error of the code: an answer
    """The operation ends before the engine does anything."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def need(names: Iterable[str], workspace: LocalWorkspace, send: Callable[[Event], None]) -> None:
    """Return once the plugins are there. Raises `Refused` with what is missing and how to get it.

    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true keeps this from installing any, as it keeps the engine.
    """
    for name in names:
        try:
            version = plugins.version_of(name)
        except LookupError as error:
            raise Refused(Reason.NO_PLUGIN, str(error)) from error
        if plugins.is_there(name, version, os.environ):
            continue
        if os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION") == "true":
            raise _no_plugin(name, version, "")
        send(Phase(phase="install", detail=f"plugin {name} {version}"))
        try:
            workspace.install_plugin(name, f"v{version}")
        except CommandError as error:
            raise _no_plugin(name, version, str(error)) from error


def _no_plugin(name: str, version: str, text: str) -> Refused:
    lines = [line.strip() for line in text.splitlines() if "error:" in line]
    why = f" Installing it failed: {lines[-1].partition('error: ')[2]}" if lines else ""
    return Refused(
        Reason.NO_PLUGIN,
        f"the engine's plugin for provider {name} is missing: version {version}, or pulumi-resource-{name} on PATH. "
        f"`pulumi plugin install resource {name} v{version}` installs it.{why}",
    )
