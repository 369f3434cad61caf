"""A local GitHub for each test of the client."""

import pytest

from tests.github_world import github_world


@pytest.fixture
def github(tmp_path):
    with github_world(tmp_path / ".mlops") as world:
        yield world
