"""The portal's services as one object: what pages and API call, and the threads behind it."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portal.configuration import PortalSettings
from portal.costs.prices import load_prices
from portal.engine import Check, check_settings
from portal.operation import WORKER, Patience
from portal.service.audit import Audit
from portal.service.book import StackBook
from portal.service.drift import Drift
from portal.service.engines import Engines
from portal.service.feed import Feed
from portal.service.github_tokens import GitHubTokens
from portal.service.leadership import Leadership
from portal.service.models import Models
from portal.service.operations import Operations
from portal.service.projects import Projects
from portal.service.queue import Queue
from portal.service.recorder import Recorder
from portal.service.reviews import Reviews
from portal.service.runner import Runner
from portal.service.schedule import Schedule, forget_old
from portal.service.settings_files import SettingsFiles
from portal.service.stack_access import StackAccess, boto3_session
from portal.service.stacks import Stacks
from portal.service.timing import Clock, Timing
from portal.store import Store


def utc_now() -> datetime:
    """Return the time: the clock of a real portal."""
    return datetime.now(UTC)


class Portal:
    """All services of one process. Give it back with `stop`, also where it was never started.

    `store` is opened from the settings where none is given. `environment` is the service's own variables (default: this
    process's). `worker`, `patience` and `check` go to the engine; `make_session` to what talks to AWS.
    """

    def __init__(
        self,
        settings: PortalSettings,
        *,
        store: Store | None = None,
        clock: Clock = utc_now,
        timing: Timing | None = None,
        environment: Mapping[str, str] | None = None,
        worker: str = WORKER,
        patience: Patience | None = None,
        check: Check = check_settings,
        make_session: Any = boto3_session,
    ) -> None:
        self.settings, self.clock = settings, clock
        timing = timing or Timing()
        settings.work.mkdir(parents=True, exist_ok=True)
        self.store = store or Store(settings.database, password=settings.database_password(environment))
        self.book = StackBook(settings, self.store)
        self.queue = Queue(clock)
        self.feed = Feed(self.store, timing)
        self.engines = Engines(
            settings, self.book, environment=environment, worker=worker, patience=patience, check=check
        )
        self.leadership = Leadership(
            store=self.store,
            work=settings.work,
            clock=clock,
            timing=timing,
            seconds=settings.service_lease_seconds,
            changed=self._leadership_changed,
        )
        recorder = Recorder(
            store=self.store, feed=self.feed, queue=self.queue, engines=self.engines, clock=clock, timing=timing
        )
        prices = load_prices(settings.prices)
        self.drift = Drift(store=self.store, book=self.book, queue=self.queue, clock=clock, holder=uuid.uuid4().hex)
        self.stacks = Stacks(store=self.store, book=self.book, drift=self.drift, clock=clock)
        self.operations = Operations(
            store=self.store,
            queue=self.queue,
            feed=self.feed,
            book=self.book,
            clock=clock,
            prices=lambda: prices,
            region=self.stacks.region,
        )
        self.settings_files = SettingsFiles(store=self.store, settings=settings, clock=clock)
        self.reviews = Reviews(store=self.store, settings=settings, clock=clock, queue=self.queue)
        access = StackAccess(settings=settings, clock=clock, environment=environment, make_session=make_session)
        self.models = Models(store=self.store, clock=clock, access=access)
        self.projects = Projects(access=access)
        self.github_tokens = GitHubTokens(settings=settings, book=self.book, access=access)
        self.audit = Audit(store=self.store)
        self.schedule = Schedule(
            {
                "settings": self.settings_files.recover,
                "reviews": lambda: self.reviews.tick(clock()),
                "drift": self.drift.check_due,
                "old events": forget_old(self.store, clock, settings.retention_days),
            },
            timing=timing,
            leads=self.leadership.held,
        )
        self.runner = Runner(
            store=self.store,
            engines=self.engines,
            tokens=self.github_tokens,
            queue=self.queue,
            recorder=recorder,
            clock=clock,
            timing=timing,
            workers=settings.workers,
            leads=self.leadership.held,
            ended=self.schedule.wake,
        )
        self._started = False

    @property
    def leads(self) -> bool:
        """Whether this service is the one that carries operations out."""
        return self.leadership.held()

    def start(self) -> None:
        """Start to carry operations out, or to wait until the service that does is gone."""
        self._started = True
        self.leadership.start()
        self.runner.start()
        self.schedule.start()

    def stop(self) -> None:
        """End in good order: see `Timing.drain` and `Timing.grace` for what runs."""
        if self._started:
            self._started = False
            self.schedule.stop()
            self.runner.stop()
            self.github_tokens.stop()
            self.leadership.stop()
        self.store.close()

    def _leadership_changed(self) -> None:
        self.queue.wake()
        if self._started and self.leads:
            self.schedule.wake()
