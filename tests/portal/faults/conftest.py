"""Fixtures of the fault tests."""

import pytest

from tests.portal.faults.world import FaultWorld
from tests.portal.store.conftest import postgresql_server  # noqa: F401  # a fixture


@pytest.fixture
def fault_world(tmp_path):
    """A world whose services are processes; none is started yet."""
    with FaultWorld(tmp_path) as world:
        yield world
