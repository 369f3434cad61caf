"""Deploy roles: asked for in the account of each environment, which decides for itself."""

import json
from typing import Any

from contracts.names import Names
from lambda_src.github_client.deadline import Deadline
from lambda_src.projects import records
from lambda_src.projects.records import ProjectRecord, RepositoryRecord, RoleRecord, SupersededError
from lambda_src.provision.errors import RefusedError, RoleFunctionError, check_time
from lambda_src.shared.clients import client, client_as

REQUEST, VEND = "project-request", "vend"
SESSION = "provision"
TRIES = 3
"""IAM throttles early, and a role that was just made takes a moment to be there for its policy."""
LATER_SECONDS = 4.0


def grant(own: ProjectRecord, repository: RepositoryRecord, names: Names, deadline: Deadline) -> RoleRecord:
    """Get the repository its role in the environment of `names`. Raises RefusedError with the account's reason.

    The role is recorded before it is asked for: whatever happens then, it is known and can be taken back.
    """
    role = RoleRecord(
        project=own.project,
        environment=names.environment,
        template=repository.template,
        arn=names.project_role_arn(own.project, repository.template),
    )
    records.save_role(own, role)
    answer = _ask("grant", repository, names, deadline)
    if answer.get("outcome") != "granted" or answer.get("role_arn") != role.arn:
        raise RefusedError(f"{names.environment} gives {repository.name} no role: {answer.get('why', answer)}")
    try:
        records.check(own)
    except SupersededError:
        if records.is_over(own):
            _ask("revoke", repository, names, deadline)
        raise
    return role


def revoke(
    own: ProjectRecord, repository: RepositoryRecord, role: RoleRecord, names: Names, deadline: Deadline
) -> None:
    """Have the role deleted, and forget it. Raises RefusedError where the account keeps it."""
    answer = _ask("revoke", repository, names, deadline)
    if answer.get("outcome") == "gone" and deadline.wait(LATER_SECONDS):
        # IAM shows a role some seconds after it was made, so one look is not enough.
        answer = _ask("revoke", repository, names, deadline)
    if answer.get("outcome") not in ("revoked", "gone"):
        raise RefusedError(f"{names.environment} keeps the role of {repository.name}: {answer.get('why', answer)}")
    records.forget_role(own, role)


def _ask(operation: str, repository: RepositoryRecord, names: Names, deadline: Deadline) -> dict[str, Any]:
    event = {
        "operation": operation,
        "project": repository.project,
        "template": repository.template,
        "environment": names.environment,
        "repository": {
            "owner": repository.owner,
            "owner_id": repository.owner_id,
            "name": repository.name,
            "id": repository.id,
        },
    }
    what = f"the role of {repository.name} in {names.environment}"
    check_time(deadline, what)
    assumed = client("sts").assume_role(RoleArn=names.role_arn(REQUEST), RoleSessionName=SESSION, DurationSeconds=900)[
        "Credentials"
    ]
    function = client_as("lambda", names.region, assumed)
    for attempt in range(1, TRIES + 1):
        check_time(deadline, what)
        answer = function.invoke(FunctionName=names.function_arn(VEND), Payload=json.dumps(event).encode())
        body = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" not in answer and isinstance(body, dict):
            return body
        if attempt < TRIES and not deadline.wait(LATER_SECONDS * attempt):
            break
    # Its own log says why; what it returns in that case may hold its variables' names and nothing of use here.
    raise RoleFunctionError(f"{names.function(VEND)} in {names.environment} failed; see its log group")
