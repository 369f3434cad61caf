"""Provision: make, upgrade and archive projects.

Called by CloudFormation behind every product of the catalog, and directly with {"operation": "create" | "upgrade" |
"archive", "request_id": ..., "properties": {...}} by the command line and the portal. Both end in the same steps.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.tracing import Tracer

from contracts.projects import DIRECT, ProjectRequest, check_project_name, request_from
from contracts.rules import BrokenRuleError
from lambda_src.github_client.deadline import Deadline, of_lambda
from lambda_src.projects import records
from lambda_src.projects.records import SupersededError
from lambda_src.provision import cloudformation, members
from lambda_src.provision.cloudformation import CustomResourceRequest
from lambda_src.provision.create import OVER, Made, create, made_of
from lambda_src.provision.errors import FAULTS, REFUSALS, RefusedError
from lambda_src.provision.remove import end, remove
from lambda_src.provision.upgrade import is_older, upgrade
from lambda_src.shared.configuration import names

ANSWER_SECONDS = 240.0
"""Kept for the longest step that is not GitHub's (a call of AWS, three times 28 seconds), for recording the failure
(the same) and for answering CloudFormation (some 40), before Lambda ends the function."""
Answer = dict[str, Any]

logger = Logger()
tracer = Tracer(patch_modules=["botocore"])


def provision(event: Mapping[str, Any], context: Any) -> Answer:
    """Do what is asked, and answer whoever asked."""
    deadline = of_lambda(context)
    at = max(deadline.clock(), deadline.at - ANSWER_SECONDS)
    deadline = Deadline(at=at, clock=deadline.clock, sleeper=deadline.sleeper)
    if cloudformation.is_request(event):
        if str(context.invoked_function_arn).endswith(f":{DIRECT}"):
            # A stack's id in an event is what says whose project may be ended: who is no stack could write any.
            return {"outcome": "refused", "why": f"by {DIRECT} no requests of CloudFormation come; write `operation`"}
        request = CustomResourceRequest(event)
        cloudformation.check_address(request, _addresses())
        return _for_cloudformation(request, deadline)
    return _directly(event, deadline)


def _addresses() -> tuple[str, ...]:
    return cloudformation.addresses_of(names().region)


def _for_cloudformation(request: CustomResourceRequest, deadline: Deadline) -> Answer:
    """Answer in every path: whatever happens here, the stack does not hang until its own timeout."""
    kinds = {"Create": _create, "Update": _update, "Delete": _delete}
    work = kinds.get(request.kind, _unknown)
    try:
        data = work(request, deadline)
    except SupersededError as error:
        # A newer call of the same request answers, and an answer from here could say the opposite. There is no such
        # call where the project was ended meanwhile.
        if work is not _delete and _is_over(request.project):
            cloudformation.answer(request, reason=str(error), sleeper=deadline.sleeper)
        return {"outcome": "superseded", "why": str(error)}
    except (*REFUSALS, *FAULTS) as error:
        cloudformation.answer(request, reason=str(error), sleeper=deadline.sleeper)
        return {"outcome": "failed", "why": str(error)}
    except Exception as error:
        # A mistake of ours: CloudFormation learns that it failed, the log learns why.
        logger.exception("unforeseen")
        reason = f"the provisioning function failed ({type(error).__name__}); see its log"
        cloudformation.answer(request, reason=reason, sleeper=deadline.sleeper)
        return {"outcome": "failed", "why": type(error).__name__}
    cloudformation.answer(request, data=data, sleeper=deadline.sleeper)
    return {"outcome": "done"}


def _unknown(request: CustomResourceRequest, deadline: Deadline) -> dict[str, str]:  # noqa: ARG001  # as the others
    raise RefusedError(f"RequestType is {request.kind!r}; CloudFormation sends Create, Update, Delete")


def _is_over(name: str) -> bool:
    found = records.read(name)
    return found is None or found.record.status in OVER


def _create(request: CustomResourceRequest, deadline: Deadline) -> dict[str, str]:
    return _data(create(request_from(request.properties, request.request_id), deadline))


def _update(request: CustomResourceRequest, deadline: Deadline) -> dict[str, str]:
    """Bring the project to what the properties say now: a newer version of the templates, further people."""
    wanted = request_from(request.properties, request.request_id)
    if wanted.project != request.project:
        raise RefusedError(f"project {request.project} keeps its name; launch a new project {wanted.project} instead")
    current = records.read(wanted.project)
    if current is None or current.record.created_by != request.request_id:
        raise RefusedError(f"project {wanted.project} was not made by this stack")
    if current.record.product != wanted.product:
        raise RefusedError(
            f"project {wanted.project} is {current.record.product}; launch {wanted.product} as a new project"
        )
    _change_people(wanted, deadline)
    at = current.record.template_version
    # An older version comes with the rollback of an update: pull requests that are open stay for people to judge.
    if wanted.template_version != at and not is_older(wanted.template_version, at):
        upgrade(wanted, deadline)
    made = records.read(wanted.project)
    return _data(made_of(made or current))


def _change_people(wanted: ProjectRequest, deadline: Deadline) -> None:
    current = records.read(wanted.project)
    if current is None or (current.record.owner, current.record.team) == (wanted.owner, wanted.team):
        return
    members.check(wanted, deadline)
    project = records.take(current.record)
    members.add(project.record, project, wanted, deadline)


def _delete(request: CustomResourceRequest, deadline: Deadline) -> dict[str, str]:
    """Succeed where there is nothing of this stack's: also the rollback of a creation that was refused comes here."""
    remove(request.project, request.request_id, deadline)
    return {}


def _directly(event: Mapping[str, Any], deadline: Deadline) -> Answer:
    operations: dict[str, Callable[[Mapping[str, Any], Deadline], Answer]] = {
        "create": _create_directly,
        "upgrade": _upgrade_directly,
        "archive": _archive_directly,
    }
    try:
        operation = operations.get(str(event.get("operation")))
        if operation is None:
            raise BrokenRuleError(f"operation is {event.get('operation')!r}", f"write {', '.join(operations)}")
        return operation(event, deadline)
    except REFUSALS as error:
        return {"outcome": "refused", "why": str(error)}
    except SupersededError as error:
        return {"outcome": "superseded", "why": f"{error} by another call"}
    except FAULTS as error:
        return {"outcome": "failed", "why": f"{error}. Ask again with the same request id to go on"}


def _create_directly(event: Mapping[str, Any], deadline: Deadline) -> Answer:
    made = create(_request(event), deadline)
    return {
        "outcome": "created",
        "project": made.project,
        "group": made.group,
        "repositories": list(made.repositories),
        "notices": list(made.notices),
    }


def _upgrade_directly(event: Mapping[str, Any], deadline: Deadline) -> Answer:
    """Propose the templates; what the properties leave out is as the project has it."""
    given = _properties(event)
    project = records.read(check_project_name(str(given.get("ProjectName", ""))))
    if project is None:
        raise RefusedError(f"there is no project {given['ProjectName']}")
    record = project.record
    known = {"Product": record.product, "Owner": record.owner, "Team": record.team}
    return {
        "outcome": "upgraded",
        "pull_requests": upgrade(_request({**event, "properties": {**known, **given}}), deadline),
    }


def _archive_directly(event: Mapping[str, Any], deadline: Deadline) -> Answer:
    """Archive, or remove what never was ready. `stack_is_gone` is for a project whose stack was deleted without it."""
    name = check_project_name(str(_properties(event).get("ProjectName", "")))
    project = records.read(name)
    if project is None:
        raise RefusedError(f"there is no project {name}")
    if project.record.created_by.startswith("arn:") and event.get("stack_is_gone") is not True:
        raise RefusedError(f"project {name} was launched from Studio: end it there, so that its stack goes with it")
    return {"outcome": end(project, deadline)}


def _request(event: Mapping[str, Any]) -> ProjectRequest:
    request_id = str(event.get("request_id", ""))
    if request_id.startswith("arn:"):
        raise BrokenRuleError(f"request_id is {request_id!r}, as of a stack", "write an id of your own")
    return request_from(_properties(event), request_id)


def _properties(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found = event.get("properties")
    return found if isinstance(found, Mapping) else {}


def _data(made: Made) -> dict[str, str]:
    """What a template may read by Fn::GetAtt."""
    return {
        "Repositories": " ".join(made.repositories),
        "ModelPackageGroup": made.group,
        "Notices": json.dumps(list(made.notices)),
    }


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Answer:
    """Lambda's entry point. The event is not logged: CloudFormation's holds a pre-signed address."""
    answer = provision(event, context)
    logger.info("done", extra={"outcome": answer["outcome"], "why": answer.get("why", "")})
    return answer
