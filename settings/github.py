"""The section `github`: the organisation on GitHub, the app that acts there, and who approves deployments."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from contracts.github import (
    API_URL,
    ORGANIZATION_PATTERN,
    REVIEWERS_PER_ENVIRONMENT,
    SLUG_PATTERN,
    check_key_arn,
    check_organization,
    check_repository_name,
    check_team,
)
from contracts.rules import BrokenRuleError
from settings.fields import Choice, RoleArn, Section


class Plan(StrEnum):
    """What the organisation pays GitHub for; it decides what GitHub protects in private repositories."""

    FREE = "free"
    TEAM = "team"
    ENTERPRISE = "enterprise"


def _check_id(number: int) -> int:
    if number > 0:
        return number
    raise BrokenRuleError(
        "GitHub's ids are positive numbers", "copy it from GitHub; the field's description says where"
    )


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and not parts.username and not parts.query and not url.endswith("/"):
        return url
    raise BrokenRuleError("tokens go over https only, to an address without a slash at its end", f"write {API_URL}")


GitHubId = Annotated[int, AfterValidator(_check_id), Field(json_schema_extra={"exclusiveMinimum": 0})]
Login = Annotated[str, AfterValidator(check_organization), Field(json_schema_extra={"pattern": ORGANIZATION_PATTERN})]
Team = Annotated[str, AfterValidator(check_team), Field(json_schema_extra={"pattern": SLUG_PATTERN})]


class Reviewer(Section):
    """A person who may approve a deployment. A login can change hands; the id cannot, so both must agree."""

    login: Login
    """Login, as in github.com/<login>."""
    id: GitHubId
    """Id of the account: `gh api users/<login> --jq .id`."""


def _check_reviewers(reviewers: list[Reviewer]) -> list[Reviewer]:
    if len(reviewers) > REVIEWERS_PER_ENVIRONMENT:
        raise BrokenRuleError(
            f"an environment has at most {REVIEWERS_PER_ENVIRONMENT} reviewers (GitHub docs, Required reviewers)",
            "keep those who decide",
        )
    for name, values in (("login", [r.login.lower() for r in reviewers]), ("id", [r.id for r in reviewers])):
        if len(set(values)) < len(values):
            raise BrokenRuleError(f"each reviewer is listed once, and two have the same {name}", "remove the second")
    return reviewers


class Reviewers(Section):
    """Who approves a deployment into each environment. In dev nobody is asked."""

    preprod: Annotated[list[Reviewer], AfterValidator(_check_reviewers)] = Field(default_factory=list)
    """People who are asked before preprod; nobody where absent."""
    prod: Annotated[list[Reviewer], AfterValidator(_check_reviewers), Field(min_length=1)]
    """People who are asked before prod, at least one."""


class GitHub(Section):
    """The organisation on GitHub. In dev only: projects' repositories belong to the dev stack alone."""

    organization: Login
    """Login of the organisation that owns the repositories."""
    app_id: GitHubId
    """Id of the GitHub App, from its settings page."""
    key_arn: Annotated[str, AfterValidator(check_key_arn)]
    """KMS key that signs for the app, in the stack's account and region; docs/runbooks/github-app-key.md makes it."""
    installation_id: GitHubId
    """Id of the app's installation in the organisation: the number at the end of the installation's address."""
    ci_role_arn: RoleArn | None = None
    """Role in the stack's account in which `pulumi up` runs. Where named, it may sign for the app as the functions may,
    for `mlops github-token`, which gives Pulumi its token; docs/runbooks/github-app-key.md changes the key's policy."""
    api_url: Annotated[str, AfterValidator(_check_url)] = API_URL
    """Address of the REST API; another one for GitHub Enterprise Cloud with data residency."""
    plan: Annotated[Plan, Choice]
    """Plan of the organisation. Only `enterprise` protects environments of private repositories by reviewers."""
    platform_team: Team
    """Slug of the team that administers the repositories."""
    reviewers: Reviewers
    """Who approves deployments."""
    workflows_repository: Annotated[str, AfterValidator(check_repository_name)] = "mlops-workflows"
    """Repository of the shared workflows; deploy roles trust only jobs that run one of these."""
    publish_templates: bool = True
    """Whether the stack creates the template repositories and publishes their content, which needs the app installed,
    and Pulumi run by `mlops github-token`. False while the rest is set up: nothing then calls GitHub during `up`."""
    immutable_subjects: bool = True
    """Whether deploy roles trust the OIDC subject with ids beside the one by names. False only where GitHub sends none:
    it does for every repository made after July 15, 2026, and whichever form comes, the repository's id must match."""

    @property
    def protects_environments(self) -> bool:
        """Whether GitHub asks the reviewers in a private repository."""
        return self.plan is Plan.ENTERPRISE

    @property
    def notices(self) -> tuple[str, ...]:
        """What the settings ask for and the plan does not give, as sentences for people."""
        plan = f"github.plan {self.plan.value}"
        reviewers = (
            f"{plan}: GitHub asks no reviewers in private repositories (Enterprise does). The approval of a model"
            " version in AWS is then the only gate before prod."
        )
        branches = (
            f"{plan}: GitHub restricts neither branches nor environments of private repositories (Team does). Whoever"
            " may push to a project's repository may deploy from any branch of it."
        )
        return {Plan.FREE: (reviewers, branches), Plan.TEAM: (reviewers,), Plan.ENTERPRISE: ()}[self.plan]
