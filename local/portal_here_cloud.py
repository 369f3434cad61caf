"""What the portal of one machine works on: the real engine where it is there, else previews; the embedded AWS."""

import functools
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from local import console

if TYPE_CHECKING:
    from settings import StackSettings

COMMANDS = ("pulumi", "pulumi-language-python")
OFFLINE = "local.offline_worker"
KEYS = "MLOPS_{stack}_ACCESS_KEY_ID"
"""The service's variable with the key that selects a stack's account in the embedded AWS."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cloud:
    """Where operations go."""

    worker: str
    """Module that carries an operation out."""
    plugins: tuple[str, ...]
    environment: Mapping[str, str]
    """Variables of the service, of which the engine gets those that the configuration names."""
    endpoint: str
    """Address of the embedded AWS."""

    @property
    def has_engine(self) -> bool:
        """Whether operations are real ones; else there are previews only."""
        return self.worker != OFFLINE

    def session(self, credentials: Mapping[str, str], region: str) -> "LocalSession":
        """Return what takes the place of a boto3 session: it leads to the embedded AWS and nowhere else."""
        return LocalSession(self.endpoint, credentials, region)


class LocalSession:
    """Clients of the embedded AWS by given credentials (arguments of boto3.Session)."""

    def __init__(self, endpoint: str, credentials: Mapping[str, str], region: str) -> None:
        self._endpoint, self._credentials, self._region = endpoint, dict(credentials), region

    def client(self, service: str, *, region_name: str | None = None, config: Any = None) -> Any:
        """Return a client."""
        own = Config(proxies={}, s3={"addressing_style": "path"})  # a proxy of the user's does not lead to this machine
        return _session().client(
            service,
            region_name=region_name or self._region,
            endpoint_url=self._endpoint,
            config=own if config is None else config.merge(own),
            **self._credentials,
        )


@functools.cache
def _session() -> Any:
    """Return a session that reads nothing of the user's: a profile of theirs must neither break this nor leak in."""
    nowhere = (None, None, os.devnull, None)
    own = {"profile": (None, None, None, None), "config_file": nowhere, "credentials_file": nowhere}
    return boto3.Session(botocore_session=botocore.session.Session(session_vars=own))


def engine_is_there(environment: Mapping[str, str], plugins: tuple[str, ...]) -> bool:
    """Return whether the CLI, its language host and the plugins are on this machine. Installs nothing."""
    from portal import plugins as known

    path = environment.get("PATH", "")
    return all(shutil.which(each, path=path) for each in COMMANDS) and all(
        known.is_there(each, known.version_of(each), environment) for each in plugins
    )


@contextmanager
def cloud(stacks: Mapping[str, "StackSettings"], environment: Mapping[str, str]) -> Iterator[Cloud]:
    """Start the embedded AWS: with the engine that of `mlops up --local`; else that of `mlops run`, to look at.

    Only to look at: a change would need the state's lock, for which every other `mlops` command would have to wait.
    """
    from local.aws import credentials
    from local.aws.server import EmbeddedAws
    from local.commands_engine import local_cloud
    from portal.operation import WORKER

    publishes = any(each.github and each.github.publish_templates for each in stacks.values())
    plugins: tuple[str, ...] = ("aws", "github") if publishes else ("aws",)
    keys = {KEYS.format(stack=name.upper()): credentials.access_key(each.account) for name, each in stacks.items()}
    with ExitStack() as leaving:
        if engine_is_there(environment, plugins):
            found = leaving.enter_context(local_cloud(next(iter(stacks.values()))))
            worker, endpoint = WORKER, found["AWS_ENDPOINT_URL"]
        else:
            endpoint = leaving.enter_context(EmbeddedAws(console.state_folder(), read_only=True)).endpoint
            found = {**environment, "AWS_SECRET_ACCESS_KEY": credentials.SECRET}
            worker, plugins = OFFLINE, ()
        for each in stacks.values():
            credentials.enable(each.account)
        yield Cloud(worker=worker, plugins=plugins, environment={**found, **keys}, endpoint=endpoint)


def stack_names(folder: Path) -> tuple[str, ...]:
    """Return the project's stacks among dev, preprod and prod."""
    return tuple(name for name in ("dev", "preprod", "prod") if (folder / f"Pulumi.{name}.yaml").is_file())
