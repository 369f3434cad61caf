"""The service on PostgreSQL, crashed in the middle of an operation."""

import pytest

from portal.outcomes import State
from portal.service.errors import UnavailableError
from portal.store import Store
from tests.portal.store.postgresql import Server, binaries
from tests.portal.world import PortalWorld

pytestmark = [
    pytest.mark.stories,
    pytest.mark.skipif(binaries() is None, reason="no PostgreSQL server is installed"),
]


@pytest.fixture
def server():
    made = Server(binaries())
    made.start()
    yield made
    made.remove()


def test_a_database_that_crashes_in_the_middle_of_a_deployment_costs_nothing(server, tmp_path, monkeypatch):
    store = Store(server.new_schema())
    monkeypatch.setattr("portal.service.portal.Store", lambda *arguments, **options: store)
    with PortalWorld(tmp_path, database="postgresql+psycopg://portal@127.0.0.1/postgres") as world:
        preview = world.approved("prod")
        world.scenario.stop("prod", "up-data")
        up = world.portal.operations.up(world.developer, preview.id)
        world.scenario.reached("prod", "up-data")
        server.crash()
        with pytest.raises(UnavailableError):
            world.portal.operations.preview(world.developer, "dev")
        world.scenario.go("prod")
        server.start()
        ended = world.ended(up, State.SUCCEEDED)
        assert ended.outcome.counts == {"create": 17}
        events = world.events(up)
        assert events[-1]["event"] == "ended"
        assert len({each["sequence"] for each in events}) == len(events)
        assert world.portal.audit.verify(world.admin) is None
        assert world.preview("prod").outcome.changes == 0
