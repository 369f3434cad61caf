"""What is published into a template repository: which content, under which tags, and the mark that says its version."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from contracts.github import check_repository_name
from contracts.projects import VERSION_PATTERN
from contracts.rules import BrokenRuleError

WORKFLOWS = "workflows"
"""Name of the shared workflows' content; its repository is the one that settings name."""
BRANCH = "main"
"""The branch of every repository of the platform; deploy roles and environments name it."""
BUCKET_PURPOSE = "artifacts"
"""Purpose of the bucket in which content waits to be published."""
PREFIX = "repositories/"
"""Where it lies there."""
MARK = ".github/mlops-template.json"
"""File that says which version of which template a repository was made from; generating copies it."""
REQUIRED_CHECK = "Check / Lint and test"
"""Name under which GitHub shows what a template's ci.yml runs: its job, and the job of the workflow that it calls."""
LIFECYCLE = "tf"
"""Key under which the AWS provider adds its action to the input of an invocation (`terraform_key`, default)."""

_TEMPLATE_PATTERN = r"^[a-z][a-z0-9-]{0,62}$"
_SHA256_PATTERN = r"^[0-9a-f]{64}$"


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """One content for one repository. All of it stands in the stack's state, and none of it is secret."""

    repository: str
    """Name of the repository."""
    repository_id: int
    """Its id: a name can change hands, an id cannot."""
    template: str
    """Name of the template, or `workflows`."""
    version: str
    """Version that the content has, `1.0.0`."""
    key: str
    """Object of the content, a zip file."""
    sha256: str
    """SHA-256 of that file, hexadecimal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tags:
    """Names that a published commit gets."""

    fixed: str
    """Tag of this content for good."""
    moving: str | None
    """Tag that goes to the newest content; none for templates."""


def tags(template: str, version: str, sha256: str) -> Tags:
    """Return the tags of a content.

    Workflows are called by their major version, which moves, and every content has a tag of its own beside it. Content
    of a template has its version's tag: what a project is upgraded to is told by version, so a version is one content.
    """
    if template == WORKFLOWS:
        return Tags(fixed=f"v{version}-{sha256[:12]}", moving=f"v{version.partition('.')[0]}")
    return Tags(fixed=f"template-{version}", moving=None)


def mark(template: str, version: str) -> bytes:
    """Return the content of MARK."""
    return (json.dumps({"template": template, "version": version}, indent=2) + "\n").encode()


def object_key(template: str, sha256: str) -> str:
    """Return the key of a content: it holds the hash, so an object never changes."""
    return f"{PREFIX}{template}/{sha256}.zip"


def publication_input(publication: Publication) -> dict[str, str | int]:
    """Return what the function is called with."""
    return asdict(publication)


def publication_from(event: Mapping[str, Any]) -> Publication:
    """Read what the function was called with; further keys are ignored. Raises BrokenRuleError for what is unclear."""
    texts = {name: event.get(name) for name in ("repository", "template", "version", "key", "sha256")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise BrokenRuleError(f"{name} is {value!r}, no text", "call it by `pulumi up` of the dev stack only")
    number = event.get("repository_id")
    # The engine's numbers have no integers of their own: 5 may arrive as 5.0.
    if isinstance(number, bool) or not isinstance(number, int | float) or number != int(number) or number < 1:
        raise BrokenRuleError(f"repository_id is {number!r}, no id of a repository", "give the output repo_id")
    found = Publication(repository_id=int(number), **{name: str(value) for name, value in texts.items()})
    check_repository_name(found.repository)
    for name, value, pattern in (
        ("template", found.template, _TEMPLATE_PATTERN),
        ("version", found.version, VERSION_PATTERN),
        ("sha256", found.sha256, _SHA256_PATTERN),
    ):
        if not re.fullmatch(pattern, value, re.ASCII):
            raise BrokenRuleError(f"{name} is {value!r}, which does not match {pattern}", "call it by `pulumi up` only")
    if found.key != object_key(found.template, found.sha256):
        raise BrokenRuleError(
            f"key is {found.key!r}, not that of this content", f"write {object_key(found.template, found.sha256)}"
        )
    return found
