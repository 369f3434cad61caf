"""What the functions' tests share: one environment, new for each test."""

import pytest

from tests.lambda_src.world import World


@pytest.fixture
def world():
    with World() as new:
        yield new


@pytest.fixture
def world_of():
    """Open an environment with another published delivery."""
    opened = []

    def open_world(delivered):
        new = World(delivered)
        opened.append(new)
        return new.__enter__()

    yield open_world
    for new in reversed(opened):
        new.__exit__(None, None, None)
