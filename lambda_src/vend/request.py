"""What `vend` is asked for, read strictly: the caller is another account's function, and a role is what it gets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contracts.github import check_organization, check_repository_name
from contracts.products import ENVIRONMENTS_OF
from contracts.projects import check_project_name, repository_name
from contracts.rules import BrokenRuleError

FIELDS = frozenset({"operation", "project", "template", "environment", "repository"})
REPOSITORY_FIELDS = frozenset({"owner", "owner_id", "name", "id"})


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleRequest:
    """A wish for, or against, the deploy role of one repository."""

    operation: Literal["grant", "revoke"]
    project: str
    template: str
    """Template that the repository was made from; it decides what the role may do."""
    environment: str
    owner: str
    """GitHub organisation, by its login."""
    owner_id: int
    repository: str
    repository_id: int


def read(event: Mapping[str, Any], *, environment: str, unit: str, organization: str) -> RoleRequest:
    """Return the request. Raises BrokenRuleError where it is malformed, or not one that this account grants.

    The repository must be of `organization` and carry the name that its project and template give it, so that a caller
    cannot get a role for a repository of somebody else's.
    """
    _only("the request", event, FIELDS)
    repository = event["repository"]
    _only("repository", repository, REPOSITORY_FIELDS)
    operation = _text("operation", event)
    if operation not in ("grant", "revoke"):
        raise BrokenRuleError(f"operation is {operation!r}", "write grant or revoke")
    if event["environment"] != environment:
        raise BrokenRuleError(
            f"this account is {environment}, the request is for {event['environment']!r}", "ask the other account"
        )
    project, template = check_project_name(_text("project", event)), _text("template", event)
    if environment not in ENVIRONMENTS_OF.get(template, ()):
        raise BrokenRuleError(
            f"a repository made from {template!r} deploys nothing to {environment}", "ask for no role here"
        )
    owner = check_organization(_text("owner", repository))
    # GitHub's logins do not know case, and settings may write it otherwise than GitHub does.
    if owner.casefold() != organization.casefold():
        raise BrokenRuleError(f"{owner} is not the organisation of this platform", f"only {organization} gets roles")
    name = check_repository_name(_text("name", repository))
    if operation == "grant" and name != repository_name(unit, project, template):
        raise BrokenRuleError(
            f"{name} is not the repository of project {project} made from {template}",
            f"rename it to {repository_name(unit, project, template)}",
        )
    return RoleRequest(
        operation="grant" if operation == "grant" else "revoke",
        project=project,
        template=template,
        environment=environment,
        owner=owner,
        owner_id=_id("owner_id", repository),
        repository=name,
        repository_id=_id("id", repository),
    )


def _only(what: str, given: Any, fields: frozenset[str]) -> None:
    if not isinstance(given, Mapping):
        raise BrokenRuleError(f"{what} is no mapping", f"give {', '.join(sorted(fields))}")
    if set(given) != fields:
        raise BrokenRuleError(
            f"{what} has the fields {sorted(map(str, given))}", f"it has exactly {', '.join(sorted(fields))}"
        )


def _text(name: str, given: Mapping[str, Any]) -> str:
    value = given[name]
    if not isinstance(value, str):
        raise BrokenRuleError(f"{name} is {value!r}, no text", "write text")
    return value


def _id(name: str, given: Mapping[str, Any]) -> int:
    value = given[name]
    # A boolean is an integer to Python, and no id.
    if type(value) is not int or value <= 0 or not re.fullmatch(r"\d{1,18}", str(value)):
        raise BrokenRuleError(f"{name} is {value!r}", "write the number that GitHub gave it")
    return value
