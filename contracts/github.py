"""GitHub as the platform meets it: permissions per purpose, limits, OIDC subjects, and what secrets look like."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from contracts.rules import BrokenRuleError

API_URL = "https://api.github.com"
API_VERSION = "2022-11-28"
"""Header X-GitHub-Api-Version. GitHub supports it for 24 months after 2026-03-10, the version that follows it."""
ACCEPT = "application/vnd.github+json"

KEY_PURPOSE = "github-app"
"""Purpose of the KMS key that signs for the app, in its alias."""
FUNCTIONS = ("provision", "publish", "trigger")
"""The functions that act on GitHub, and so sign for the app."""
SIGNING_ALGORITHM = "RSASSA_PKCS1_V1_5_SHA_256"
"""KMS's name of RS256, with which GitHub wants the JWT of an app signed."""

Permissions = Mapping[str, str]
"""Permission of a GitHub App to `read` or `write`, by the key of the access token API."""


def _permissions(**permissions: str) -> Permissions:
    return MappingProxyType(permissions)


# Source of what each route needs: GitHub docs, "Permissions required for GitHub Apps". The keys are those of the access
# token API; the one of variables is `actions_variables`, and GitHub drops a key that it does not know in silence.
CREATE_REPOSITORY: Final = _permissions(administration="write")
"""To create a repository from a template. A token cannot name a repository that does not exist yet."""
SETUP: Final = _permissions(
    actions="read", actions_variables="write", administration="write", contents="read", environments="write",
    members="read",
)  # fmt: skip
"""To set up one repository: environments, branch policies, rulesets, variables, teams (which also needs members)."""
INSPECT: Final = _permissions(
    actions="read", actions_variables="read", administration="read", contents="read", environments="read",
    members="read", pull_requests="read",
)  # fmt: skip
"""To look and change nothing: files, environments, variables, rulesets, teams, workflow runs."""
ARCHIVE: Final = _permissions(administration="write", contents="read", pull_requests="read")
"""To archive one repository, or to delete one that nobody has worked in yet."""
DISPATCH: Final = _permissions(actions="write")
"""To start a workflow of one repository, and to see whether it runs."""
PUBLISH: Final = _permissions(contents="write", pull_requests="write", workflows="write")
"""To commit files and open a pull request; files under .github/workflows need `workflows` besides `contents`."""
MARK_TEMPLATE: Final = _permissions(administration="write")
"""To mark one repository as a template."""
DIRECTORY: Final = _permissions(members="read")
"""To look up the teams of the organisation, and who is a member of it."""

PURPOSES: Final[Mapping[str, Permissions]] = MappingProxyType(
    {
        "create-repository": CREATE_REPOSITORY,
        "setup": SETUP,
        "inspect": INSPECT,
        "archive": ARCHIVE,
        "dispatch": DISPATCH,
        "publish": PUBLISH,
        "mark-template": MARK_TEMPLATE,
        "directory": DIRECTORY,
    }
)
"""Every permission set by its purpose."""


def app_permissions() -> dict[str, str]:
    """Return what the GitHub App itself must be granted: for each permission the most that any purpose asks for."""
    found: dict[str, str] = {"metadata": "read"}
    for permissions in PURPOSES.values():
        for name, access in permissions.items():
            found[name] = "write" if "write" in (access, found.get(name)) else access
    return dict(sorted(found.items()))


REPOSITORY_NAME_LENGTH = 100
"""GitHub refuses a longer repository name ("name is too long (maximum is 100 characters)")."""
DESCRIPTION_LENGTH = 350
"""GitHub refuses a longer repository description."""
VARIABLE_BYTES = 48 * 1024
"""GitHub docs, "Limits for configuration variables": 48 KB each."""
VARIABLES_PER_REPOSITORY = 500
VARIABLES_PER_ENVIRONMENT = 100
"""GitHub docs, "Limits for configuration variables"."""
REVIEWERS_PER_ENVIRONMENT = 6
"""GitHub docs, "Required reviewers": up to six people or teams."""
REPOSITORIES_PER_TOKEN = 500
"""GitHub docs, "Generating an installation access token"."""
TOKEN_MINUTES = 60
"""GitHub docs: an installation token lives one hour."""
JWT_SECONDS = 10 * 60
"""GitHub docs, "Generating a JSON Web Token for a GitHub App": exp at most ten minutes ahead."""
CLOCK_DRIFT_SECONDS = 60
"""The same page: issue it 60 seconds in the past."""
DISPATCH_INPUTS = 25
"""GitHub docs, "Create a workflow dispatch event": 25 inputs (10 before December 2025)."""
SECONDARY_LIMIT_SECONDS = 60
"""GitHub docs, "Troubleshooting the REST API": without Retry-After wait at least one minute."""
PAGE_SIZE = 100
"""Most results of a page."""

ORGANIZATION_PATTERN = r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$"
"""Logins of organisations and people: up to 39 letters, digits and single hyphens, none first or last."""
SLUG_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,99}$"
"""Slug of a team, as GitHub derives it from the name."""
REPOSITORY_PATTERN = r"^[A-Za-z0-9._-]{1,100}$"
TEAM_PERMISSIONS = ("pull", "triage", "push", "maintain", "admin")

REDACTED = "[redacted]"
_JWT = r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"
# Both forms of an installation token: `ghs_` and 36 characters, and since 2026 `ghs_<app id>_<jwt>` of some 520
# (GitHub changelog, 2026-04-24). Personal and OAuth tokens are here because nobody should print one of those either.
SECRET_PATTERN = re.compile(
    rf"gh[opsur]_(?:\d+_{_JWT}|[A-Za-z0-9._-]+)|github_pat_[A-Za-z0-9_]+|{_JWT}"
    r"|(?<=-----BEGIN )[A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY|\Z)"
)
"""Whatever could authenticate somebody: tokens in every form, JWTs, private keys."""
_BEARER = re.compile(r"(?i)\b(bearer|token)(\s+)[A-Za-z0-9._~+/=-]{16,}")


def redact(text: str) -> str:
    """Return `text` without the secrets in it. Redacting twice changes nothing more."""
    return _BEARER.sub(rf"\1\2{REDACTED}", SECRET_PATTERN.sub(REDACTED, text))


OIDC_ISSUER = "token.actions.githubusercontent.com"
OIDC_AUDIENCE = "sts.amazonaws.com"


def _escaped(value: str) -> str:
    # GitHub docs, "Filtering for metadata containing `:`".
    return value.replace(":", "%3A")


def classic_subject(owner: str, repository: str, environment: str) -> str:
    """Return the subject of a job in `environment`, by names: repositories made before July 15, 2026."""
    return f"repo:{owner}/{repository}:environment:{_escaped(environment)}"


def immutable_subject(owner: str, owner_id: int, repository: str, repository_id: int, environment: str) -> str:
    """Return the subject of a job in `environment`, by names and ids.

    Repositories made, renamed or transferred after July 15, 2026 have it, and those that opted in (GitHub docs, OpenID
    Connect reference, "Immutable subject claims"; GitHub Enterprise Server does not have it).
    """
    return f"repo:{owner}@{owner_id}/{repository}@{repository_id}:environment:{_escaped(environment)}"


def subjects(
    owner: str, owner_id: int, repository: str, repository_id: int, environment: str, *, immutable: bool = True
) -> list[str]:
    """Return the subjects to trust: both forms, because an organisation can change the form at any time.

    The claim `repository_id` must be a condition besides: it is what keeps a recycled name out of the classic form.
    `immutable` is False where GitHub has no subjects with ids.
    """
    classic = classic_subject(owner, repository, environment)
    if not immutable:
        return [classic]
    return [immutable_subject(owner, owner_id, repository, repository_id, environment), classic]


def job_workflow_ref(
    organization: str, workflows_repository: str, workflow: str = "*", ref: str = "refs/tags/v*"
) -> str:
    """Return the claim (a pattern for StringLike) of jobs that run a reusable workflow of the shared repository."""
    return f"{organization}/{workflows_repository}/.github/workflows/{workflow}@{ref}"


def check_repository_name(name: str) -> str:
    """Return `name`, or raise BrokenRuleError where GitHub would refuse or change it."""
    reserved = name in (".", "..") or name.lower().endswith((".git", ".wiki", ".atom"))
    if re.fullmatch(REPOSITORY_PATTERN, name, re.ASCII) and not reserved:
        return name
    raise BrokenRuleError(
        f"a repository's name has up to {REPOSITORY_NAME_LENGTH} letters, digits, dots, hyphens and underscores",
        "write for example mlops-workflows",
    )


def check_organization(login: str) -> str:
    """Return `login`, or raise BrokenRuleError where it cannot be that of an organisation or a person."""
    if re.fullmatch(ORGANIZATION_PATTERN, login, re.ASCII):
        return login
    raise BrokenRuleError(
        "a GitHub login has up to 39 letters, digits and single hyphens, none first or last",
        "write the name as in github.com/<name>, without the address",
    )


def check_team(slug: str) -> str:
    """Return `slug`, or raise BrokenRuleError where it cannot be the slug of a team."""
    if re.fullmatch(SLUG_PATTERN, slug, re.ASCII):
        return slug
    raise BrokenRuleError(
        "a team is named by its slug: lower-case letters, digits, hyphens", "write the last part of the team's address"
    )


def check_variable_value(name: str, value: str) -> str:
    """Return `value`, or raise BrokenRuleError where GitHub would refuse it."""
    size = len(value.encode())
    if not value:
        raise BrokenRuleError(f"variable {name} is empty, and GitHub takes no empty variable", "leave it out")
    if size > VARIABLE_BYTES:
        raise BrokenRuleError(f"variable {name} has {size} bytes; GitHub takes {VARIABLE_BYTES}", "shorten it")
    return value


def check_key_arn(arn: str) -> str:
    """Return `arn`, or raise BrokenRuleError where it is not that of a KMS key."""
    if re.fullmatch(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/(mrk-)?[0-9a-f-]{32,36}", arn):
        return arn
    raise BrokenRuleError(
        "the app's key is named by the ARN of a KMS key, no alias: an alias can be moved to another key",
        "follow docs/runbooks/github-app-key.md, which ends in that ARN",
    )
