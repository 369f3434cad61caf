"""A project in a git checkout, a portal's configuration, its database, and a clock that stands until it is moved."""

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from portal.access.roles import Actor, Role
from portal.configuration import parse
from portal.service.git_checkout import GitCheckout, Person
from portal.store import Store
from tests.harness import ROOT

START = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
PORTAL = Person(name="MLOps portal", email="portal@portal.example.com")


def actor(name="Ada", **fields):
    roles = {"*": fields.pop("role", Role.ADMIN)}
    values = {"id": f"oidc:id.example.com#{name.lower()}", "email": f"{name.lower()}@example.com", "roles": roles}
    return Actor(name=name, **{**values, **fields})


class Clock:
    """Says what it was set to."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def passes(self, **time):
        self.now += timedelta(**time)


class Project:
    """A folder with a program's description and the stack file of dev, in git."""

    def __init__(self, folder, home):
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
        self.file = folder / "Pulumi.dev.yaml"

    def git(self, *arguments, check=True):
        names = {"GIT_AUTHOR_NAME": "Grace", "GIT_AUTHOR_EMAIL": "g@example.com", "GIT_COMMITTER_NAME": "Grace",
                 "GIT_COMMITTER_EMAIL": "g@example.com"}  # fmt: skip
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env={**self.environment, **names},
            capture_output=True,
            text=True,
            check=check,
        )
        return done.stdout.strip()

    def branch(self, name, text=None):
        """Make a branch with a commit of its own, and come back."""
        self.git("switch", "--quiet", "-c", name)
        if text is not None:
            self.file.write_text(text)
        (self.folder / "change.txt").write_text(name)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", f"work on {name}")
        commit = self.git("rev-parse", "HEAD")
        self.git("switch", "--quiet", "main")
        return commit

    def checkout(self):
        return GitCheckout(self.folder, portal=PORTAL, environment=self.environment)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A project with one commit, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    project = Project(folder / "project", folder)
    project.folder.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, project.folder / name)
    (project.folder / "other.txt").write_text("one\n")
    project.git("init", "--quiet", "--initial-branch=main")
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "begin")
    return project


@pytest.fixture
def project(tmp_path, template):
    shutil.copytree(template.folder, tmp_path / "project")
    return Project(tmp_path / "project", tmp_path)


@pytest.fixture
def settings(tmp_path, project):
    document = {
        "url": "https://portal.example.com",
        "project": str(project.folder),
        "work": str(tmp_path / "work"),
        "backend": f"file://{tmp_path}/state",
        "database": f"sqlite:///{tmp_path}/portal.db",
        "login": {"issuer": "https://id.example.com", "client_id": "portal"},
        "roles": {"role": [{"claim": "groups", "value": "platform", "role": "admin"}]},
        "stacks": {"dev": {}, "prod": {"approvals": 1}},
        "reviews": {"enabled": True, "base_stack": "dev", "hours": 24, "longest": 72, "most": 2},
    }
    return parse(document, source="portal.toml", folder=tmp_path)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A database with its schema, to be copied: making one takes longer than most tests."""
    file = tmp_path_factory.mktemp("database") / "portal.db"
    Store(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def store(tmp_path, empty_database):
    for part in empty_database.parent.glob("portal.db*"):
        shutil.copy(part, tmp_path / part.name)
    store = Store(f"sqlite:///{tmp_path}/portal.db")
    yield store
    store.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def audit(store):
    """What the audit log says: pairs of action and details, oldest first."""

    def entries():
        with store.reading() as unit:
            return [(entry.action, dict(entry.details)) for entry in reversed(unit.audit.page().items)]

    return entries
