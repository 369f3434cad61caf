"""Where an operator's command works: on a stack in AWS, or with --local on the same stack in the embedded AWS.

On this machine a change is followed by what listens to it: the stack's own rules and functions, as `local.delivery`
brings them up from the program. Looking needs none of that and takes no lock.
"""

import functools
import getpass
import importlib.util
import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local import console
from operations import session
from operations.errors import NotFoundError, OperationError
from operations.session import Access
from settings import Environment, StackSettings, read_stack_file

ROLE = "mlops-operator"
"""Role in which people act on this machine, as in `local.delivery`."""
ATTEMPTS = 3
"""Runs of one asynchronous invocation: Lambda's first and its two retries."""


@dataclass(kw_only=True)
class Operation:
    """A command's access, and what followed from it on this machine."""

    access: Access
    heard: list[str] = field(default_factory=list)
    """What functions did, one sentence each."""
    unheard: list[str] = field(default_factory=list)
    """What nothing listens to, one sentence each."""
    _delivery: Any = None
    _access_to: Callable[[StackSettings], Access] | None = None

    def following(self, profile: str | None) -> Access | None:
        """Return access to the next environment; None where there is none, or where nothing says how to sign in.

        With --local and with a single account this access is enough; else `profile` is an AWS profile of that account.
        """
        own = self.access.settings
        if own.next_environment is None:
            return None
        stack = own.next_environment.value
        if not (console.project_folder() / f"Pulumi.{stack}.yaml").is_file():
            return None
        settings = read_settings(stack)
        if self._access_to is not None:
            return self._access_to(settings)
        if profile is None and settings.account != own.account:
            return None
        return session.connect(settings, session.of_profile(profile, settings.region))

    def settle(self) -> None:
        """With --local: let functions, buses and endpoints do what follows from what was changed. In AWS: nothing."""
        if self._delivery is not None:
            self._delivery.follow(self.heard, self.unheard)


def follow(aws: Any, stack: str) -> tuple[list[str], list[str]]:
    """Bring up what listens to a stack, deliver what waits; return what functions did, and what nothing listens to."""
    heard: list[str] = []
    unheard: list[str] = []
    with _Delivery.of(aws, stack) as delivery:
        delivery.follow(heard, unheard)
    return heard, unheard


@contextmanager
def operation(
    stack: str, *, local: bool, as_json: bool, changes: bool = False, heard: bool = False
) -> Iterator[Operation]:
    """Give access to a stack; errors that a person can act on become a message and exit code 2.

    With `local`, a command that `changes` takes the state's lock, and one that is `heard` brings up who listens.
    """
    with console.teaching_errors(as_json=as_json):
        try:
            settings = read_settings(stack)
            if not local:
                yield Operation(access=session.connect(settings))
                return
            with _embedded(stack, settings, changes=changes, heard=heard) as found:
                yield found
        except OperationError as error:
            console.fail(str(error), as_json=as_json)


def read_settings(stack: str) -> StackSettings:
    """Return a stack's settings. Raises NotFoundError that lists the stacks there are."""
    project = console.project_folder()
    file = project / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.name.split(".")[1] for path in project.glob("Pulumi.*.yaml"))) or "none"
        raise NotFoundError(f"stack {stack!r}: {file} does not exist. This project has: {known}.")
    return read_stack_file(file)


@contextmanager
def _embedded(stack: str, settings: StackSettings, *, changes: bool, heard: bool) -> Iterator[Operation]:
    from local.aws import identity
    from local.aws.server import EmbeddedAws

    person = re.sub(r"[^\w+=,.@-]", "-", getpass.getuser())[:64].ljust(2, "-")
    with ExitStack() as leaving:
        aws = leaving.enter_context(EmbeddedAws(console.state_folder(), read_only=not changes))
        delivery = leaving.enter_context(_Delivery.of(aws, stack)) if heard else None

        def access_to(settings: StackSettings) -> Access:
            @functools.cache
            def client(service: str) -> Any:
                if delivery is not None and service in delivery.own_clients:
                    return delivery.own_clients[service](settings)
                return identity.client_as(aws, service, settings.account, settings.region, role=ROLE, session=person)

            caller = client("sts").get_caller_identity()["Arn"]
            return Access(settings=settings, client=client, caller=caller)

        yield Operation(access=access_to(settings), _delivery=delivery, _access_to=access_to)


@contextmanager
def _listening(aws: Any, stacks: list[str]) -> Iterator[Any]:
    """Bring up the stacks, with the local GitHub where projects were made on this machine: approvals lead there."""
    from local.delivery import LocalDelivery
    from local.github.server import STATE
    from local.project_world import ProjectWorld

    folder = console.state_folder()
    if stacks[0] == "dev" and (folder / STATE).is_file():
        with ProjectWorld(aws, project=console.project_folder(), folder=folder, stacks=stacks) as projects:
            yield projects.delivery
        return
    with LocalDelivery(aws, project=console.project_folder(), stacks=stacks) as world:
        yield world


class _Delivery:
    """The functions and buses of the stacks from one environment on, where this checkout has them."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._unheard: list[str] = []
        self.own_clients = {"events": self._events, "lambda": self._lambda}
        """What moto does not carry on to this project's functions."""

    @classmethod
    @contextmanager
    def of(cls, aws: Any, stack: str) -> Iterator["_Delivery"]:
        """Bring up what listens; nothing does where `local.delivery` is not part of this checkout."""
        if importlib.util.find_spec("local.delivery") is None:
            yield cls(None)
            return
        from local.demo_delivery import IMAGE

        order = [environment.value for environment in Environment]
        there = [s for s in order[order.index(stack) :] if (console.project_folder() / f"Pulumi.{s}.yaml").is_file()]
        with _listening(aws, there) as world:
            for name, settings in world.settings.items():
                for model in settings.models:
                    if settings.promoted_from(model) is None:
                        world.push_image(name, model, IMAGE)  # promotion goes by digest, and nobody pushed one here
            yield cls(world)

    def follow(self, heard: list[str], unheard: list[str]) -> None:
        """Run what was invoked, deliver what was sent, until nothing is under way; note who did what."""
        if self._world is None:
            unheard.append("this checkout has no local.delivery, so no function runs here")
            return
        runs, records = len(self._world.functions.log), len(self._world.bridge.log)
        for arn, event in self._waiting:
            request_id = str(uuid.uuid4())
            for attempt in range(1, ATTEMPTS + 1):
                if self._world.functions.attempt(arn, event, request_id, attempt):
                    break
        self._waiting.clear()
        self._world.settle()
        heard += [_sentence(run) for run in self._world.functions.log[runs:]]
        unheard += self._unheard + [
            f"no rule matches {record.event['detail-type']}"
            for record in self._world.bridge.log[records:]
            if record.what == "unmatched" and "Model Package" in record.event["detail-type"] and _is_approval(record)
        ]
        self._unheard = []

    def _events(self, settings: StackSettings) -> "_Events":
        return _Events(self._world, settings, self._unheard)

    def _lambda(self, settings: StackSettings) -> "_Lambda":
        return _Lambda(self._world, settings, self._waiting)


def _is_approval(record: Any) -> bool:
    detail = record.event["detail"]
    changed = detail.get("UpdatedModelPackageFields")
    return detail.get("ModelApprovalStatus") == "Approved" and (changed is None or "ModelApprovalStatus" in changed)


def _sentence(run: Any) -> str:
    environment = run.arn.rsplit(":", 1)[-1].split("-")[2]
    if run.error is not None:
        last = "; its event waits in the dead-letter queue" if run.dead_lettered else ", and will be tried again"
        return f"{run.function} in {environment} failed: {run.error}{last}"
    said = run.result if isinstance(run.result, dict) else {}
    words = [str(said[name]) for name in ("outcome", "why", "state") if said.get(name)]
    return f"{run.function} in {environment}: {', '.join(words) or 'done'}"


class _Events:
    """PutEvents as the bus of this machine takes it."""

    def __init__(self, world: Any, settings: StackSettings, unheard: list[str]) -> None:
        self._world, self._settings, self._unheard = world, settings, unheard

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  # boto3's spelling
        """Publish events on the default bus of the stack's account."""
        sent = []
        for entry in Entries:
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": entry["DetailType"],
                "source": entry["Source"],
                "account": self._settings.account,
                "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": self._settings.region,
                "resources": entry.get("Resources", []),
                "detail": json.loads(entry["Detail"]),
            }
            if self._world is None or not self._world.bridge.publish(event):
                self._unheard.append(f"no rule matches {entry['DetailType']}")
            sent.append({"EventId": event["id"]})
        return {"FailedEntryCount": 0, "Entries": sent}


class _Lambda:
    """Invoke as Lambda takes it: accepted now, run later."""

    def __init__(self, world: Any, settings: StackSettings, waiting: list[tuple[str, dict[str, Any]]]) -> None:
        self._world, self._settings, self._waiting = world, settings, waiting

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  # boto3's
        """Accept an event for a function of the stack's account."""
        arn = f"arn:{self._settings.names.partition}:lambda:{self._settings.region}:{self._settings.account}:function"
        target = f"{arn}:{FunctionName}"
        if self._world is None or not self._world.functions.knows(target):
            said = {"Code": "ResourceNotFoundException", "Message": f"Function not found: {target}"}
            raise ClientError({"Error": said}, "Invoke")
        if InvocationType != "Event":
            raise ValueError(f"InvocationType {InvocationType}: operators' commands invoke with Event only")
        self._waiting.append((target, json.loads(Payload)))
        return {"StatusCode": 202}
