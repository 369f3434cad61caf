"""Sites for the tests. Most share one: time in it only goes forward, and each test has browsers of its own."""

import pytest

from local.identity_provider.server import IdentityProvider
from tests.portal.web.site import IssuerClock, Site


@pytest.fixture(scope="session")
def provider():
    """One issuer for all tests: a key takes a while to make."""
    with IdentityProvider(clock=IssuerClock()) as running:
        yield running


@pytest.fixture(scope="session")
def shared(tmp_path_factory, provider):
    """The portal that tests share."""
    made = Site(tmp_path_factory.mktemp("site"), provider)
    yield made
    made.close()


@pytest.fixture
def site(shared):
    """A portal in which other tests were before: look at `audited()`, which begins with the test."""
    return shared.begun()


@pytest.fixture
def own_site(tmp_path, provider):
    """A portal of one's own, to break."""
    made = Site(tmp_path, provider).begun()
    yield made
    made.close()


@pytest.fixture(scope="session")
def https_shared(tmp_path_factory, provider):
    made = Site(tmp_path_factory.mktemp("https"), provider, url="https://portal.example.com")
    yield made
    made.close()


@pytest.fixture
def https_site(https_shared):
    """A portal that people open by https."""
    return https_shared.begun()
