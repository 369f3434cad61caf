"""The template repositories in the local GitHub: created as the dev stack creates them, filled by its own function."""

from typing import Any

from components.template_content import WORKFLOWS, available
from components.template_publication import Content, content
from contracts.projects import template_repository_name
from contracts.publication import LIFECYCLE, Publication, publication_input
from local.delivery import LocalDelivery
from local.functions import Function, FunctionError
from local.github.server import LocalGitHub
from local.runner.storage import Storage
from operations.errors import OperationError

PUBLISH = "publish"
FIRST_COMMIT = {"README.md": b"# Not published yet\n"}
"""What GitHub puts into a repository that is created with auto_init."""


class PublicationError(OperationError):
    """The publishing function failed; the message is its own, and what helps on this machine."""


def publish_templates(world: LocalDelivery, hub: LocalGitHub, github: Any, app: str) -> None:
    """Create every template repository and that of the workflows, and publish the content of this checkout.

    `github` is dev's section of that name, `app` what its functions get as GITHUB_APP. What is there already and holds
    the same is left alone.
    """
    dev = world.settings["dev"]
    arn = dev.names.function_arn(PUBLISH)
    if not world.functions.knows(arn):
        world.functions.add(_function(arn, dev.names.role(PUBLISH), dev.names.bucket("artifacts"), app))
    storage = Storage(world.client("s3", "dev"))
    storage.ensure_bucket(dev.names.bucket("artifacts"))
    names = {
        WORKFLOWS: github.workflows_repository,
        **{each: template_repository_name(dev.unit, each) for each in available()},
    }
    for template, name in names.items():
        own = content(
            template,
            github.organization,
            platform_team=github.platform_team,
            workflows_repository=github.workflows_repository,
        )
        record = hub.store.by_name(name) or hub.add_repository(name, FIRST_COMMIT, template=template != WORKFLOWS)
        storage.write("content", f"s3://{dev.names.bucket('artifacts')}/{own.key}", own.archive.path.read_bytes())
        _publish(world, arn, own, name, int(record["id"]))


def _publish(world: LocalDelivery, arn: str, own: Content, name: str, number: int) -> None:
    """Call the function as `pulumi up` does after a change of content."""
    wanted = Publication(
        repository=name,
        repository_id=number,
        template=own.template,
        version=own.version,
        key=own.key,
        sha256=own.sha256,
    )
    try:
        world.functions.invoke(arn, {**publication_input(wanted), LIFECYCLE: {"action": "create"}})
    except FunctionError as error:
        raise PublicationError(
            f"{name}: {str(error).partition(': ')[2]}; or start anew here: `mlops reset`."
        ) from error


def _function(arn: str, role: str, bucket: str, app: str) -> Function:
    """Return the function as a dev stack with template repositories deploys it."""
    return Function(
        arn=arn,
        handler=f"lambda_src.{PUBLISH}.handler.handler",
        role=role,
        environment={"CONTENT_BUCKET": bucket, "GITHUB_APP": app, "POWERTOOLS_LOG_LEVEL": "INFO"},
        timeout_seconds=300,
    )
