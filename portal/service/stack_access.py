"""The AWS of a stack as one person: sessions of the stack's operator role that carry the person's name.

`stacks.<name>.operator_role_arn` is a role that people's decisions are made in. The portal takes it on with the person
as SourceIdentity, which nobody can change afterwards: the registry, CloudTrail and the deliveries table then say who it
was, and the role's own policies and trust decide what is possible. Without the role the portal reads with its own
credentials of the stack, and decides nothing.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

from operations import errors as aws
from operations import session
from portal.access.roles import Action, Actor, ForbiddenError
from portal.configuration import ConfigurationError, PortalSettings
from portal.service.errors import ConflictError, InvalidError, NotThereError, UnavailableError
from portal.service.reasons import source_identity
from portal.service.stack_credentials import session_arguments
from portal.workspace import stack_file
from settings import SettingsError, StackSettings, read_stack_file

SPARE = timedelta(minutes=5)
"""A session is not used so shortly before its end that it may expire within a page."""
OWN = timedelta(hours=1)
"""How long clients by the portal's own credentials are kept; those renew themselves."""
MOST_KEPT = 500
SessionMaker = Callable[[Mapping[str, Any], str], Any]
"""Makes a boto3 session of credentials (arguments of boto3.Session) in a region; of the usual chain where empty."""


def boto3_session(credentials: Mapping[str, Any], region: str) -> Any:
    """Return a session of its own: the default one is shared, and not for several threads."""
    return boto3.Session(**credentials, region_name=region)


@dataclass(frozen=True, slots=True)
class _Kept:
    access: session.Access
    until: datetime


class StackAccess:
    """Access to the AWS of the portal's stacks, one session for each person and stack. Safe for several threads."""

    def __init__(
        self,
        *,
        settings: PortalSettings,
        clock: Callable[[], datetime],
        environment: Mapping[str, str] | None = None,
        make_session: SessionMaker = boto3_session,
    ) -> None:
        self._settings, self._clock = settings, clock
        self._environment, self._make_session = environment, make_session
        self._kept: dict[tuple[str, ...], _Kept] = {}
        self._lock = threading.Lock()

    def reading(self, actor: Actor, stack: str) -> session.Access:
        """Return access for looking: in the person's name where the stack has an operator role."""
        return self._access(actor, stack)

    def deciding(self, actor: Actor, stack: str) -> session.Access:
        """Return access for a decision, which AWS records in the person's name. Raises ConflictError without a role."""
        if self._rules(stack).operator_role_arn is None:
            raise ConflictError(
                f"Nobody can decide on models of {stack} here: the portal has no role for it in which AWS would record "
                "who decided.",
                f"Set stacks.{stack}.operator_role_arn in the portal's configuration (docs/portal-editing.md has the "
                "role), or decide with `mlops models approve`.",
            )
        return self._access(actor, stack)

    def of_engine(self, stack: str) -> session.Access:
        """Return access by the credentials that the engine gets for the stack: what its operations can do, no more."""
        return self._own(self._stack_settings(stack), stack).access

    def stacks(self) -> tuple[str, ...]:
        """Return the names of the stacks that have an AWS to look at."""
        return tuple(self._settings.stacks)

    def environment_of(self, stack: str) -> str:
        """Return the environment that a stack is: dev, preprod or prod."""
        return self._stack_settings(stack).environment.value

    def _access(self, actor: Actor, stack: str) -> session.Access:
        role = self._rules(stack).operator_role_arn
        settings = self._stack_settings(stack)
        identity = source_identity(actor.person) if role else ""
        # By the settings' content: an edited stack file is another stack.
        key = (stack, settings.model_dump_json(), role or "", actor.person if role else "", identity)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and self._clock() < kept.until:
            return kept.access
        with told(actor, stack, Action.VIEW):
            made = self._assumed(settings, stack, role, identity) if role else self._own(settings, stack)
        with self._lock:
            now = self._clock()
            self._kept = {each: found for each, found in self._kept.items() if now < found.until}
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = made
        return made.access

    def _own(self, settings: StackSettings, stack: str) -> _Kept:
        access = session.connect(settings, self._base(settings, stack))
        return _Kept(access, self._clock() + OWN)

    def _assumed(self, settings: StackSettings, stack: str, role: str, identity: str) -> _Kept:
        sts = self._base(settings, stack).client(
            "sts",
            region_name=settings.region,
            config=Config(
                connect_timeout=session.CONNECT_SECONDS,
                read_timeout=session.READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": session.ATTEMPTS},
            ),
        )
        hint = (
            f"The trust policy of {role} has to admit the portal for sts:AssumeRole and sts:SetSourceIdentity; "
            "docs/portal-editing.md shows one."
        )
        with aws.told(f"take on the operator role of {stack} as {identity}", hint=hint):
            answer = sts.assume_role(RoleArn=role, RoleSessionName=identity, SourceIdentity=identity)["Credentials"]
        credentials = {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }
        access = session.connect(settings, self._make_session(credentials, settings.region))
        return _Kept(access, answer["Expiration"] - SPARE)

    def _base(self, settings: StackSettings, stack: str) -> Any:
        """Return a session by the credentials that the engine gets for the stack, else by the portal's own chain."""
        try:
            given = self._settings.engine_environment(stack, self._environment)
        except ConfigurationError as error:
            raise UnavailableError(f"The portal is not configured for {stack}: {error}") from error
        return self._make_session(session_arguments(given, settings.region), settings.region)

    def _rules(self, stack: str) -> Any:
        if stack not in self._settings.stacks:
            known = ", ".join(self._settings.stacks)
            raise NotThereError(f"stack {stack!r}: the portal has no such stack; it has {known}.")
        return self._settings.stacks[stack]

    def _stack_settings(self, stack: str) -> StackSettings:
        self._rules(stack)
        try:
            return read_stack_file(stack_file(self._settings.project, stack))
        except SettingsError as error:
            raise InvalidError(
                error.problems, f"The settings of {stack} have to be put right first. {error}"
            ) from error


@contextmanager
def told(actor: Actor, stack: str, action: Action) -> Iterator[None]:
    """Turn what the operations library raises into what a service raises; AWS's own words stay in the text."""
    try:
        yield
    except aws.RefusedError as error:
        raise ForbiddenError(action, stack, f"AWS does not let {actor.name} do this on {stack}. {error}") from error
    except aws.NotFoundError as error:
        raise NotThereError(str(error)) from error
    except aws.MisuseError as error:
        raise ConflictError(str(error)) from error
    except aws.AccountError as error:  # the portal's credentials, not the person's
        raise UnavailableError(f"The portal could not ask AWS about {stack}: {error}") from error
    except aws.OperationError as error:
        raise UnavailableError(str(error)) from error
