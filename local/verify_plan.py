"""What `mlops verify` compares AWS and GitHub with: the program of this checkout, and a token to read GitHub by."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from components.product_templates import versions
from components.template_content import WORKFLOWS, available, template
from contracts.github import KEY_PURPOSE
from lambda_src.github_client.app import App, TokenMinter
from lambda_src.github_client.deadline import within
from lambda_src.github_client.errors import GitHubError
from lambda_src.github_client.rest import GitHub
from lambda_src.github_client.transport import HttpTransport
from local.preview import preview
from operations.errors import OperationError, RefusedError, told
from operations.session import Access
from operations.verification import Expected
from pipeline_defs import placeholders
from settings import StackSettings

SECONDS = 120.0
"""How long reading GitHub may take in all."""
READ = {"actions": "read", "contents": "read", "metadata": "read"}
"""What the app's own token for looking may do; without a repository named it covers those of the installation."""
TOKEN = "GITHUB_TOKEN"  # noqa: S105  # the variable's name


def expected(stack: str, project: Path) -> Expected:
    """Run the program for the stack, as a preview does, and read off what should be there."""
    found = preview(stack, project)
    of_kind: dict[str, list[dict[str, Any]]] = {}
    for (kind, _), inputs in found.properties.items():
        of_kind.setdefault(kind, []).append(inputs)
    functions = of_kind.get("lambda:Function", [])
    settings = found.settings
    return Expected(
        functions={each["name"]: each["sourceCodeHash"] for each in functions},
        queues={
            each["name"]: each["deadLetterConfig"]["targetArn"].rsplit(":", 1)[-1]
            for each in functions
            if each.get("deadLetterConfig")
        },
        rules={
            each["name"]: each.get("eventBusName") or "default"
            for each in of_kind.get("cloudwatch:EventRule", [])
            if each.get("eventPattern")
        },
        schedules={each["name"]: each["groupName"] for each in of_kind.get("scheduler:Schedule", [])
                   if each.get("groupName")},
        parameters=tuple(each["name"] for each in of_kind.get("ssm:Parameter", [])),
        definitions={model: _definition(text) for model, text in found.definitions.items()},
        templates=_templates(settings),
        product_version=versions()[-1] if settings.catalog is not None else "",
    )  # fmt: skip


def _definition(text: str) -> Callable[[Mapping[str, str]], str]:
    def filled(values: Mapping[str, str]) -> str:
        return placeholders.fill(
            text,
            {
                placeholders.SUBNETS: values["subnets"].split(","),
                placeholders.SECURITY_GROUPS: [values["security_group"]],
                placeholders.KEY_ARN: values["key"],
            },
        )

    return filled


def _templates(settings: StackSettings) -> dict[str, str]:
    return {name: template(name).version for name in [*available(), WORKFLOWS]} if settings.github is not None else {}


def reader(access: Access) -> "tuple[Reading | None, str]":
    """Return what reads GitHub, or why nobody can: GITHUB_TOKEN, else a token that the app's key signs for."""
    github = access.settings.github
    if github is None:
        return None, "the stack file has no section `github`"
    deadline = within(SECONDS)
    token = os.environ.get(TOKEN)
    if token:
        return Reading(GitHub(HttpTransport(github.api_url), token, deadline)), ""
    alias = access.names.key_alias(KEY_PURPOSE)
    try:
        with told("sign for the GitHub App"):
            key = access.client("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
            app = App(
                app_id=github.app_id,
                installation_id=github.installation_id,
                key_arn=key,
                organization=github.organization,
                api_url=github.api_url,
            )
            return Reading(TokenMinter(app, access.client("kms")).client(READ, None, deadline)), ""
    except RefusedError:
        return None, f"no token: {TOKEN} is not set, and you may not sign for the app (kms:Sign on {alias})"
    except (OperationError, GitHubError) as error:
        return None, f"no token: {TOKEN} is not set, and the app gives none: {error}"


class Reading:
    """GitHub's REST API, read only; its errors become ours."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def find(self, path: str, query: Mapping[str, str | int] | None = None) -> Any | None:
        """Return what lies at a path, None where nothing does."""
        try:
            return self._github.find(path, query)
        except GitHubError as error:
            raise OperationError(f"read GitHub: {error}") from error

    def pages(self, path: str, query: Mapping[str, str | int] | None = None, key: str = "") -> Iterator[Any]:
        """Yield the items of every page."""
        try:
            yield from self._github.pages(path, query, key)
        except GitHubError as error:
            raise OperationError(f"read GitHub: {error}") from error
