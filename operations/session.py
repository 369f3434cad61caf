"""Who operates on which stack: the stack's settings and the caller's AWS clients, checked to belong together."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from contracts.names import Names
from contracts.parameters import ParameterPaths
from operations.errors import AccountError, NotFoundError, told
from settings import StackSettings

ATTEMPTS = 5
"""Tries of one call, with backoff; a person is waiting."""
CONNECT_SECONDS, READ_SECONDS = 5, 30
FUNCTION_SECONDS = 910
"""The longest that a function may take to answer, Lambda's 15 minutes, and a little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A stack, and somebody who may look at it. Safe to share between threads."""

    settings: StackSettings
    client: Callable[[str], Any]
    """Gives the boto3 client of a service, in the stack's account and region."""
    caller: str
    """ARN of who operates, as STS knows it; recorded with what is asked for."""

    @property
    def names(self) -> Names:
        """The stack's physical names."""
        return self.settings.names

    @property
    def parameters(self) -> ParameterPaths:
        """The stack's SSM paths."""
        return self.settings.parameters

    def model(self, model: str) -> str:
        """Return the name of a model of the stack. Raises NotFoundError, which lists those there are."""
        if model not in self.settings.models:
            known = ", ".join(sorted(self.settings.models)) or "none"
            raise NotFoundError(
                f"model {model!r}: stack {self.settings.environment.value} has no such model. It has: {known}."
            )
        return model


def of_profile(profile: str | None, region: str) -> Any:  # boto3 has no types
    """Return a session of an AWS profile, of the usual chain where None. Raises AccountError for an unknown one."""
    try:
        return boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise AccountError(
            f"profile {profile!r}: {error}. `aws configure list-profiles` shows those there are."
        ) from error


def connect(settings: StackSettings, session: Any = None) -> Access:
    """Return access to a stack in AWS by `session`, or by the usual chain of credentials.

    Asks STS who the caller is. Raises AccountError where there are no credentials or those of another account.
    """
    chosen = session or boto3.Session(region_name=settings.region)
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )

    # Keepalive, because NAT gateways forget a connection that is silent for 350 seconds.
    patient = config.merge(Config(read_timeout=FUNCTION_SECONDS, tcp_keepalive=True))

    @functools.cache
    def client(service: str) -> Any:
        return chosen.client(service, region_name=settings.region, config=patient if service == "lambda" else config)

    with told(f"sign in to stack {settings.environment.value}"):
        identity = client("sts").get_caller_identity()
    if identity["Account"] != settings.account:
        raise AccountError(
            f"stack {settings.environment.value} is account {settings.account}, and these credentials"
            f" ({identity['Arn']}) are of account {identity['Account']}. Choose a profile of {settings.account} with"
            " AWS_PROFILE."
        )
    return Access(settings=settings, client=client, caller=str(identity["Arn"]))
