"""The projects: repositories that work, deploy roles under their boundary, environments that ask their reviewers."""

from typing import Any

from botocore.exceptions import ClientError

from contracts.github import check_repository_name
from contracts.project_records import Project, RepositoryRecord
from contracts.projects import Status
from operations import project_table
from operations.errors import code_of, told
from operations.verification.results import Reader, Result, Stage, judged, not_checked, not_configured, ok

PART = "projects"
REVIEWED = ("preprod", "prod")
UNDER_WAY = (Status.CREATING, Status.UPDATING, Status.ARCHIVING)


def check(stage: Stage) -> list[Result]:
    """In dev: every project. Elsewhere: the deploy roles of this account."""
    if stage.settings.projects is None and stage.settings.github is None:
        return [not_configured(PART, PART, "the stack file has no section `projects`")]
    if stage.settings.github is None:
        return [_roles_here(stage)]
    found = [_roles_here(stage)]
    there = [each for each in project_table.read_projects(stage.access) if each.record.status is not Status.ARCHIVED]
    for project in sorted(there, key=lambda each: each.record.project):
        found += _project(stage, project)
    return found


def _project(stage: Stage, project: Project) -> list[Result]:
    record, name = project.record, project.record.project
    if record.status in UNDER_WAY:
        again = f"repeat the command that is at it, or look at mlops project show {name}"
        return [not_checked(PART, name, f"it is {record.status.value}", again)]
    if record.status is Status.FAILED:
        fix = f"repeat mlops project create {name} as who began it, or mlops project archive {name}"
        return [judged(PART, name, f"it failed: {record.reason}", fix)]
    found = [_roles(stage, project)]
    for repository in project.repositories.values():
        if stage.github is None:
            found.append(not_checked(PART, repository.name, stage.github_unknown, "set GITHUB_TOKEN"))
        else:
            found.append(_repository(stage, stage.github, repository))
    return found


def _roles(stage: Stage, project: Project) -> Result:
    """The roles that the project has in this account are there."""
    name, environment = project.record.project, stage.settings.environment.value
    wanted = {(env, template.template) for template in project.repositories.values() for env in template.environments}
    recorded = {(role.environment, role.template) for role in project.roles}
    missing = [f"{env}/{template} (not recorded)" for env, template in sorted(wanted - recorded)]
    here = [role for role in project.roles if role.environment == environment]
    missing += [f"{environment}/{r.template}" for r in here if not _there(stage, r.arn.rsplit("/", 1)[-1])]
    elsewhere = sorted({role.environment for role in project.roles} - {environment})
    fine = "here" + (f"; mlops verify looks at those in {' and '.join(elsewhere)}" if elsewhere else "")
    problem = f"missing: {', '.join(missing)}" if missing else ""
    return judged(PART, f"{name}: deploy roles", problem, f"repeat mlops project create {name}", fine=fine)


def _there(stage: Stage, role: str) -> bool:
    with told(f"describe role {role}"):
        try:
            stage.client("iam").get_role(RoleName=role)
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                return False
            raise
    return True


def _roles_here(stage: Stage) -> Result:
    """Every role under the projects' path carries the boundary."""
    names, iam = stage.access.names, stage.client("iam")
    with told("list the deploy roles"):
        pages = iam.get_paginator("list_roles").paginate(PathPrefix=names.project_role_path)
        roles = [str(each["RoleName"]) for page in pages for each in page["Roles"]]
        described = [iam.get_role(RoleName=role)["Role"] for role in roles]  # the list leaves the boundary out
    wanted = names.boundary_arn("project")
    bare = [role["RoleName"] for role in described if _boundary(role) != wanted]
    if not roles:
        return ok(PART, "deploy roles of this account", "none yet")
    problem = f"without the boundary: {', '.join(bare)}" if bare else ""
    fix = "delete these roles: nothing of the platform makes one like that"
    return judged(PART, "deploy roles of this account", problem, fix, fine=f"{len(roles)}, all under the boundary")


def _boundary(role: dict[str, Any]) -> str:
    return str((role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn", ""))


def _repository(stage: Stage, reader: Reader, record: RepositoryRecord) -> Result:
    github = stage.settings.github
    path = f"/repos/{record.owner}/{check_repository_name(record.name)}"
    found = reader.find(path)
    again = f"repeat mlops project create {record.project}"
    if found is None:
        return judged(PART, record.name, "it is not there, or the token does not see it", again)
    problem = ""
    if found["id"] != record.id:
        problem = f"another repository has its name: id {found['id']}, the project's is {record.id}"
    elif found["archived"]:
        problem = "it is archived in GitHub, and its project is not"
    elif not record.ready:
        problem = "it is not set up"
    for environment in record.environments if not problem and github is not None else ():
        there = reader.find(f"{path}/environments/{environment}")
        if there is None:
            problem = f"it has no environment {environment}"
        elif github is not None and github.protects_environments and _asked(stage, environment) and not _asks(there):
            problem = f"its environment {environment} asks nobody"
    return judged(PART, record.name, problem, again, fine="set up and protected")


def _asked(stage: Stage, environment: str) -> bool:
    github = stage.settings.github
    return github is not None and environment in REVIEWED and bool(getattr(github.reviewers, environment))


def _asks(environment: dict[str, Any]) -> bool:
    return any(rule.get("type") == "required_reviewers" for rule in environment.get("protection_rules", ()))
