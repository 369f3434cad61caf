"""`mlops portal here`: the portal on this machine, for a look, with no account, no configuration, and fictional people.

Everything is below `.mlops/portal`: database, operations, state, and a copy of the stack files that one may edit. The
checkout itself stays as it is, but for the worktrees of review environments, which git notes in it. Remove the folder
to begin anew.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from local import console
from local.identity_provider.people import PEOPLE, Client
from local.portal_here_cloud import KEYS, Cloud, cloud, stack_names

if TYPE_CHECKING:
    from fastapi import FastAPI

    from portal.configuration import PortalSettings

HOST = "127.0.0.1"
CLIENT = "mlops-portal"
PASSED = (
    "PATH", "HOME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "PULUMI_HOME",
    "PULUMI_CONFIG_PASSPHRASE", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "AWS_ENDPOINT_URL",
    "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)  # fmt: skip
"""Of the service's variables, those that the engine gets."""
RULES: Mapping[str, Mapping[str, Any]] = {
    "dev": {},
    "preprod": {"approvals": 1},
    "prod": {"approvals": 1, "by_others": True},
}
DRIFT = {"every_hours": 24}
REVIEWS = {"enabled": True, "base_stack": "dev", "hours": 4, "longest": 24, "most": 2}
WITHOUT_ENGINE = (
    "Previews only: the Pulumi CLI or its aws plugin is not on this machine.",
    "Deployments, drift checks and review environments need them.",
)
WITHOUT_GIT = ("No review environments: they need dev, and the top of a git checkout.",)
ROLES = ("viewer", "developer", "approver", "admin")


def here(port: int, started: Callable[[list[str]], None]) -> None:
    """Serve until Ctrl-C. `started` gets the greeting. Raises StartError where a port is somebody else's."""
    from portal.serve import run

    with portal_here(port) as (app, listener, url):
        run(app, listener, lambda: started(greeting(url, app.state.portal.settings)))


def greeting(url: str, settings: "PortalSettings") -> list[str]:
    """Return what a newcomer is told: where, as whom, and what is off and why."""
    people = [f"  {each.name:<16} {each.about}" for each in PEOPLE]
    off: tuple[str, ...] = ()
    if not any(rules.drift for rules in settings.stacks.values()):
        off = WITHOUT_ENGINE
    elif not settings.reviews.enabled:
        off = WITHOUT_GIT
    return [f"The portal: {url}", "Log in by a click as", *people, *off, "Ctrl-C ends it."]


@contextmanager
def portal_here(port: int) -> Iterator[tuple["FastAPI", Any, str]]:
    """Give the application with all that it stands on, the socket it listens on, and its address."""
    from local.identity_provider.server import IdentityProvider
    from portal.access.issuer_http import issuer_client
    from portal.access.oidc import OidcClient
    from portal.app import create_app
    from portal.configuration import Listen
    from portal.serve import StartError, listening
    from portal.service.git_checkout import GitCheckout
    from portal.service.portal import Portal, utc_now
    from portal.service.reviews import Reviews
    from portal.service.settings_files import portal_identity
    from portal.service.timing import Timing
    from settings import read_stack_file

    folder = console.state_folder() / "portal"
    project = _project(folder / "project", console.project_folder())
    stacks = {name: read_stack_file(project / f"Pulumi.{name}.yaml") for name in stack_names(project)}
    with ExitStack() as leaving:
        listener = leaving.enter_context(listening(Listen(host=HOST, port=port)))
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        leaving.enter_context(_log_in(folder / "portal.log"))
        try:  # the port beside: the address is part of people's ids, and has to be the same next time
            issuer = leaving.enter_context(IdentityProvider(port=port + 1 if port else 0))
        except OSError as error:
            raise StartError(
                f"{HOST}:{port + 1} cannot be listened on: {error.strerror}. Choose another --port."
            ) from error
        issuer.register(
            Client(client_id=CLIENT, redirect_uris=(f"{url}/login/callback",), logout_uris=(f"{url}/signed-out",))
        )
        found = leaving.enter_context(cloud(stacks, os.environ))
        settings = _settings(folder, project, tuple(stacks), url=url, issuer=issuer.url, found=found)
        login = OidcClient(settings.login.oidc({}), leaving.enter_context(issuer_client(issuer.url)), utc_now)
        portal = Portal(
            settings,
            environment=found.environment,
            worker=found.worker,
            make_session=found.session,
            timing=Timing(drain=0.0, grace=30.0),  # Ctrl-C means now
        )
        leaving.callback(portal.stop)
        checkout = GitCheckout(console.project_folder(), portal=portal_identity(settings))
        portal.reviews = Reviews(  # of the checkout's branches: the project here is a copy of its stack files
            store=portal.store, settings=settings, clock=portal.clock, queue=portal.queue, checkout=checkout
        )
        yield create_app(portal, settings, login=login, clock=utc_now), listener, url


@contextmanager
def _log_in(file: Path) -> Iterator[None]:
    """Have the process's log in a file: the terminal is for the newcomer."""
    from portal import logging_setup

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with file.open("a", encoding="utf-8") as stream:
        logging_setup.configure(stream=stream)
        try:
            yield
        finally:
            root.handlers[:] = before
            root.setLevel(level)


def _settings(
    folder: Path, project: Path, stacks: tuple[str, ...], *, url: str, issuer: str, found: Cloud
) -> "PortalSettings":
    from portal.configuration import parse

    reviews = found.has_engine and REVIEWS["base_stack"] in stacks and _is_checkout(console.project_folder())

    state = folder / "state"
    state.mkdir(exist_ok=True)
    document = {
        "url": url,
        "project": str(project),
        "work": str(folder / "work"),
        "backend": f"file://{state.resolve()}",
        "database": f"sqlite:///{folder.resolve() / 'portal.db'}",
        "login": {"issuer": issuer, "client_id": CLIENT},
        "roles": {"role": [{"claim": "groups", "value": f"ml-{role}s", "role": role} for role in ROLES]},
        "stacks": {
            name: {
                **RULES[name],
                **({"drift": DRIFT} if found.has_engine else {}),
                "credentials": {"environment": {"AWS_ACCESS_KEY_ID": KEYS.format(stack=name.upper())}},
            }
            for name in stacks
        },
        "environment": PASSED,
        "plugins": found.plugins,
        "workers": 2,
        "reviews": REVIEWS if reviews else {"enabled": False},
    }
    return parse(document, source="portal here", folder=folder)


def _is_checkout(folder: Path) -> bool:
    from portal.service.git_checkout import GitCheckout, GitError, Person

    try:
        return GitCheckout(folder, portal=Person(name="portal", email="")).is_whole()
    except GitError:  # git is not there, or refuses a folder of somebody else's
        return False


def _project(folder: Path, checkout: Path) -> Path:
    """Return a project with the checkout's program and stack files of its own, which people edit in the portal."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in stack_names(checkout):
        file = f"Pulumi.{name}.yaml"
        if not (folder / file).exists():
            shutil.copy(checkout / file, folder / file)
    description = yaml.safe_load((checkout / "Pulumi.yaml").read_text(encoding="utf-8"))
    description["main"] = str(checkout.resolve())
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(description, sort_keys=False), encoding="utf-8")
    policy = folder / "policy"
    if not policy.is_symlink():
        policy.symlink_to((checkout / "policy").resolve())
    return folder
