"""The portal's own configuration: one TOML file, validated at once. It names secrets and never holds one."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator

from portal.access.oidc_config import ClientAuthentication, OidcConfig
from portal.access.origins import is_protected
from portal.access.role_mapping import RoleMapping
from portal.configuration_secrets import ConfigurationError, problem, read_secret
from portal.configuration_stacks import FROZEN, Credentials, Drift, Reviews, StackRules, Variable, passed
from settings.problems import Problem, path_of, problems_of

__all__ = [
    "ConfigurationError",
    "Credentials",
    "Drift",
    "Listen",
    "Login",
    "PortalSettings",
    "Reviews",
    "StackRules",
    "load",
    "parse",
]


class Listen(BaseModel):
    """Where the service listens. TLS ends at a proxy before it, unless it is this machine alone."""

    model_config = FROZEN
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)


class Login(BaseModel):
    """The portal as a client of one OpenID Connect issuer."""

    model_config = FROZEN
    issuer: str
    client_id: str = Field(min_length=1)
    client_secret_env: Variable | None = None
    """Name of the variable with the client's secret. Neither this nor the file: a public client, PKCE alone."""
    client_secret_file: Path | None = None
    """File with the client's secret, as a secret store mounts it."""
    client_authentication: ClientAuthentication | None = None
    """Default: client_secret_basic with a secret, none without."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    claims_from: Literal["id_token", "userinfo"] = "id_token"
    logout_at_issuer: bool = True

    def oidc(self, environment: Mapping[str, str] | None = None) -> OidcConfig:
        """Return what the login works with, the secret read. Raises ConfigurationError where it is not there."""
        secret = read_secret("login.client_secret", self.client_secret_env, self.client_secret_file, environment)
        default = ClientAuthentication.BASIC if secret else ClientAuthentication.NONE
        return OidcConfig(
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=SecretStr(secret) if secret else None,
            client_authentication=self.client_authentication or default,
            scopes=self.scopes,
            claims_from=self.claims_from,
            logout_at_issuer=self.logout_at_issuer,
        )


class PortalSettings(BaseModel):
    """Everything that the portal is told. `load` reads it from a file."""

    model_config = FROZEN
    url: str
    """Address that people open: https://portal.example.com. http:// only for this machine."""
    listen: Listen = Listen()
    project: Path
    """Checkout of the program: Pulumi.yaml and the stack files."""
    work: Path
    """What operations leave on disk. It survives restarts, and belongs to one database."""
    backend: str
    """Where Pulumi keeps the state: s3://…, file:///…, https://api.pulumi.com"""
    secrets_provider: str = "passphrase"
    database: str
    """SQLAlchemy URL without a password."""
    database_password_env: Variable | None = None
    database_password_file: Path | None = None
    session_key_env: Variable | None = None
    """Name of the variable with the key of the CSRF tokens, 32 random bytes as hexadecimal."""
    session_key_file: Path | None = None
    login: Login
    roles: RoleMapping
    stacks: dict[str, StackRules] = Field(min_length=1)
    environment: tuple[str, ...] = ("PATH", "HOME", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_HOME")
    """The service's variables that every engine operation gets. No others do: the portal's secrets stay here."""
    plugins: tuple[str, ...] = ("aws", "github")
    workers: int = Field(default=4, ge=1, le=64)
    """Engine operations at once."""
    deadline_minutes: int = Field(default=60, ge=5, le=24 * 60)
    """How long an engine operation may take; then it is cancelled in good order. A token for GitHub ends after 60
    minutes, and none is renewed."""
    reviews: Reviews = Reviews(enabled=False)
    prices: Path | None = None
    """Price table that replaces the built-in one."""
    retention_days: int = Field(default=90, ge=1)
    """How long events of ended operations are kept; operations and the audit log are kept for ever."""
    service_lease_seconds: int = Field(default=20, ge=5, le=300)
    """After this long without a sign of life another service may take over."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not is_protected(url) or urlsplit(url).query or urlsplit(url).path.strip("/"):
            raise ValueError(f"url {url!r}: write https://<host>, no path; http:// only on this machine")
        return url.rstrip("/")

    @field_validator("database")
    @classmethod
    def _holds_no_password(cls, database: str) -> str:
        parts = urlsplit(database)
        if parts.password is not None:
            raise ValueError("a password does not belong here: name its variable in database_password_env")
        if parts.scheme.split("+")[0] not in {"sqlite", "postgresql"}:
            raise ValueError(
                f"{parts.scheme or 'no scheme'}: write sqlite:///file or postgresql+psycopg://user@host/db"
            )
        return database

    @field_validator("environment")
    @classmethod
    def _are_known(cls, environment: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(passed(name) for name in environment)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.reviews.enabled and self.reviews.base_stack not in self.stacks:
            known = ", ".join(self.stacks)
            raise ValueError(f"reviews.base_stack is {self.reviews.base_stack}; the stacks are {known}")
        taken = [name for name in self.stacks if name.startswith("review-")]
        if taken:
            raise ValueError(f"stacks.{taken[0]}: names that begin with review- are those of review environments")
        own = set(self.secret_variables())
        given = {*self.environment, *(v for r in self.stacks.values() for v in r.credentials.environment.values())}
        if own & given:
            raise ValueError(
                f"{', '.join(sorted(own & given))}: a secret of the portal is never passed to programs; "
                "take it out of environment and credentials"
            )
        return self

    def secret_variables(self) -> Iterator[str]:
        """Yield the names of the variables that hold the portal's own secrets."""
        named = (self.database_password_env, self.session_key_env, self.login.client_secret_env)
        yield from (name for name in named if name)

    def engine_environment(self, stack: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what the engine gets for a stack: the configured variables that are set, and nothing else."""
        own = os.environ if environment is None else environment
        passed = {name: own[name] for name in self.environment if name in own}
        wanted = self.stacks[stack].credentials.environment
        missing = sorted(source for source in wanted.values() if source not in own)
        if missing:
            path = f"stacks.{stack}.credentials.environment"
            rule = "the service has every variable that it is to pass on"
            raise ConfigurationError("environment", [problem(path, ", ".join(missing), rule, "set it, or take it out")])
        return {**passed, **{name: own[source] for name, source in wanted.items()}}

    def database_password(self, environment: Mapping[str, str] | None = None) -> str | None:
        """Return the database's password; None where none is configured. Never log it."""
        variable, file = self.database_password_env, self.database_password_file
        return read_secret("database_password", variable, file, environment)

    def session_key(self, environment: Mapping[str, str] | None = None) -> bytes | None:
        """Return the key of CSRF tokens; None where none is configured (a service then makes one for its lifetime)."""
        text = read_secret("session_key", self.session_key_env, self.session_key_file, environment)
        if text is None:
            return None
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        if len(key) < 32:
            wrong = problem("session_key", "", "the key is 32 bytes as hexadecimal", "write: openssl rand -hex 32")
            raise ConfigurationError("environment", [wrong])
        return key


def load(file: Path) -> PortalSettings:
    """Return the configuration in a TOML file. Relative paths start at the file's folder. Raises ConfigurationError."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        wrong = problem("", str(file), "the portal needs a configuration file", "copy docs/examples/portal.toml")
        raise ConfigurationError(file.name, [wrong]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        wrong = problem("", "", "the file is TOML in UTF-8", str(error))
        raise ConfigurationError(file.name, [wrong]) from None
    return parse(document, source=file.name, folder=file.resolve().parent)


def parse(document: Mapping[str, Any], *, source: str, folder: Path) -> PortalSettings:
    """Return the configuration in a document. Raises ConfigurationError with every mistake at once."""
    try:
        settings = PortalSettings.model_validate(dict(document))
    except ValidationError as error:
        problems = [
            problem(path_of(detail["loc"]), "", detail["msg"].removeprefix("Value error, "), "see docs/portal.md")
            for detail in error.errors(include_url=False)
            if detail["type"] == "value_error"
        ]
        others = [found for found in problems_of(error, PortalSettings) if not _is_told(found, problems)]
        raise ConfigurationError(source, [*problems, *others]) from None
    paths = {name: folder / value for name in ("project", "work", "prices") if (value := getattr(settings, name))}
    return settings.model_copy(update=paths)


def _is_told(found: Problem, told: list[Problem]) -> bool:
    return any(found.path == each.path for each in told)
