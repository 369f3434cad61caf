"""Where a command about projects works: on dev in AWS, or with --local in the embedded AWS and the local GitHub."""

import functools
import getpass
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contracts.projects import TABLE
from local import console
from local.operator_access import ROLE, read_settings
from operations import session
from operations.errors import MisuseError, OperationError
from operations.session import Access
from settings import Environment, StackSettings

if TYPE_CHECKING:
    from local.project_world import ProjectWorld

STACK = "dev"
"""Projects are made, and recorded, by the dev stack."""


@dataclass(kw_only=True)
class Work:
    """A command's access."""

    access: Access
    """To dev."""
    elsewhere: Mapping[str, Access] = field(default_factory=dict)
    """To the other environments, by name, as far as there is."""
    world: "ProjectWorld | None" = None
    """With --local, while something changes: the functions and the local GitHub."""


@contextmanager
def project_work(*, local: bool, as_json: bool, changes: bool = False, profiles: Sequence[str] = ()) -> Iterator[Work]:
    """Give access to dev; errors that a person can act on become a message and exit code 2.

    `profiles` are `ENVIRONMENT=PROFILE`: AWS profiles of the accounts that the usual credentials do not reach.
    """
    with console.teaching_errors(as_json=as_json):
        try:
            settings = read_settings(STACK)
            named = dict(_profile(text) for text in profiles)
            if local:
                with _embedded(settings, changes=changes) as work:
                    yield work
                return
            own = session.connect(settings, session.of_profile(named.pop(STACK, None), settings.region))
            yield Work(access=own, elsewhere={name: _connect(name, profile) for name, profile in named.items()})
        except OperationError as error:
            console.fail(str(error), as_json=as_json)


def _profile(text: str) -> tuple[str, str]:
    environment, sign, profile = text.partition("=")
    known = [each.value for each in Environment]
    if not (sign and profile and environment in known):
        raise MisuseError(f"--profile {text!r}: write ENVIRONMENT=PROFILE; environments are {', '.join(known)}.")
    return environment, profile


def _connect(environment: str, profile: str) -> Access:
    settings = read_settings(environment)
    return session.connect(settings, session.of_profile(profile, settings.region))


@contextmanager
def _embedded(settings: StackSettings, *, changes: bool) -> Iterator[Work]:
    from local.aws.server import EmbeddedAws

    with ExitStack() as leaving:
        aws = leaving.enter_context(EmbeddedAws(console.state_folder(), read_only=not changes))
        world = leaving.enter_context(_world(aws)) if changes else None
        if world is None:
            _check_there(local_access(aws, settings))
        project = console.project_folder()
        others = [each.value for each in Environment if (project / f"Pulumi.{each.value}.yaml").is_file()]
        yield Work(
            access=local_access(aws, settings),
            elsewhere={name: local_access(aws, read_settings(name)) for name in others},
            world=world,
        )


def _world(aws: Any) -> "ProjectWorld":
    from local.project_world import ProjectWorld

    return ProjectWorld(aws, project=console.project_folder(), folder=console.state_folder())


def _check_there(access: Access) -> None:
    if access.names.table(TABLE) not in access.client("dynamodb").list_tables()["TableNames"]:
        raise MisuseError(
            f"{console.state_folder()} holds no projects yet. Make one: mlops project create churn --product"
            " model-training --owner LOGIN --local, with a login that Pulumi.dev.yaml names."
        )


def local_access(aws: Any, settings: StackSettings, person: str = "") -> Access:
    """Return access to a stack of the embedded AWS, as `person`, as who sits at this machine where none is named."""
    from local.aws import identity

    name = re.sub(r"[^\w+=,.@-]", "-", person or getpass.getuser())[:64].ljust(2, "-")

    @functools.cache
    def client(service: str) -> Any:
        return identity.client_as(aws, service, settings.account, settings.region, role=ROLE, session=name)

    make: Callable[[str], Any] = client
    return Access(settings=settings, client=make, caller=str(make("sts").get_caller_identity()["Arn"]))
