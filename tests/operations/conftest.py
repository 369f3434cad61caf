"""A world for each test: the dev stack, brought up in an embedded AWS of its own."""

import pytest

from local.aws.server import EmbeddedAws
from operations import dead_letters
from settings import read_stack_file
from tests.harness import ROOT
from tests.operations.world import World


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(dead_letters, "WAIT_SECONDS", 0)  # one server: nothing can be overlooked
    with EmbeddedAws(tmp_path / ".mlops") as aws:
        yield World(aws, read_stack_file(ROOT / "Pulumi.dev.yaml")).bring_up()


@pytest.fixture
def access(world):
    return world.access
