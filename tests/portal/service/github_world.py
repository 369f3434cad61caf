"""A portal whose dev stack publishes templates, a local GitHub beside it, and an AWS of two services."""

from contextlib import contextmanager
from dataclasses import replace

import yaml

from local.github.server import LocalGitHub
from operations import github_token
from tests import github_world
from tests.portal.service.conftest import few, small
from tests.portal.world import PortalWorld
from tests.settings_errors.changes import changed

NAMES = ("mlops-workflows", "risk-template-model-training", "risk-template-realtime-inference")
MINTED = "POST /app/installations/4242/access_tokens"
REVOKED = "DELETE /installation/token"


def _published():
    """Dev's settings with GitHub, without what none of these tests is about."""
    settings = yaml.safe_load(small("dev"))["config"]["mlops:settings"]
    github = changed("dev", github__publish_templates=True)["github"]
    return {**settings, "github": github, "projects": {"organization": github["organization"]}}


PUBLISHES = _published()


class Aws:
    """STS and KMS; makes the sessions, and remembers by which credentials."""

    def __init__(self):
        self.kms, self.account, self.credentials = github_world.Kms(), "111111111111", []

    def __call__(self, credentials, region):
        self.credentials.append(dict(credentials))
        return self

    def client(self, service, **_):
        return {"sts": self, "kms": self.kms}[service]

    def get_caller_identity(self):
        return {"Account": self.account, "Arn": f"arn:aws:sts::{self.account}:assumed-role/deploy/portal"}


class GitHubPortal(PortalWorld):
    """`hub` is GitHub, `aws` the cloud; `tokens` are those that are good now."""

    def __init__(self, folder, hub, *, plugins=("aws", "github"), **options):
        self.hub, self.aws = hub, Aws()
        super().__init__(folder, start=False, settings={"plugins": list(plugins)}, **options)
        few(self)
        self.settle(PUBLISHES)
        self.portal.stop()
        self.portal = self.another()

    def another(self, **options):
        return super().another(**{"make_session": self.aws, **options})

    def settle(self, settings, stack="dev"):
        document = {"config": {"mlops:settings": settings}}
        (self.project / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))

    def settle_small(self, stack="dev"):
        (self.project / f"Pulumi.{stack}.yaml").write_text(small(stack))

    @property
    def tokens(self):
        return list(self.hub._keys.tokens)

    def minted(self):
        """How many tokens were asked for to work with: for each there was another one to look by."""
        return len([each for each in self.hub.requests if each.call == MINTED]) // 2

    def given(self, operation):
        """Whether the operation's engine got a token."""
        return "GITHUB_TOKEN" in self.scenario.variables(operation)

    def none_left(self):
        self.until(lambda: not self.tokens, "all tokens to be revoked")


@contextmanager
def local_github(folder, monkeypatch):
    """A GitHub where the template repositories are, and that settings lead to, whatever address they name."""
    stated = github_token.app_of
    with LocalGitHub(folder) as hub:
        hub.trust(github_world.public_der())
        world = github_world.World(hub, None)
        for name in NAMES:
            world.repository(name)

        def app_of(settings):
            here = {"app_id": hub.app_id, "installation_id": hub.installation_id, "api_url": hub.url}
            return replace(stated(settings), key_arn=github_world.KEY, **here)

        monkeypatch.setattr(github_token, "app_of", app_of)
        yield hub
