"""The portal over real HTTP, in a process of its own, with the scripted worker: for many watchers, and to be measured.

    python -m tests.portal.load.server FOLDER RESOURCES

Prints one line of JSON: url, pid, an API token and a session's cookie. SIGTERM ends it.
"""

import hashlib
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from portal.access.issuer_http import issuer_client
from portal.access.oidc import OidcClient
from portal.app import create_app
from portal.operation import Patience
from portal.records import SessionRecord
from portal.serve import listening, run
from portal.service.portal import utc_now
from portal.service.timing import Timing
from tests.portal.scenario import resource
from tests.portal.world import PortalWorld

COOKIE = "a-session-of-somebody"
PATIENCE = Patience(deadline=600, grace=60, silence=120)


def platform(stack, count):
    """So many resources, a preview of which says as many events, and an `up` three times as many."""
    first = resource(f"mlops-platform-{stack}", "pulumi:pulumi:Stack")
    return [first, *[resource(f"topic-{n}", "aws:sns/topic:Topic", name=f"{stack}-{n}") for n in range(count - 1)]]


def world_of(folder, count, *, processes=True, **options):
    """A world, not started, whose program asks for so many resources on each stack."""
    world = PortalWorld(folder, start=False, processes=processes, patience=PATIENCE, **options)
    for stack in world.settings.stacks:
        world.scenario.set(stack, resources=platform(stack, count))
    return world


def main(folder, count):
    world = world_of(Path(folder), count, stacks={"prod": {"approvals": 1}, "sandbox": {}})
    world.portal.stop()
    # Real times: `QUICK` is for tests that wait for the next look.
    portal = world.another(start=False, clock=utc_now, timing=Timing(drain=0.0, grace=10.0))
    login = OidcClient(
        world.settings.login.oidc(world.environment), issuer_client(world.settings.login.issuer), utc_now
    )
    app = create_app(portal, world.settings, login=login, clock=utc_now)
    app.state.streams.most = 10_000  # one person stands for all who watch
    person, now = world.admin, utc_now()
    scopes = ("read", "preview", "deploy", "approve")
    token = app.state.edge.sessions.make_token(person, name="load", scopes=scopes, days=1)
    with portal.store.writing() as unit:
        unit.sessions.put(
            SessionRecord(
                hash=hashlib.sha256(COOKIE.encode()).hexdigest(),
                by=person.id,
                actor={"id": person.id, "name": person.name, "email": person.email, "roles": {"*": "admin"}},
                created=now,
                last_seen=now,
                expires=now + timedelta(hours=1),
            )
        )
    with listening(world.settings.listen.model_copy(update={"port": 0})) as listener:
        about = {"port": listener.getsockname()[1], "pid": os.getpid(), "token": token.plain, "cookie": COOKIE}
        run(app, listener, started=lambda: print(json.dumps(about), flush=True))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
