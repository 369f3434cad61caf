"""Projects of a platform: create, upgrade, archive, by the same function that is behind every product of the catalog.

The inventory, who has what, is `operations.project_inventory`.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contracts.github import redact
from contracts.products import PRODUCTS
from contracts.project_records import Project
from contracts.projects import DIRECT, PROPERTIES, ProjectRequest, Status, check_project_name, request_from
from contracts.rules import BrokenRuleError
from operations.errors import MisuseError, NotFoundError, OperationError, told
from operations.plain import now
from operations.project_table import read_project
from operations.session import Access
from settings.catalog import REPOSITORIES

FUNCTION = "provision"
STUDIO = "arn:"
"""Begins the request id of a project that was launched from Studio: the ARN of its CloudFormation stack."""
GENERATED = re.compile(r"^(botocore-session-\d+|aws-cli-.*|AWSCLI-Session.*|\d+)$", re.IGNORECASE)
"""Session names that tools make up, another one each time; they tell nobody apart."""
DIGEST = 12
DONE = ("created", "upgraded", "archived", "removed")
"""Outcomes of the function after which there is nothing left to do."""
ADVICE = "Ask again with the same request id to go on"
"""The function's own, for programs; a person repeats the command."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Created:
    """A project that is ready."""

    project: str
    product: str
    owner: str
    group: str
    """Model package group of its versions."""
    repositories: tuple[str, ...]
    """Addresses."""
    notices: tuple[str, ...]
    """What GitHub's plan could not protect, a sentence each."""
    continued: bool
    """Whether an earlier request of the caller was there already: it was gone on with, or done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upgraded:
    """What was proposed to a project's repositories."""

    project: str
    before: str
    """Version of the templates before; empty where none was recorded."""
    version: str
    pull_requests: Mapping[str, str]
    """Address by repository; a repository that has the templates already gets none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Archived:
    """What became of a project."""

    project: str
    outcome: str
    """`archived`: its repositories are read-only and its roles are gone; `removed`: it never came to be, and nothing
    of it is left."""


def create(access: Access, name: str, *, product: str, owner: str, team: str = "") -> Created:
    """Make a project, or finish making the caller's own. Raises MisuseError with what stands against it.

    Whoever repeats the command after a failure goes on where it ended; somebody else who asks for the same name is
    refused, and nothing is touched.
    """
    _in_dev(access)
    existing = read_project(access, _checked(name))
    request = _request(name, product=product, owner=owner, team=team, version=offered_version(product), request_id="x")
    own = request_prefix(access.caller, request)
    continued = existing is not None and existing.record.created_by.startswith(own)
    if existing is not None and (not continued or _is_another(existing, owner=owner, team=team)):
        raise MisuseError(f"{name}: {_taken(existing)}")
    known = existing.record.created_by if existing is not None else f"{own}{now()}"
    if existing is not None:  # the version that it was begun with
        request = replace(request, template_version=existing.record.template_version)
    answer = _invoke(access, "create", replace(request, request_id=known))
    return Created(
        project=name,
        product=product,
        owner=owner,
        group=str(answer["group"]),
        repositories=tuple(answer["repositories"]),
        notices=tuple(answer.get("notices", ())),
        continued=continued,
    )


def upgrade(access: Access, name: str, *, to: str | None = None) -> Upgraded:
    """Propose the templates on offer to each repository of a project, as a pull request. `to` must be that version."""
    project = _existing(access, name)
    record = project.record
    offered = offered_version(record.product)
    if to is not None and to != offered:
        raise MisuseError(
            f"--to {to}: the template repositories hold {offered}, and only what they hold can be proposed. Leave --to"
            " out, or deploy dev from the checkout that has the version you want."
        )
    if record.status is not Status.READY and record.status is not Status.UPDATING:
        raise MisuseError(f"{name} is {record.status.value}; only a project that is Ready is upgraded.")
    request = _request(
        name, product=record.product, owner=record.owner, team=record.team, version=offered, request_id="x"
    )
    wanted = replace(request, request_id=f"{request_prefix(access.caller, request)}upgrade/{offered}")
    answer = _invoke(access, "upgrade", wanted)
    return Upgraded(
        project=name,
        before=record.template_version,
        version=offered,
        pull_requests=dict(answer.get("pull_requests", {})),
    )


def archive(access: Access, name: str, *, confirmed: str) -> Archived:
    """End a project: its repositories become read-only, its deploy roles go, its versions stay. Twice is once.

    `confirmed` is the project's name once more. Raises MisuseError for a project that Studio launched: its stack would
    be left behind.
    """
    project = _existing(access, name)
    if confirmed != name:
        raise MisuseError(f"{confirmed!r} is not {name!r}; nothing was changed.")
    if project.record.created_by.startswith(STUDIO):
        raise MisuseError(
            f"{name} was launched from Studio: end the provisioned product there, so that its stack goes with it."
        )
    record = project.record
    request = _request(
        name,
        product=record.product,
        owner=record.owner,
        team=record.team,
        version=record.template_version,
        request_id=record.created_by,
    )
    answer = _invoke(access, "archive", request)
    return Archived(project=name, outcome=str(answer["outcome"]))


def request_prefix(caller: str, request: ProjectRequest) -> str:
    """Return how the ids of a caller's requests for this project and product begin: a repeated command has the same.

    A role that tools sign in to under made-up session names stands for all who use it.
    """
    kind = caller.split(":", 5)[-1] if caller.startswith("arn:") else caller
    words = kind.split("/")
    if words[0] == "assumed-role" and len(words) > 2 and GENERATED.match(words[-1]):
        words = words[:-1]
    person = "/".join([caller.split(":")[4] if caller.startswith("arn:") else "", *words])
    wish = f"{person} {request.project} {request.product}"
    shown = re.sub(r"[^A-Za-z0-9._-]", "-", words[-1])[:64]
    return f"cli/{shown}/{request.project}/{hashlib.sha256(wish.encode()).hexdigest()[:DIGEST]}/"


def offered_version(product: str, folder: Path = REPOSITORIES) -> str:
    """Return the newest version among the product's templates in this checkout; empty where none is written."""
    files = [folder / template / "template.json" for template in _templates(product)]
    found = [str(json.loads(file.read_text(encoding="utf-8"))["version"]) for file in files if file.is_file()]
    return max(found, key=lambda version: [int(part) for part in version.split(".")], default="")


def _templates(product: str) -> Sequence[str]:
    return PRODUCTS[product].templates if product in PRODUCTS else ()


def _in_dev(access: Access) -> None:
    if access.settings.environment.value != "dev":
        raise MisuseError(f"projects are made in dev, and this is {access.settings.environment.value}.")
    if access.settings.github is None:
        raise MisuseError(
            "dev's settings have no section `github`, so nothing makes projects there. Add it to Pulumi.dev.yaml"
            " (docs/projects.md) and run `pulumi up --stack dev`."
        )


def _checked(name: str) -> str:
    try:
        return check_project_name(name)
    except BrokenRuleError as error:
        raise MisuseError(f"{name!r}: {error.rule}; {error.fix}") from error


def _request(name: str, *, product: str, owner: str, team: str, version: str, request_id: str) -> ProjectRequest:
    values = {"ProjectName": name, "Product": product, "Owner": owner, "Team": team, "TemplateVersion": version}
    try:
        return request_from(values, request_id)
    except BrokenRuleError as error:
        raise MisuseError(f"{error.rule}; {error.fix}") from error


def _existing(access: Access, name: str) -> Project:
    _in_dev(access)
    found = read_project(access, _checked(name))
    if found is None:
        raise NotFoundError(f"there is no project {name}; `mlops project list` shows those there are.")
    return found


def _is_another(existing: Project, *, owner: str, team: str) -> bool:
    """Whether a project that is there differs from what is asked for; one that is being made may still change."""
    record = existing.record
    ready = record.status is Status.READY
    return record.status is Status.ARCHIVED or (ready and (record.owner.lower(), record.team) != (owner.lower(), team))


def _taken(existing: Project) -> str:
    record = existing.record
    ended = " It was archived, and its name stays with it." if record.status is Status.ARCHIVED else ""
    return (
        f"a project of this name exists: {record.product}, {record.status.value}, made {record.created_at} for"
        f" {record.owner}.{ended} Nothing was touched. Choose another name: `mlops project list`."
    )


def _invoke(access: Access, operation: str, request: ProjectRequest) -> Mapping[str, Any]:
    """Call the function and wait for its answer, up to its 15 minutes. Raises what it refused or could not do."""
    properties = {name: getattr(request, field) for name, field in PROPERTIES.items()}
    event = {"operation": operation, "request_id": request.request_id, "properties": properties}
    name, what = access.names.function(FUNCTION), f"{operation} project {request.project}"
    hint = f"You are {access.caller}. Whoever makes projects needs lambda:InvokeFunction on {name}:{DIRECT}."
    payload = json.dumps(event).encode()
    with told(what, hint=hint):
        answered = access.client("lambda").invoke(FunctionName=name, Qualifier=DIRECT, Payload=payload)
    body = json.loads(answered["Payload"].read() or b"null")
    again = f"Repeat the command to go on; its log group is /aws/lambda/{name}."
    if answered.get("FunctionError") or not isinstance(body, Mapping):
        said = body.get("errorMessage", "no answer") if isinstance(body, Mapping) else "no answer"
        raise OperationError(f"{what}: the function failed: {redact(str(said))}. {again}")
    if body.get("outcome") == "refused":
        raise MisuseError(f"{what}: {str(body.get('why')).rstrip('.')}.")
    if body.get("outcome") not in DONE:
        said = str(body.get("why") or body.get("outcome")).replace(ADVICE, "").rstrip(". ")
        raise OperationError(f"{what}: {said}. {again}")
    return body
