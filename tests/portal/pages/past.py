"""A portal with a past: its application, and browsers of people in each role."""

import shutil
from datetime import timedelta
from pathlib import Path

import httpx
from fastapi.testclient import TestClient

from portal.access.oidc import OidcClient
from portal.access.role_mapping import RoleMapping
from portal.access.roles import Actor, Role
from portal.app import create_app
from portal.configuration import Drift, Login, PortalSettings, Reviews, StackRules
from portal.fingerprints import Fingerprint
from portal.outcomes import Outcome, Reason, State
from portal.records import ReviewRecord, ReviewState, SessionRecord
from portal.requests import Kind
from portal.service.portal import Portal
from portal.web.sessions import Sessions
from tests.portal.pages import aws_values, seeded
from tests.portal.pages.seeded import HOSTILE, NOW, Record

URL = "http://127.0.0.1:8080"
PROJECT = Path(__file__).parents[3]
PEOPLE = {
    "vera": Actor(id="oidc:idp#vera", name="Vera Viewer", roles={"*": Role.VIEWER}),
    "dan": Actor(id="oidc:idp#dan", name="Dan Developer", roles={"*": Role.DEVELOPER}),
    "ann": Actor(id="oidc:idp#ann", name="Ann Approver", roles={"*": Role.APPROVER}),
    "adam": Actor(id="oidc:idp#adam", name="Adam Admin", roles={"*": Role.ADMIN}),
    "devi": Actor(id="oidc:idp#devi", name="Devi Devonly", roles={"dev": Role.DEVELOPER}),
}
ONE_RULE = {"role": ({"claim": "groups", "value": "ml", "role": "viewer"},)}


class Clock:
    """Stands, but for a millisecond at each look, so that what comes later is later."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        self.now += timedelta(milliseconds=1)
        return self.now


def stack_files(project):
    """Put the project's own stack files into a folder."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.preprod.yaml", "Pulumi.prod.yaml"):
        shutil.copy(PROJECT / name, project / name)


class Past:
    """The portal, and the operations that were recorded in it, by what they are."""

    def __init__(self, folder, url=URL):
        self.clock, self._read, self._readers = Clock(), {}, {}
        project = folder / "project"
        project.mkdir()
        stack_files(project)
        self.settings = PortalSettings(
            url=url,
            project=project,
            work=folder / "work",
            backend=f"file://{folder}/state",
            environment=("PATH",),
            database=f"sqlite:///{folder}/portal.db",
            login=Login(issuer="http://127.0.0.1:1", client_id="portal"),
            roles=RoleMapping.model_validate(ONE_RULE),
            reviews=Reviews(enabled=True),
            stacks={
                "dev": StackRules(drift=Drift(every_hours=6)),
                "preprod": StackRules(approvals=1),
                "prod": StackRules(approvals=2, by_others=True, drift=Drift(every_hours=24)),
            },
        )
        self.portal = Portal(self.settings, clock=self.clock, environment={"PATH": "/usr/bin"})
        self.portal.models, self.portal.projects = aws_values.Models(), aws_values.Projects()
        self.record = Record(self.portal.store, self.portal.queue, self.clock)
        self.app = create_app(
            self.portal,
            self.settings,
            login=OidcClient(self.settings.login.oidc({}), httpx.Client(), self.clock),
            clock=self.clock,
            session_key=b"k" * 32,
        )
        self._happen()
        self.folder = folder
        self.portal.store.close()
        shutil.copy(folder / "portal.db", folder / "then.db")

    def again(self):
        """Make everything as it was: quicker than another past."""
        self.portal.store.close()
        for part in ("portal.db-wal", "portal.db-shm"):
            (self.folder / part).unlink(missing_ok=True)
        shutil.copy(self.folder / "then.db", self.folder / "portal.db")
        stack_files(self.folder / "project")
        self.portal.models.asked.clear()
        self.clock.now = NOW

    def _happen(self):
        dan, ann, put = PEOPLE["dan"], PEOPLE["ann"], self.record.put
        minutes, hours, days = (
            (lambda n: timedelta(minutes=n)),
            (lambda n: timedelta(hours=n)),
            (lambda n: timedelta(days=n)),
        )
        first = put(
            dan,
            Kind.PREVIEW,
            "prod",
            "first deployment",
            ago=days(9),
            outcome=seeded.PREVIEWED,
            events=seeded.preview_events(5),
        )
        done = Outcome(state=State.SUCCEEDED, counts={"create": 71}, resources=71, seconds=412, state_version="5e" * 32)
        self.deployed = put(
            dan,
            Kind.UP,
            "prod",
            "first deployment",
            ago=days(9) - hours(1),
            outcome=done,
            events=seeded.up_events(),
            seconds=412,
            preview=first.id,
        )
        self.preview = put(
            dan,
            Kind.PREVIEW,
            "prod",
            f"second zone, lower gate {HOSTILE}",
            ago=minutes(24),
            outcome=seeded.PREVIEWED,
            events=seeded.preview_events(),
        )
        put(dan, Kind.UP, "dev", "weekly", ago=days(2), outcome=done, seconds=300)
        self.drift = put(
            dan,
            Kind.DRIFT,
            "dev",
            "",
            ago=hours(3),
            events=seeded.drift_events("dev"),
            outcome=Outcome(state=State.SUCCEEDED, counts={"update": 1, "delete": 1, "same": 69}, seconds=21),
        )
        self.lost = put(
            ann,
            Kind.UP,
            "preprod",
            "new endpoint",
            ago=hours(1),
            outcome=seeded.LOST,
            events=seeded.failed_events(),
            seconds=72,
        )
        wrong = Outcome(
            state=State.FAILED,
            reason=Reason.SETTINGS,
            message="Pulumi.dev.yaml: 1 mistake in mlops:settings",
            seconds=0.2,
        )
        self.failed = put(dan, Kind.PREVIEW, "dev", "", ago=minutes(50), outcome=wrong, seconds=0)
        self.clean = put(
            dan,
            Kind.PREVIEW,
            "dev",
            "no change",
            ago=minutes(40),
            seconds=20,
            outcome=Outcome(
                state=State.SUCCEEDED,
                counts={"same": 71},
                resources=71,
                seconds=20,
                fingerprint=Fingerprint(commit="c" * 40, program="p", config="c", state="s", plan="q"),
            ),
        )
        self.running = put(
            dan, Kind.REFRESH, "dev", "after the console", ago=timedelta(seconds=30), events=seeded.up_events(2)
        )
        with self.portal.store.writing() as unit:
            for name, state, left in (("feature-nat", ReviewState.UP, 20), ("fix-gate", ReviewState.FAILED, 3)):
                unit.reviews.put(
                    ReviewRecord(
                        name=name,
                        branch=f"feature/{name}",
                        commit="ab12" * 10,
                        by=dan.person,
                        by_name=dan.name,
                        created=NOW - hours(4),
                        expires=NOW + hours(left),
                        state=state,
                        problem="quota of elastic addresses" if state is ReviewState.FAILED else "",
                    )
                )

    def session(self, person):
        """Log somebody in; return the cookie's value."""
        actor, cookie = PEOPLE[person], f"cookie-of-{person}"
        kept = {
            "id": actor.id,
            "name": actor.name,
            "email": actor.email,
            "roles": {k: r.value for k, r in actor.roles.items()},
        }
        with self.portal.store.writing() as unit:
            unit.sessions.delete(Sessions.name_of(cookie))
            unit.sessions.put(
                SessionRecord(
                    hash=Sessions.name_of(cookie),
                    by=actor.id,
                    actor=kept,
                    created=NOW,
                    last_seen=NOW,
                    expires=NOW + timedelta(hours=12),
                )
            )
        return cookie

    def read(self, person, address):
        """Return a page's text and status; read once, as nobody changes this past."""
        if (person, address) not in self._read:
            if person not in self._readers:
                self._readers[person] = self.browser(person)
            answer = self._readers[person].get(address)
            self._read[person, address] = (answer.text, answer.status_code)
        return self._read[person, address]

    def browser(self, person):
        """Return a browser in which somebody is logged in; it follows no redirect by itself."""
        browser = TestClient(self.app, base_url=URL, follow_redirects=False, headers={"origin": URL})
        browser.cookies.set("mlops-session", self.session(person))
        return browser
