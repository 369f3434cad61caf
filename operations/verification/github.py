"""GitHub: the app's key, the template repositories with the content of this checkout, the shared workflows."""

from typing import Any

from botocore.exceptions import ClientError

from contracts.github import KEY_PURPOSE
from contracts.projects import template_repository_name
from contracts.publication import WORKFLOWS, tags
from operations.errors import is_missing, told
from operations.verification.results import Reader, Result, Stage, failed, judged, not_checked, not_configured
from settings.github import GitHub

PART = "github"
RUNBOOK = "docs/runbooks/github-app-key.md"
TOKEN = "set GITHUB_TOKEN to a token that may read the organisation's repositories"  # noqa: S105  # advice, no token


def check(stage: Stage) -> list[Result]:
    """Look at the key, and at every repository that the dev stack keeps."""
    github = stage.settings.github
    if github is None:
        return [not_configured(PART, PART, "the stack file has no section `github`; only dev has one")]
    key = judged(PART, "app key", _key(stage), RUNBOOK, fine="enabled, signs only")
    if stage.github is None:
        return [key, not_checked(PART, "repositories", stage.github_unknown, TOKEN)]
    templates = [each for each in sorted(stage.expected.templates) if each != WORKFLOWS]
    return [
        key,
        _workflows(stage.github, github, stage),
        *[_template(stage.github, github, stage, template) for template in templates],
    ]


def _key(stage: Stage) -> str:
    alias = stage.access.names.key_alias(KEY_PURPOSE)
    with told(f"describe key {alias}"):
        try:
            key = stage.client("kms").describe_key(KeyId=alias)["KeyMetadata"]
        except ClientError as error:
            if is_missing(error) or "NotFound" in str(error):
                return f"{alias} does not exist"
            raise
    if key.get("KeyState", "Enabled") != "Enabled":
        return f"{alias} is {key['KeyState']}"
    return "" if key.get("KeyUsage") == "SIGN_VERIFY" else f"{alias} is for {key.get('KeyUsage')}, not for signing"


def _template(reader: Reader, github: GitHub, stage: Stage, template: str) -> Result:
    name, version = template_repository_name(stage.settings.unit, template), stage.expected.templates[template]
    up = "pulumi up --stack dev"
    repository = _repository(reader, github, name)
    if repository is None:
        return failed(PART, name, "it is not there, or the token does not see it", up)
    tag = tags(template, version, "").fixed
    problem = ""
    if not repository.get("is_template"):
        problem = "it is no template: nothing can be generated from it"
    elif repository.get("archived"):
        problem = "it is archived"
    elif reader.find(f"/repos/{github.organization}/{name}/git/ref/tags/{tag}") is None:
        problem = f"it has no tag {tag}: version {version} of this checkout is not published"
    return judged(PART, name, problem, up, fine=f"template, version {version}")


def _workflows(reader: Reader, github: GitHub, stage: Stage) -> Result:
    name, version = github.workflows_repository, stage.expected.templates.get(WORKFLOWS, "1.0.0")
    moving = tags(WORKFLOWS, version, "0" * 64).moving
    if _repository(reader, github, name) is None:
        return failed(PART, name, "it is not there, or the token does not see it", "pulumi up --stack dev")
    there = reader.find(f"/repos/{github.organization}/{name}/git/ref/tags/{moving}") is not None
    problem = "" if there else f"it has no tag {moving}, by which every project calls its workflows"
    return judged(PART, name, problem, "pulumi up --stack dev", fine=f"shared workflows, tag {moving}")


def _repository(reader: Reader, github: GitHub, name: str) -> dict[str, Any] | None:
    found = reader.find(f"/repos/{github.organization}/{name}")
    return found if isinstance(found, dict) else None
