"""Projects: what a request for one says, what its repositories are called, and the records of the projects table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from contracts.limits import PROJECT_NAME_LENGTH
from contracts.products import PRODUCTS
from contracts.rules import BrokenRuleError, nearest

PROJECT_NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
TEAM_PATTERN = r"^[a-z0-9][a-z0-9-]{0,99}$"
LOGIN_PATTERN = r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$"
"""GitHub: up to 39 letters, digits and single hyphens, none first or last."""
VERSION_PATTERN = r"^[0-9]+\.[0-9]+\.[0-9]+$"
REQUEST_ID_PATTERN = r"^[A-Za-z0-9:/._-]{1,256}$"

TABLE = "projects"
"""Purpose of the table in its name."""
DIRECT = "direct"
"""Alias of the provisioning function for people and programs; without it CloudFormation calls, as the launch role.

IAM tells the two apart, because an alias has an ARN of its own; a request of CloudFormation's form that comes by the
alias is forged.
"""
GROUP_TAG = "mlops-project"
"""Tag that tells a project's model package group, and whose it is, from a group of the platform's own models."""
SUFFIXES: dict[str, str] = {
    "model-training": "training",
    "realtime-inference": "inference",
    "batch-inference": "batch",
    "pipeline-promotion": "promotion",
    "container-build": "container",
    "llm-training": "llm",
}
"""Last word of a repository's name, by the template that it is made from."""
RESOURCE_TYPE = "Custom::MlopsProject"
"""Type of the resource in a product's CloudFormation template."""
PROPERTIES: dict[str, str] = {
    "ProjectName": "project",
    "Product": "product",
    "Owner": "owner",
    "Team": "team",
    "TemplateVersion": "template_version",
}
"""Properties of that resource, and the field of `ProjectRequest` that each fills."""


class Status(StrEnum):
    """Where a project stands."""

    CREATING = "Creating"
    READY = "Ready"
    UPDATING = "Updating"
    FAILED = "Failed"
    ARCHIVING = "Archiving"
    ARCHIVED = "Archived"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectRequest:
    """A wish for a project: to create it, or to bring it to a version of its templates."""

    project: str
    """Name: up to 24 lower-case letters, digits and single hyphens, a letter first."""
    product: str
    """Key in `PRODUCTS`."""
    owner: str
    """GitHub login of the person who answers for it."""
    team: str
    """Slug of the GitHub team that works on it; empty where only the platform team and the owner do."""
    template_version: str
    """Version of the templates, `1.0.0`; empty means the one on offer."""
    request_id: str
    """What tells one wish from another: a repeated request with the same id is the same wish."""


def check_project_name(name: str) -> str:
    """Return `name`, or raise BrokenRuleError. It is part of repository, role, pipeline and endpoint names."""
    if len(name) <= PROJECT_NAME_LENGTH and re.fullmatch(PROJECT_NAME_PATTERN, name, re.ASCII):
        return name
    raise BrokenRuleError(
        f"GitHub, IAM and SageMaker carry a project's name: up to {PROJECT_NAME_LENGTH} lower-case letters, digits and"
        " single hyphens, a letter first",
        "write for example churn-model",
    )


def request_from(values: Mapping[str, Any], request_id: str) -> ProjectRequest:
    """Read a request from CloudFormation's properties or an equal mapping.

    Raises BrokenRuleError that names the property, the value and the fix. Properties beyond the known ones are
    refused, except `ServiceToken` and `ServiceTimeout`, which CloudFormation itself reads.
    """
    own = {key: value for key, value in values.items() if key not in ("ServiceToken", "ServiceTimeout")}
    unknown = sorted(set(own) - set(PROPERTIES))
    if unknown:
        meant = nearest(unknown[0], PROPERTIES)
        raise BrokenRuleError(
            f"{unknown[0]} is no property of a project", f"write {meant}" if meant else f"remove it; known: {known()}"
        )
    texts = {name: own.get(name, "") for name in PROPERTIES}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise BrokenRuleError(f"{name} is {value!r}, no text", "write it in quotes")
    try:
        check_project_name(texts["ProjectName"])
    except BrokenRuleError as error:
        raise BrokenRuleError(f"ProjectName is {texts['ProjectName']!r}: {error.rule}", error.fix) from None
    if texts["Product"] not in PRODUCTS:
        meant = nearest(texts["Product"], PRODUCTS)
        raise BrokenRuleError(
            f"Product is {texts['Product']!r}, which the catalog does not know",
            f"did you mean {meant}?" if meant else f"choose one of {', '.join(PRODUCTS)}",
        )
    _match("Owner", texts["Owner"], LOGIN_PATTERN, "a GitHub login, for example octo-cat")
    if texts["Team"]:
        _match("Team", texts["Team"], TEAM_PATTERN, "the slug of a GitHub team, for example risk-models, or nothing")
    if texts["TemplateVersion"]:
        _match("TemplateVersion", texts["TemplateVersion"], VERSION_PATTERN, "a version such as 1.0.0, or nothing")
    _match("the request's id", request_id, REQUEST_ID_PATTERN, "up to 256 letters, digits and :/._-")
    return ProjectRequest(
        **{field: texts[name] for name, field in PROPERTIES.items()},
        request_id=request_id,
    )


def known() -> str:
    """Return the properties of a project as a person lists them."""
    return ", ".join(PROPERTIES)


def _match(name: str, value: str, pattern: str, wanted: str) -> None:
    if not re.fullmatch(pattern, value, re.ASCII):
        raise BrokenRuleError(f"{name} is {value!r}", f"write {wanted}")


def repository_name(unit: str, project: str, template: str) -> str:
    """Return the name of a project's repository: unit, project and the template's word, within GitHub's 100."""
    return f"{unit}-{project}-{SUFFIXES[template]}"


def partition_key(project: str) -> str:
    """Partition key (`pk`) of everything that the table holds of a project."""
    return f"project#{project}"


PROJECT_SORT_KEY = "project"
"""Sort key (`sk`) of the project's own record."""


def repository_sort_key(repository: str) -> str:
    """Sort key of the record of one repository."""
    return f"repository#{repository}"


def role_sort_key(environment: str, template: str) -> str:
    """Sort key of the record of a deploy role."""
    return f"role#{environment}#{template}"


def dispatch_sort_key(version_arn: str, workflow: str) -> str:
    """Sort key of the record that a workflow was started for a version: what makes it start once."""
    return f"dispatch#{sha256(f'{version_arn} {workflow}'.encode()).hexdigest()[:32]}"


def group_key(group: str) -> str:
    """Partition key of the item that leads from a model package group to its project (`sk` is `project` there too)."""
    return f"group#{group}"


def request_key(request_id: str) -> str:
    """Partition key of the item that says that a request was ended (`sk` is `project` there too)."""
    return f"request#{sha256(request_id.encode()).hexdigest()[:32]}"


EXPIRY = "expiration"
"""Attribute that says when an item may go, in seconds since 1970; what Powertools' idempotency calls it too."""


def template_repository_name(unit: str, template: str) -> str:
    """Return the name of the organisation's repository from which projects' repositories are generated."""
    return f"{unit}-template-{template}"
