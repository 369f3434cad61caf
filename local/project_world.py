"""Projects on this machine: the stacks' own functions in the embedded AWS, and the local GitHub in place of GitHub.

What the stacks register is brought up by `local.delivery`; here the functions that talk to GitHub are pointed at the
local one, whose app signs with a key of the embedded KMS.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from contracts.github import INSPECT, KEY_PURPOSE
from contracts.names import Names
from contracts.project_variables import STATES
from lambda_src.github_client.app import TokenMinter
from lambda_src.github_client.deadline import within
from lambda_src.github_client.rest import GitHub
from local.aws.server import EmbeddedAws
from local.delivery import LocalDelivery
from local.github import app as local_app
from local.github.server import LocalGitHub
from local.project_templates import publish_templates
from local.runner.storage import Storage
from operations.errors import MisuseError
from settings import StackSettings, read_stack_file

STACKS = ("dev", "preprod", "prod")
GITHUB_APP = "GITHUB_APP"
"""Variable of the functions that talk to GitHub; see lambda_src/projects/github.py."""
READ_SECONDS = 120.0


class ProjectWorld:
    """Three stacks, their functions, and the local GitHub with the template repositories. A context manager."""

    def __init__(
        self,
        aws: EmbeddedAws,
        *,
        project: Path,
        folder: Path,
        stacks: Sequence[str] = STACKS,
        seed: int | None = None,
    ) -> None:
        """`project` holds the stack files, `folder` is the `.mlops` folder in which the local GitHub is kept.

        `seed` makes events come twice and out of order, see `local.events.EventBridge`.
        """
        self.aws, self.project, self.folder, self._seed = aws, project, folder, seed
        self._stacks = tuple(name for name in stacks if (project / f"Pulumi.{name}.yaml").is_file())
        self._leaving = ExitStack()
        self._delivery: LocalDelivery | None = None
        self._hub: LocalGitHub | None = None

    def __enter__(self) -> Self:
        """Bring up stacks and GitHub; raises MisuseError where dev's settings have no section `github`."""
        github = _github(self.project)
        with ExitStack() as undo:
            self._hub = undo.enter_context(
                LocalGitHub(self.folder, organization=github.organization, plan=github.plan.value, app_id=github.app_id)
            )
            self._delivery = LocalDelivery(self.aws, project=self.project, stacks=self._stacks, seed=self._seed)
            undo.enter_context(self._delivery)
            self._settle_in()
            self._leaving = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop GitHub and store what it holds."""
        self._leaving.__exit__(kind, error, trace)

    @property
    def hub(self) -> LocalGitHub:
        """The local GitHub."""
        if self._hub is None:
            raise RuntimeError("use it in a `with` statement")
        return self._hub

    @property
    def delivery(self) -> LocalDelivery:
        """The stacks."""
        if self._delivery is None:
            raise RuntimeError("use it in a `with` statement")
        return self._delivery

    @property
    def settings(self) -> Mapping[str, StackSettings]:
        """Settings of each stack."""
        return self.delivery.settings

    @property
    def development(self) -> Names:
        """Names of the stack that makes projects."""
        return self.settings["dev"].names

    def reader(self) -> GitHub:
        """Return the local GitHub as the app may read it."""
        app = local_app.install(self.hub, self.delivery.client("kms", "dev"), self._key())
        return TokenMinter(app, self.delivery.client("kms", "dev")).client(INSPECT, None, within(READ_SECONDS))

    def settle(self) -> None:
        """Let everything happen that follows from what was done."""
        self.delivery.settle()

    def _settle_in(self) -> None:
        dev = self.settings["dev"]
        github = _github(self.project)
        app = local_app.install(self.hub, self.delivery.client("kms", "dev"), self._key())
        described = json.dumps(asdict(app), sort_keys=True)
        functions = self.delivery.functions
        for function in functions.deployed:
            if GITHUB_APP in function.environment:
                functions.add(replace(function, environment={**function.environment, GITHUB_APP: described}))
        # What somebody set up in GitHub by hand before: the team, the people that the settings name.
        self.hub.add_team(github.platform_team)
        users = dict(self.hub.store.users)
        for person in [*github.reviewers.preprod, *github.reviewers.prod]:
            if person.login not in users:
                self.hub.add_user(person.login, person.id)
        for user in dev.studio.users.values() if dev.studio is not None else ():
            if user.github and user.github not in self.hub.store.users:
                self.hub.add_user(user.github)
        for settings in self.settings.values():
            client = self.aws.client("s3", settings.account, settings.region)
            Storage(client).ensure_bucket(settings.names.bucket(STATES))
        publish_templates(self.delivery, self.hub, github, described)

    def _key(self) -> str:
        """Return the key of the app, made by the first command and found by the later ones."""
        kms = self.delivery.client("kms", "dev")
        known = {alias["AliasName"]: alias.get("TargetKeyId") for alias in kms.list_aliases()["Aliases"]}
        alias = self.development.key_alias(KEY_PURPOSE)
        if alias not in known:
            arn, _ = local_app.create_key(kms)
            kms.create_alias(AliasName=alias, TargetKeyId=arn)
            return arn
        return str(kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"])


def _github(project: Path) -> Any:
    settings = read_stack_file(project / "Pulumi.dev.yaml")
    if settings.github is None:
        raise MisuseError(
            f"{project / 'Pulumi.dev.yaml'}: the stack has no section `github`, so it makes no projects. Add it:"
            " organization, app_id, installation_id, plan, platform_team, reviewers (docs/projects.md)."
        )
    return settings.github
