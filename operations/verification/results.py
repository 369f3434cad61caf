"""What a check finds, what it is given, and what the checkout says should be there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from operations.session import Access
from settings import StackSettings


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_CONFIGURED = "not configured"
    NOT_CHECKED = "not checked"
    """It could not be looked at: no rights, no token, or not here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One line of a verification."""

    part: str
    """Part of the platform: functions, studio, github, ..."""
    what: str
    state: State
    why: str = ""
    fix: str = ""


class Reader(Protocol):
    """Reads GitHub's REST API with a token of its own."""

    def find(self, path: str, query: Mapping[str, str | int] | None = None) -> Any | None:
        """Return what lies at a path, None where nothing does."""

    def pages(self, path: str, query: Mapping[str, str | int] | None = None, key: str = "") -> Iterator[Any]:
        """Yield the items of every page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What the program of this checkout registers for the stack; `local.verification_plan` reads it off."""

    functions: Mapping[str, str] = field(default_factory=dict)
    """Base64 SHA-256 of the code by function name."""
    queues: Mapping[str, str] = field(default_factory=dict)
    """Name of the dead-letter queue by function name."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Bus by rule name."""
    schedules: Mapping[str, str] = field(default_factory=dict)
    """Schedule group by schedule name."""
    parameters: tuple[str, ...] = ()
    """Names of published parameters."""
    definitions: Mapping[str, Callable[[Mapping[str, str]], str]] = field(default_factory=dict)
    """By model, its definition as a function of the published `subnets`, `security_group` and `key`."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Version of each template."""
    product_version: str = ""
    """Newest version of the catalog's products."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What every check is given."""

    access: Access
    expected: Expected
    github: Reader | None = None
    github_unknown: str = ""

    @property
    def settings(self) -> StackSettings:
        """The stack's settings."""
        return self.access.settings

    def client(self, service: str) -> Any:  # boto3 has no client types
        """Return the client of a service."""
        return self.access.client(service)


def ok(part: str, what: str, why: str = "") -> Result:
    """Return that something is as it should be."""
    return Result(part=part, what=what, state=State.OK, why=why)


def failed(part: str, what: str, why: str, fix: str) -> Result:
    """Return that something is not as it should be, and what mends it."""
    return Result(part=part, what=what, state=State.FAILED, why=why, fix=fix)


def not_configured(part: str, what: str, why: str) -> Result:
    """Return that the stack file does not ask for it."""
    return Result(part=part, what=what, state=State.NOT_CONFIGURED, why=why)


def not_checked(part: str, what: str, why: str, fix: str = "") -> Result:
    """Return that nobody could look."""
    return Result(part=part, what=what, state=State.NOT_CHECKED, why=why, fix=fix)


def judged(part: str, what: str, problem: str, fix: str, *, fine: str = "") -> Result:
    """Return a failure where there is a problem, else that all is well."""
    return failed(part, what, problem, fix) if problem else ok(part, what, fine)
