"""A service in a process of its own, forked from one that has everything imported, so that it can be killed."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from portal.operation import Patience
from portal.service.portal import Portal
from portal.store import Store
from tests.portal.faults.points import Points
from tests.portal.world import QUICK, PortalWorld

WORKER = "tests.portal.faults.worker"
NURSERY = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(["tests.portal.faults.service"])
ANSWERS_WITHIN = 60.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a service process is started with."""

    settings: Any
    environment: dict
    database: str = ""
    ahead: float = 0.0
    """Seconds that its clock is ahead: a service that starts so finds the lease of the one before over."""
    fault: Any = None
    options: dict = field(default_factory=dict)


class GoneError(Exception):
    """The service died before it answered."""


class RefusedError(Exception):
    """The service raised an error; `kind` is its class's name."""

    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class Service:
    """A service process, from outside."""

    def __init__(self, plan):
        self._connection, theirs = NURSERY.Pipe()
        self.process = NURSERY.Process(target=serve, args=(plan, theirs))
        self.process.start()
        theirs.close()
        self.pid = self.process.pid

    def ask(self, what, who="", *arguments, **named):
        """Call a method of the portal: "operations.up" by "developer". Raises GoneError, RefusedError."""
        try:
            self._connection.send((what, who, arguments, named))
            assert self._connection.poll(ANSWERS_WITHIN), f"{what}: no answer"
            good, answer = self._connection.recv()
        except (EOFError, ConnectionError):
            raise GoneError(what) from None
        if not good:
            raise RefusedError(*answer)
        return answer

    @property
    def alive(self):
        return self.process.is_alive()

    def was_killed(self):
        """Wait for its death, and return whether it was SIGKILL's."""
        self.process.join(20)
        return self.process.exitcode == -signal.SIGKILL

    def kill(self):
        self.process.kill()
        assert self.was_killed()

    def frozen(self):
        """Wait until it stands still."""
        deadline = time.monotonic() + 20
        while psutil.Process(self.pid).status() != psutil.STATUS_STOPPED:
            assert self.alive, "it died"
            assert time.monotonic() < deadline, "it does not stop"
            time.sleep(0.01)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def close(self):
        if self.alive:
            self.process.kill()
            self.process.join(20)
        self._connection.close()


class _AheadClock:
    def __init__(self, seconds):
        self.ahead = timedelta(seconds=seconds)

    def __call__(self):
        return datetime.now(UTC) + self.ahead


def serve(plan, connection):
    """Be a service until the test's end of the connection is closed."""
    Points(plan.fault)
    clock = _AheadClock(plan.ahead)
    portal = Portal(
        plan.settings,
        store=Store(plan.database) if plan.database else None,
        clock=clock,
        environment=plan.environment,
        **{"timing": QUICK, "worker": WORKER, "patience": Patience(deadline=60, grace=10, silence=30), **plan.options},
    )
    portal.start()
    while True:
        try:
            what, who, arguments, named = connection.recv()
        except EOFError:
            portal.stop()
            return
        try:
            answer = (True, _answer(portal, clock, what, who, arguments, named))
        except Exception as error:  # noqa: BLE001  # whatever it is, the test is told
            answer = (False, (type(error).__name__, str(error)))
        connection.send(answer)


def _answer(portal, clock, what, who, arguments, named):
    if what == "forward":
        clock.ahead += timedelta(**named)
        return portal.leadership.attempt()
    if what == "leads":
        return portal.leads
    if what == "running":
        return portal.runner.running
    service, _, method = what.partition(".")
    return getattr(getattr(portal, service), method)(getattr(PortalWorld, who), *arguments, **named)
