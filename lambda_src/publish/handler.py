"""Publish: bring a template repository to hold exactly the content that the stack names, in one commit, and tag it.

Event: what the AWS provider sends for an `aws_lambda_invocation` of scope CRUD: the input (`contracts.publication`)
and, under `tf`, the action. Creating and updating publish; deleting does nothing, because the repository goes, or is
archived, by itself. An error fails the operation, and `pulumi up` calls again. The answer lies in the stack's state.
"""

import os
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contracts import publication
from contracts.publication import BRANCH, LIFECYCLE, Publication
from contracts.rules import BrokenRuleError
from lambda_src.github_client.deadline import Deadline, of_lambda
from lambda_src.github_client.errors import GitHubError, RateLimitedError
from lambda_src.github_client.files import File, commit_files
from lambda_src.projects.github import minter
from lambda_src.publish import content, tags
from lambda_src.publish.errors import PublishError
from lambda_src.publish.repository import open_repository
from lambda_src.shared.runtime import Event, logger, tracer

BUCKET = "CONTENT_BUCKET"
"""Environment variable: name of the bucket of the contents."""
LEFT: dict[str, str | bool] = {"commit": "", "created": False}
"""The answer to a delete."""


def publish(event: Event, context: Any) -> dict[str, str | bool]:  # Lambda's context
    """Return the commit that holds the content, and whether this call made it. Raises PublishError."""
    action = (event.get(LIFECYCLE) or {}).get("action")
    if action == "delete":
        return LEFT
    if action not in ("create", "update"):
        raise PublishError(f"{LIFECYCLE}.action is {action!r}; only `pulumi up` calls this function")
    try:
        wanted = publication.publication_from(event)
        return _publish(wanted, content.read(os.environ[BUCKET], wanted), of_lambda(context))
    except BrokenRuleError as error:
        raise PublishError(f"{error}. Nothing was published") from error
    except GitHubError as error:
        raise PublishError(f"{error}. {_advice(error)}") from error
    except (ClientError, BotoCoreError) as error:
        raise PublishError(f"{error}. Nothing was published; run `pulumi up` again") from error


def _publish(wanted: Publication, files: dict[str, File], deadline: Deadline) -> dict[str, str | bool]:
    """Commit, then tag, the moving tag last: callers get a content only when all else of it is there."""
    github, repository = open_repository(minter(), wanted, deadline)
    names = publication.tags(wanted.template, wanted.version, wanted.sha256)
    tags.check_version(github, repository, names.fixed, files, wanted)
    commit = commit_files(github, repository, BRANCH, files, _message(wanted), remove_others=True)
    tags.fix(github, repository, names.fixed, commit.sha)
    if names.moving:
        tags.move(github, repository, names.moving, commit.sha)
    logger.info("published", extra={"repository": repository.name, "commit": commit.sha, "made": commit.created})
    return {"commit": commit.sha, "created": commit.created}


def _message(wanted: Publication) -> str:
    return (
        f"Publish {wanted.template} {wanted.version}\n\nContent {wanted.sha256[:12]} of the platform's repository."
        " Change it there: the next publication replaces what was changed here.\n"
    )


def _advice(error: GitHubError) -> str:
    # Branch and tags change by one call each, so nothing is ever half there.
    again = "The content is published whole or not at all; run `pulumi up` again, which does the rest"
    if isinstance(error, RateLimitedError):
        return f"GitHub asks to wait. {again} some minutes later"
    if error.says("rule violation", "protected"):
        return f"Let the app bypass the rulesets of the repository (`pulumi refresh`, then `pulumi up`). {again}"
    return again


handler = tracer.capture_lambda_handler(logger.inject_lambda_context(publish), capture_response=False)
