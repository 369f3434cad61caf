"""A running portal for tests: SQLite, four stacks, people by role, a clock to set, and the scripted worker as engine.

    with PortalWorld(tmp_path) as world:
        preview = world.ended(world.portal.operations.preview(world.developer, "dev", "try"))

or the fixture `portal_world` (`from tests.portal.world import portal_world`). `world.scenario` says what happens.
"""

import shutil
import sqlite3
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from portal.access.roles import Actor, Role
from portal.configuration import parse
from portal.costs.prices import load_prices
from portal.operation import Patience
from portal.outcomes import State
from portal.records import Progress
from portal.service import portal as portal_module
from portal.service.portal import Portal
from portal.service.timing import Timing
from portal.store import Store
from tests import coroutines
from tests.portal import in_process
from tests.portal.scenario import Scenario, platform

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("dev", "preprod", "prod", "sandbox")
WORKER = "tests.portal.scripted_worker"
QUICK = Timing(
    poll=0.1, watch=0.02, housekeeping=1.0, retry_first=0.02, retry_longest=0.1, stray=0.1, drain=0.0, grace=10.0
)


portal_module.load_prices = cache(load_prices)
"""One table for all worlds of a test run: parsing it costs as much as an operation."""


@cache
def empty_database():
    """A SQLite database with the schema, as bytes: copied, since migrating one for each test takes its time."""
    with tempfile.TemporaryDirectory() as folder:
        Store(f"sqlite:///{folder}/portal.db").close()
        connection = sqlite3.connect(f"{folder}/portal.db")
        connection.execute("vacuum into ?", (f"{folder}/copy.db",))
        connection.close()
        return Path(folder, "copy.db").read_bytes()


class SetClock:
    """A clock that stands, but for a millisecond at each look, so that what comes later is later."""

    def __init__(self, now=datetime(2026, 3, 2, 9, 0, tzinfo=UTC)):
        self._now, self._lock = now, threading.Lock()

    def __call__(self):
        with self._lock:
            self._now += timedelta(milliseconds=1)
            return self._now

    def forward(self, **parts):
        """Let time pass: forward(hours=3)."""
        with self._lock:
            self._now += timedelta(**parts)


def person(name, roles=None, **more):
    """Somebody who is logged in."""
    return Actor(id=f"oidc:issuer.example.com#{name}", name=name.capitalize(), email=f"{name}@example.com",
                 roles=roles or {}, **more)  # fmt: skip


def stack_files(project):
    """Put the project's own stack files into a folder; sandbox is dev's under another unit."""
    project.mkdir(parents=True, exist_ok=True)
    (project / "Pulumi.yaml").write_text("name: mlops-platform\nruntime: python\n")
    (project / "__main__.py").write_text("# the program is made up by the scenario\n")
    for stack in ("dev", "preprod", "prod"):
        shutil.copy(ROOT / f"Pulumi.{stack}.yaml", project)
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    (project / "Pulumi.sandbox.yaml").write_text(text.replace("unit: risk\n", "unit: sand\n"))


class PortalWorld:
    """See the module. `settings` replaces top-level keys of the configuration, `stacks` the rules of stacks.

    `start=False`: nothing is carried out until `world.portal.start()`, as where `create_app` does it. `processes=True`:
    workers are processes, as in life; else threads, which start at once (see `tests.portal.in_process`).
    """

    viewer = person("vera", {"*": Role.VIEWER})
    developer = person("dan", {"*": Role.DEVELOPER})
    approver = person("ada", {"*": Role.APPROVER})
    second_approver = person("ben", {"*": Role.APPROVER})
    admin = person("root", {"*": Role.ADMIN})
    stranger = person("sam")
    dev_only = person("dee", {"dev": Role.DEVELOPER})

    def __init__(
        self,
        folder,
        *,
        start=True,
        database=None,
        stacks=None,
        settings=None,
        patience=None,
        timing=QUICK,
        processes=False,
    ):
        self.folder = Path(folder)
        self.project, self.work, self.state = (self.folder / each for each in ("project", "work", "state"))
        if not self.project.exists():
            stack_files(self.project)
        self.state.mkdir(exist_ok=True)
        if database is None and not (self.folder / "portal.db").exists():
            (self.folder / "portal.db").write_bytes(empty_database())
        self.clock = SetClock()
        self.scenario = Scenario(self.folder / "scenario")
        for stack in STACKS:
            big = stack == "prod"
            self.scenario.set(stack, resources=platform(stack, gateways=2 if big else 1, protected=big))
        self.environment = {
            "PATH": str(self.folder / "bin"),  # without git: the programs here are no checkouts, and looking costs time
            "HOME": str(self.folder),
            "SCENARIO": str(self.scenario.file),
            "PORTAL_SECRET": "hunter2-hunter2",
        }
        if not processes:
            in_process.install()
            self.environment["SCENARIO_THREADS"] = "1"
        self.timing = timing
        self.patience = patience or Patience(deadline=60, grace=10, silence=30)
        rules = {
            "dev": {},
            "preprod": {"approvals": 1},
            "prod": {"approvals": 2, "by_others": True},
            "sandbox": {"drift": {"every_hours": 24}},
        }
        self.document = {
            "url": "http://127.0.0.1:8080",
            "project": str(self.project),
            "work": str(self.work),
            "backend": f"file://{self.state}",
            "database": database or f"sqlite:///{self.folder / 'portal.db'}",
            "login": {"issuer": "http://127.0.0.1:9/issuer", "client_id": "portal",
                      "client_secret_env": "PORTAL_SECRET"},
            "roles": {"role": [{"claim": "groups", "value": f"ml-{role}s", "role": role} for role in Role]},
            "stacks": {**rules, **(stacks or {})},
            "environment": ["PATH", "HOME"],
            "plugins": [],
            "workers": 4,
            "reviews": {"enabled": True, "base_stack": "dev"},
            **(settings or {}),
        }  # fmt: skip
        self.settings = parse(self.document, source="portal.toml", folder=self.folder)
        # The scenario's file is no variable that a configuration may pass on; a test's is.
        self.settings = self.settings.model_copy(
            update={"environment": (*self.settings.environment, "SCENARIO", "SCENARIO_THREADS")}
        )
        self.portals = []
        self.portal = self.another(start=start)

    def another(self, *, start=True, **options):
        """Another service on the same database and work folder; as after a restart, or beside the first."""
        made = Portal(
            self.settings,
            **{"clock": self.clock, "timing": self.timing, "environment": self.environment, "worker": WORKER,
               "patience": self.patience, **options},
        )  # fmt: skip
        self.portals.append(made)
        if start:
            made.start()
        return made

    def restart(self, **options):
        """End the service in good order, and start a new one."""
        self.portal.stop()
        self.portal = self.another(**options)
        return self.portal

    def close(self):
        """End every service, and let what stands at a stop go on."""
        for stack in STACKS:
            self.scenario.go(stack)
        for portal in self.portals:
            portal.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- shortcuts

    def get(self, operation):
        """The operation's record as it is now."""
        with self.portal.store.reading() as unit:
            return unit.operations.get(getattr(operation, "id", operation))

    def until(self, true, what="", within=20.0):
        """Wait until `true()`; the deadline is only for tests that fail."""
        deadline = time.monotonic() + within
        while not (found := true()):
            assert time.monotonic() < deadline, f"not within {within} s: {what or true}"
            time.sleep(0.01)
        return found

    def running(self, operation):
        """Wait until it runs."""
        return self.until(lambda: (r := self.get(operation)).progress is not Progress.QUEUED and r, "to run")

    def ended(self, operation, state=None):
        """Wait for the end, and return the record then."""
        record = self.until(lambda: (r := self.get(operation)).progress is Progress.ENDED and r, f"{operation} to end")
        assert state is None or record.outcome.state is state, (record.outcome.state, record.outcome.message)
        return record

    def preview(self, stack="dev", by=None, **options):
        """A preview that succeeded."""
        return self.ended(self.portal.operations.preview(by or self.developer, stack, **options), State.SUCCEEDED)

    def approved(self, stack="prod"):
        """A preview with all the approvals that it needs."""
        preview = self.preview(stack)
        for who in (self.approver, self.second_approver)[: self.settings.stacks[stack].approvals]:
            self.portal.operations.approve(who, preview.id, "looks right")
        return preview

    def deploy(self, stack="dev"):
        """Preview, approve and deploy, and return the `up`."""
        return self.ended(self.portal.operations.up(self.developer, self.approved(stack).id), State.SUCCEEDED)

    def events(self, operation, after=0):
        """All events of an operation, to its end."""

        async def read():
            return [event async for event in self.portal.feed.events(getattr(operation, "id", operation), after)]

        return coroutines.run(read())

    def audited(self, action=None):
        """The audit log, oldest first."""
        return list(reversed(self.portal.audit.page(self.admin, action=action, limit=500).items))


@pytest.fixture
def portal_world(tmp_path):
    with PortalWorld(tmp_path) as world:
        yield world
