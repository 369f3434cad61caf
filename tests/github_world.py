"""A local GitHub, its app and a clock that only moves when somebody waits: the start of every test with GitHub."""

import functools
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.github import SIGNING_ALGORITHM
from lambda_src.github_client import repositories
from lambda_src.github_client.app import App, TokenMinter
from lambda_src.github_client.deadline import within
from local.github.server import LocalGitHub

KEY = "arn:aws:kms:us-east-1:111111111111:key/github-app"
DEPLOY = b"""name: Deploy
run-name: Deploy ${{ inputs.version_arn }}
on:
  workflow_dispatch:
    inputs:
      version_arn: {required: true, type: string}
"""
TEMPLATE_FILES = {"README.md": b"Template\n", "src/train.py": b"x = 1\n", ".github/workflows/deploy.yml": DEPLOY}


@functools.cache
def private_key(number=0):
    return generate_private_key(65537, 2048)


def public_der(number=0):
    return private_key(number).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Kms:
    """Signs as KMS does, and refuses what its key policy would refuse."""

    def __init__(self, number=0):
        self.number, self.calls = number, []

    def sign(self, *, KeyId, Message, MessageType, SigningAlgorithm):  # noqa: N803  # boto3's names
        assert (KeyId, MessageType, SigningAlgorithm) == (KEY, "RAW", SIGNING_ALGORITHM)
        self.calls.append(Message)
        return {"Signature": private_key(self.number).sign(Message, PKCS1v15(), SHA256())}


class Clock:
    """Time that passes by waiting alone."""

    def __init__(self):
        self.now, self.waits = 1_800_000_000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


class World:
    """The server, a minter and short ways to what most tests need."""

    def __init__(self, hub, clock):
        self.hub, self.clock, self.kms = hub, clock, Kms()
        self.app = App(
            app_id=hub.app_id,
            installation_id=hub.installation_id,
            key_arn=KEY,
            organization=hub.organization,
            api_url=hub.url,
        )
        self.minter = TokenMinter(self.app, self.kms)

    def client(self, permissions, ids=None, seconds=300):
        deadline = within(seconds, clock=self.clock, sleeper=self.clock.sleep)
        return self.minter.client(permissions, ids, deadline)

    def repository(self, name="risk-churn-training", files=None, **options):
        record = self.hub.add_repository(name, TEMPLATE_FILES if files is None else files, **options)
        return repositories.repository_from(shown(self.hub, record))

    def calls(self, prefix=""):
        return [served.call for served in self.hub.requests if served.call.startswith(prefix)]


def shown(hub, record):
    from local.github.route_repositories import shown as body

    return body(hub.store, record)


@contextmanager
def github_world(folder, **options):
    clock = Clock()
    with LocalGitHub(folder, clock=clock, **options) as hub:
        hub.trust(public_der())
        yield World(hub, clock)
