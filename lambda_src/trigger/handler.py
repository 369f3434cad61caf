"""Trigger: an approved version of a project starts the one deployment workflow of its one deployment repository, once.

Event: "SageMaker Model Package State Change" of any group of the stack; the group decides whether it is a project's.
"""

from datetime import UTC, datetime
from typing import Any

from contracts.delivery_events import parse_approval
from contracts.github import DISPATCH
from contracts.products import DEPLOYMENT_TEMPLATES, PRODUCTS
from contracts.projects import Status
from lambda_src.github_client import repositories, workflows
from lambda_src.github_client.deadline import Deadline, within
from lambda_src.github_client.errors import IdentityError, NotFoundError, UnavailableError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub
from lambda_src.projects import records
from lambda_src.projects.github import minter
from lambda_src.projects.records import RepositoryRecord
from lambda_src.shared import registry
from lambda_src.shared.configuration import names
from lambda_src.shared.errors import PermanentError, RetryLaterError
from lambda_src.shared.runtime import Answer, Event
from lambda_src.shared.runtime import handler as with_runtime
from lambda_src.trigger import dispatches

WORKFLOW = "deploy.yml"
SECONDS = 45.0
"""How long it may take, waits for GitHub included; the function's own limit leaves it time to record."""
LOOKS = 3
LOOK_AGAIN_SECONDS = 3.0


def trigger(event: Event) -> Answer:
    """Start the workflow, or say why there is nothing to start."""
    approval = parse_approval(event)
    own = (names().account, names().region)
    if (approval.account, approval.region) != own:
        return _ignored(f"{approval.version_arn} is not of account and region {own}")
    name = records.project_of_group(approval.group)
    if name is None:
        return _ignored(f"group {approval.group} is of no project")
    project = records.read(name)
    if project is None or project.record.status in (Status.ARCHIVING, Status.ARCHIVED):
        return _ignored(f"project {name} is archived")
    target = next((project.repositories[t] for t in DEPLOYMENT_TEMPLATES if t in project.repositories), None)
    if target is None:
        deploys = set(DEPLOYMENT_TEMPLATES) & set(PRODUCTS[project.record.product].templates)
        if deploys and project.record.status is Status.CREATING:
            raise RetryLaterError(f"project {name} is still being made")
        return _ignored(f"project {name} has no deployment repository")
    if not target.ready:
        raise RetryLaterError(f"repository {target.name} is still being set up")
    if not _still_approved(approval.version_arn):
        return _ignored(f"{approval.version_arn} is no longer approved")
    if not dispatches.begin(name, approval.version_arn, WORKFLOW, _seconds()):
        return {"outcome": "duplicate", "why": f"{WORKFLOW} was started for {approval.version_arn} before"}
    why = _start(name, target, approval.version_arn, within(SECONDS))
    dispatches.done(name, approval.version_arn, WORKFLOW, _seconds())
    return {"outcome": "started", "why": why}


def _start(project: str, target: RepositoryRecord, version_arn: str, deadline: Deadline) -> str:
    """Start the workflow unless a run of this version is there. Raises what leaves it unclear: a retry looks again."""
    try:
        github = minter().client(DISPATCH, [target.id], deadline)
        found = _found(github, target)
        run = workflows.run_named(github, found, WORKFLOW, version_arn)
        if run is not None:
            return f"{WORKFLOW} of {target.name} was running already"
        _check_time(deadline)
        workflows.dispatch(github, found, WORKFLOW, ref=found.default_branch, inputs={"version_arn": version_arn})
    except UnavailableError as error:
        # It may have been started: the lease stays, and the next try looks for the run first.
        if error.call.startswith("POST") and _appears(github, found, version_arn, deadline):
            return f"{WORKFLOW} of {target.name} started"
        raise
    except (NotFoundError, IdentityError) as error:
        dispatches.release(project, version_arn, WORKFLOW)
        raise PermanentError(f"{WORKFLOW} of {target.name} cannot be started: {error}") from error
    except Exception:
        dispatches.release(project, version_arn, WORKFLOW)
        raise
    return f"{WORKFLOW} of {target.name} started"


def _check_time(deadline: Deadline) -> None:
    """Raise RetryLaterError shortly before the lease ends: a start that late could be a second one."""
    if deadline.left <= 0:
        raise RetryLaterError(f"GitHub took too long to say whether {WORKFLOW} runs")


def _appears(github: GitHub, repository: Repository, version_arn: str, deadline: Deadline) -> bool:
    """Whether a run shows after an unclear start: GitHub lists it a little later."""
    for _ in range(LOOKS):
        if not deadline.wait(LOOK_AGAIN_SECONDS):
            return False
        if workflows.run_named(github, repository, WORKFLOW, version_arn) is not None:
            return True
    return False


def _found(github: GitHub, target: RepositoryRecord) -> Repository:
    # By id: another repository that took the name over must not deploy this project.
    found = repositories.by_id(github, target.id)
    if found is None or found.archived:
        raise PermanentError(f"repository {target.name} ({target.id}) is gone or archived")
    return found


def _still_approved(version_arn: str) -> bool:
    try:
        return registry.read(version_arn).approved
    except PermanentError:  # gone
        return False


def _ignored(why: str) -> Answer:
    return {"outcome": "ignored", "why": why}


def _seconds() -> int:
    return int(datetime.now(UTC).timestamp())


handler: Any = with_runtime("trigger", trigger)
