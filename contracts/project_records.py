"""Records of projects as the table holds them, for the functions that write them and for operators who read them.

One table in dev. `pk` is `project#<name>`; `sk` is `project` for the project, `repository#<name>` for each repository,
`role#<environment>#<template>` for each deploy role, `dispatch#<hash>` for each workflow that was started. `pk`
`group#<group>` leads from a model package group to its project, `pk` `request#<hash>` says that a request was ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.desired_state import PARTITION_KEY, SORT_KEY
from contracts.projects import PROJECT_SORT_KEY, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectRecord:
    """A project."""

    project: str
    product: str
    owner: str
    team: str
    group: str
    """Name of its model package group."""
    status: Status
    template_version: str
    request_id: str
    """The request that it was created for, or last changed by."""
    created_by: str
    """The request that created it: what tells a repeated creation from a second project of that name."""
    created_at: str
    """UTC, as `2026-01-31T12:00:00Z`."""
    reason: str = ""
    """Why it failed, for people."""
    attempt: str = ""
    """The call that works on it, or worked on it last; see `lambda_src.projects.records`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryRecord:
    """A repository of a project: made by us, known by its id."""

    project: str
    name: str
    id: int
    owner: str
    owner_id: int
    template: str
    template_version: str
    url: str
    heads: tuple[str, ...] = ()
    """Commits that this platform made: what else is there is people's work."""
    environments: tuple[str, ...] = ()
    """Environments that are set up."""
    unprotected: tuple[str, ...] = ()
    """What GitHub's plan could not protect, a sentence each."""
    ready: bool = False
    """Whether everything about it is set up."""
    archived: bool = False
    template_commit: str = ""
    """Commit of the template that it was made from, or that was proposed to it last; empty where it is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleRecord:
    """A deploy role of a project."""

    project: str
    environment: str
    template: str
    arn: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """Everything that the table holds of a project."""

    record: ProjectRecord
    repositories: Mapping[str, RepositoryRecord] = field(default_factory=dict)
    """By template."""
    roles: tuple[RoleRecord, ...] = ()


def project_from(items: list[dict[str, Any]]) -> Project | None:
    """Return the project that these items of its partition describe; None where its own record is not among them."""
    own = next((item for item in items if item[SORT_KEY] == PROJECT_SORT_KEY), None)
    if own is None:
        return None
    repositories = [_repository(item) for item in items if item[SORT_KEY].startswith("repository#")]
    roles = [item for item in items if item[SORT_KEY].startswith("role#")]
    return Project(
        record=ProjectRecord(**{**_fields(own), "status": Status(own["status"])}),
        repositories={found.template: found for found in repositories},
        roles=tuple(RoleRecord(**_fields(item)) for item in roles),
    )


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in (PARTITION_KEY, SORT_KEY)}


def _repository(item: Mapping[str, Any]) -> RepositoryRecord:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in _fields(item).items()
    }
    values |= {name: int(values[name]) for name in ("id", "owner_id")}
    return RepositoryRecord(**values)
