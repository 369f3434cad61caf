"""Create, correct and delete deploy roles, so that doing it twice, or after half of it, ends in the same."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from contracts.names import Names
from contracts.project_access import project_role_statements
from lambda_src.shared.clients import client
from lambda_src.shared.errors import code_of
from lambda_src.vend.request import RoleRequest
from lambda_src.vend.trust import trust_policy

POLICY = "deploy"
"""Name of the one inline policy."""
BOUNDARY = "project"
MISSING = "NoSuchEntity"
TAKEN = "EntityAlreadyExists"


class NotOursError(Exception):
    """A role of that name exists and was not made for this project; nothing was touched."""


def grant(request: RoleRequest, names: Names, *, workflows_repository: str, development: Names | None) -> str:
    """Make the role what the request asks for; return its ARN. Raises NotOursError for a role of somebody else's."""
    iam = client("iam")
    role = names.project_role(request.project, request.template)
    trust = trust_policy(request, names, workflows_repository=workflows_repository)
    try:
        iam.create_role(
            RoleName=role,
            Path=names.project_role_path,
            AssumeRolePolicyDocument=trust,
            Description=f"Deploys project {request.project} from its {request.template} repository",
            MaxSessionDuration=3600,
            PermissionsBoundary=names.boundary_arn(BOUNDARY),
            Tags=_tags(request),
        )
    except ClientError as error:
        if code_of(error) != TAKEN:
            raise
        _check_ours(iam.get_role(RoleName=role)["Role"], request, names)
        # The boundary is not set again: none of our roles is made without it, and nobody may take it off.
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    document = {
        "Version": "2012-10-17",
        "Statement": project_role_statements(names, request.project, request.template, development=development),
    }
    iam.put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=json.dumps(document, sort_keys=True))
    return names.project_role_arn(request.project, request.template)


def revoke(request: RoleRequest, names: Names) -> bool:
    """Delete the role, and return whether there was one: a role that is another's is none of this request's.

    Raises NotOursError for one that says that it is the request's and was tampered with: somebody must look.
    """
    iam = client("iam")
    role = names.project_role(request.project, request.template)
    try:
        found = iam.get_role(RoleName=role)["Role"]
    except ClientError as error:
        if code_of(error) == MISSING:
            return False
        raise
    if not _is_tagged(found, request):
        return False
    _check_ours(found, request, names)
    _deleted(iam.delete_role_policy, RoleName=role, PolicyName=POLICY)
    return _deleted(iam.delete_role, RoleName=role)


def _deleted(delete: Callable[..., Any], **what: str) -> bool:
    """Delete; False where it is gone already: an earlier try did it, and its answer was lost."""
    try:
        delete(**what)
    except ClientError as error:
        if code_of(error) != MISSING:
            raise
        return False
    return True


def _tags(request: RoleRequest) -> list[dict[str, str]]:
    return [
        {"Key": "project", "Value": request.project},
        {"Key": "repository-id", "Value": str(request.repository_id)},
        {"Key": "template", "Value": request.template},
    ]


def _check_ours(role: dict[str, Any], request: RoleRequest, names: Names) -> None:
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if role["Path"] != names.project_role_path or boundary != names.boundary_arn(BOUNDARY):
        raise NotOursError(
            f"role {role['RoleName']} lies at {role['Path']} under boundary {boundary}; a role of ours lies at"
            f" {names.project_role_path} under {names.boundary_arn(BOUNDARY)}"
        )
    if not _is_tagged(role, request):
        tags = _tags_of(role)
        raise NotOursError(
            f"role {role['RoleName']} is of project {tags.get('project')!r}, repository {tags.get('repository-id')!r};"
            f" the request is for {request.project!r}, {request.repository_id}"
        )


def _is_tagged(role: dict[str, Any], request: RoleRequest) -> bool:
    wanted = {tag["Key"]: tag["Value"] for tag in _tags(request)}
    tags = _tags_of(role)
    return all(tags.get(key) == value for key, value in wanted.items())


def _tags_of(role: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
