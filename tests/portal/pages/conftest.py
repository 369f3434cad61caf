"""Two portals with a past: one that nobody changes, and one that each test finds as it was."""

import pytest

from tests.portal.pages.past import Past


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    """A past that nobody changes."""
    past = Past(tmp_path_factory.mktemp("pages"))
    yield past
    past.portal.stop()


@pytest.fixture(scope="session")
def changed(tmp_path_factory):
    """A past that tests change, each from its beginning."""
    past = Past(tmp_path_factory.mktemp("changed"))
    yield past
    past.portal.stop()


@pytest.fixture
def past(changed):
    """A past of one's own, to change."""
    changed.again()
    return changed
