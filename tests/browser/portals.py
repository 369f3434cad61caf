"""The real application behind a port, for browsers: one with a scripted engine, one with a past that nobody changes."""

from contextlib import contextmanager

from portal.configuration import Listen
from portal.serve import listening
from tests.portal.api.conftest import served
from tests.portal.pages.past import Past
from tests.portal.web.site import Site


@contextmanager
def opened(folder, provider, *, start=True, **world):
    """A portal with stacks, people who log in at the local issuer, and the scripted engine."""
    with listening(Listen(port=0)) as listener:
        site = Site(folder, provider, url=address(listener), start=start, **world).begun()
        try:
            with served(site.app, listener):
                yield site
        finally:
            site.close()


@contextmanager
def with_past(folder):
    """A portal in whose past is something of every kind. No engine runs, and people come with a session."""
    with listening(Listen(port=0)) as listener:
        past = Past(folder, url=address(listener))
        try:
            with served(past.app, listener):
                yield past
        finally:
            past.portal.stop()


def address(listener):
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
