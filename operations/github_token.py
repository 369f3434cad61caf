"""The token by which Pulumi manages the template repositories: minted by the app's key in KMS, limited, revoked.

For who runs Pulumi: `mlops github-token` and the portal. It alone of this library uses the functions' client of GitHub.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from contracts.github import Permissions
from contracts.products import PRODUCTS
from contracts.projects import template_repository_name
from contracts.publication import WORKFLOWS
from lambda_src.github_client.app import App, TokenMinter, app_jwt
from lambda_src.github_client.deadline import Deadline, within
from lambda_src.github_client.errors import (
    GitHubError,
    NotFoundError,
    UnauthorizedError,
    ValidationError,
)
from lambda_src.github_client.repositories import by_name
from lambda_src.github_client.rest import GitHub, path_of
from lambda_src.github_client.transport import HttpTransport
from operations.errors import OperationError, code_of, told
from settings import StackSettings
from settings.catalog import offered

__all__ = [  # with what a caller needs of the client, which is not its to import
    "CREATE",
    "LOOK",
    "MANAGE",
    "App",
    "Deadline",
    "GitHubError",
    "Repositories",
    "Token",
    "app_of",
    "mint",
    "repositories_of",
    "revoke",
    "templates_in",
    "within",
]

LOOK: Permissions = {"metadata": "read"}
"""To see by name which repositories exist."""
CREATE: Permissions = {"administration": "write", "members": "read"}
"""To create repositories, which no token can name yet: Administration, and no other permission in a repository.

Members is the organisation's: the team that a repository belongs to is looked up by its slug. Renaming the default
branch, rulesets, alerts, Actions' settings and a repository's teams all need Administration alone (GitHub docs,
"Permissions required for GitHub Apps")."""
MANAGE: Permissions = {**CREATE, "contents": "write"}
"""To manage repositories that exist. Without `contents` GitHub shows an app no merge settings, and each plan would
change them again (pulumi-github, `Repository`, the note on GitHub Apps)."""
REVOCATION = "/installation/token"
RUNBOOK = "docs/runbooks/github-app-key.md"
NO_KEY = frozenset({"DisabledException", "KMSInvalidStateException", "NotFoundException"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Repositories:
    """Names of the repositories that a stack manages."""

    wanted: frozenset[str]
    """What the program creates by these settings."""
    known: frozenset[str]
    """The same, and those of templates that the catalog does not offer: Pulumi may still have one of them to remove.

    The provider takes a repository that its token does not cover for one that is gone, and forgets it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """An installation token, and what it is good for."""

    text: str = field(repr=False)
    expires: float
    """Seconds since 1970."""
    covered: tuple[str, ...]
    """Names of the repositories that it is limited to; empty where it is limited to none."""
    missing: tuple[str, ...]
    """Names of the repositories that are yet to be created, and because of which it is not limited."""


def templates_in(project: Path) -> list[str]:
    """Return the names of the project templates in a checkout of the platform, sorted."""
    return sorted(file.parent.name for file in (project / "templates" / "repositories").glob("*/template.json"))


def repositories_of(settings: StackSettings, templates: Collection[str]) -> Repositories:
    """Return the names of the stack's template repositories. Raises ValueError without a section `github`.

    `templates` are those that the checkout has, on offer or not.
    """
    if settings.github is None:
        raise ValueError("the stack has no section `github`")
    shared = settings.github.workflows_repository
    products = offered() if settings.catalog is None else settings.catalog.products
    wanted = {template for product in products for template in PRODUCTS[product].templates}

    def named(templates: Collection[str]) -> frozenset[str]:
        return frozenset({shared, *(template_repository_name(settings.unit, each) for each in templates)})

    return Repositories(wanted=named(wanted), known=named({*templates, *wanted} - {WORKFLOWS}))


def app_of(settings: StackSettings) -> App:
    """Return the app's coordinates. Raises ValueError without a section `github`."""
    github = settings.github
    if github is None:
        raise ValueError("the stack has no section `github`")
    return App(
        app_id=github.app_id,
        installation_id=github.installation_id,
        key_arn=github.key_arn,
        organization=github.organization,
        api_url=github.api_url,
    )


def mint(app: App, kms: Any, repositories: Repositories, caller: str, deadline: Deadline) -> Token:
    """Return a token for Pulumi: MANAGE in the repositories that exist; CREATE in all as long as a wanted one does not.

    `kms` is a boto3 client, `caller` who asks, for errors. Raises OperationError where KMS or GitHub refuses.
    """
    transport = HttpTransport(app.api_url)
    with _told(app, caller):
        ids = _existing(TokenMinter(app, kms, transport).client(LOOK, None, deadline), app, repositories.known)
        missing = tuple(sorted(repositories.wanted - set(ids)))
        asked: dict[str, Any] = {"permissions": dict(CREATE if missing else MANAGE)}
        if not missing:
            asked["repository_ids"] = sorted(ids.values())
        jwt = app_jwt(kms, app.key_arn, app.app_id, deadline.clock())
        path = path_of("app", "installations", app.installation_id, "access_tokens")
        # Twice is two tokens, of which one is never seen by anybody and ends within the hour.
        granted = GitHub(transport, jwt, deadline).post(path, asked, repeatable=True)
        token = Token(
            text=str(granted["token"]),
            expires=datetime.fromisoformat(granted["expires_at"]).timestamp(),
            covered=() if missing else tuple(sorted(ids)),
            missing=missing,
        )
        wrong = _wrong(asked, granted)
        if wrong:
            revoke(app, token, deadline)
            raise OperationError(f"GitHub gave another token than it was asked for: {wrong}. It was revoked.")
    return token


def revoke(app: App, token: Token, deadline: Deadline) -> None:
    """End a token at once; one that has ended is none to worry about. Raises GitHubError where GitHub does not answer.

    Source: GitHub docs, "Revoke an installation access token".
    """
    _end(GitHub(HttpTransport(app.api_url), token.text, deadline))


def _end(github: GitHub) -> None:
    try:
        github.delete(REVOCATION)
    except UnauthorizedError:
        return  # expired, or an earlier try got through and its answer was lost


def _existing(look: GitHub, app: App, names: Collection[str]) -> dict[str, int]:
    try:
        found = {name: by_name(look, app.organization, name) for name in sorted(names)}
    finally:
        _end(look)
    return {name: repository.id for name, repository in found.items() if repository is not None}


def _wrong(asked: dict[str, Any], granted: dict[str, Any]) -> str:
    """Return in what the grant differs: GitHub drops a permission that it does not know in silence."""
    got = {name: access for name, access in granted.get("permissions", {}).items() if name != "metadata"}
    if got != asked["permissions"]:
        return f"permissions {got}, asked for {asked['permissions']}"
    if "repository_ids" in asked:
        ids = sorted(int(each["id"]) for each in granted.get("repositories", []))
        if granted.get("repository_selection") != "selected" or ids != asked["repository_ids"]:
            return f"repositories {ids}, asked for {asked['repository_ids']}"
    return ""


@contextmanager
def _told(app: App, caller: str) -> Iterator[None]:
    """Turn refusals of KMS and GitHub into errors that say what helps."""
    hint = (
        f"{caller} may not sign for the app. Its role has to be `github.ci_role_arn` of the stack file, in the key's"
        f" policy and allowed kms:Sign by a policy of its own: {RUNBOOK}, The role that runs pulumi up."
    )
    try:
        with told(f"sign for the GitHub App with {app.key_arn}", hint=hint):
            yield
    except OperationError as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and code_of(cause) in NO_KEY:
            raise OperationError(f"{error}\nThe key is not there, disabled, or not imported: {RUNBOOK}.") from error
        raise
    except GitHubError as error:
        raise OperationError(f"{error}\n{_advice(app, error)}") from error


def _advice(app: App, error: GitHubError) -> str:
    if isinstance(error, UnauthorizedError):
        return (
            f"GitHub does not take what {app.key_arn} signs for app {app.app_id}: `github.app_id` is another app's,"
            f" its private key was deleted there, or this clock is wrong. {RUNBOOK}, Import."
        )
    if isinstance(error, NotFoundError):
        return f"App {app.app_id} has no installation {app.installation_id}: check `github.installation_id`."
    if isinstance(error, ValidationError):
        return (
            f"The installation lacks a permission of the table in {RUNBOOK}: an owner of {app.organization} grants it."
        )
    return "Nothing was changed, and nothing was run. Try again later."
