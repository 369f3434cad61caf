"""What runs tomorrow is what was reviewed today."""

import re
from collections.abc import Iterator
from typing import Any

from contracts.images import is_immutable
from policy.documents import named
from policy.model import Checked, Rule, Stack

KEYS = frozenset({"image", "imageuri", "trainingimage", "baseimage"})
"""How SageMaker's and Lambda's inputs, and pipeline definitions, name an image."""
_REFERENCE = re.compile(
    r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr[^/]*|[^/]+)/(?P<path>[^@:]+)(?::(?P<tag>[^@]+))?(?P<digest>@sha256:.+)?"
)
TYPES = (
    "lambda:Function",
    "sagemaker:CodeRepository",
    "sagemaker:ImageVersion",
    "sagemaker:Model",
    "sagemaker:Pipeline",
    "ecs:TaskDefinition",
    "batch:JobDefinition",
)


def _check(resource: Checked, stack: Stack) -> Iterator[str]:
    resource.require_known()
    for path, image in named(resource.inputs, KEYS):
        if fault := _fault(image, stack):
            yield f"{path} is {image if isinstance(image, str) else 'chosen at the start'}: {fault}"


def _fault(image: Any, stack: Stack) -> str | None:
    around = stack.surroundings
    if not isinstance(image, str):
        return None if around.is_dev or not isinstance(image, dict) else "it is decided when the pipeline starts"
    found = _REFERENCE.fullmatch(image)
    if found is None or found["digest"]:
        return None
    if found["tag"] in (None, "latest"):
        return "it has no tag, which means latest" if found["tag"] is None else "latest says nothing about what runs"
    # Images of AWS's own accounts carry AWS's tags; there is no digest of them to be had without an account.
    ours = found["account"] is None or found["account"] in around.accounts.values()
    if ours and not around.is_dev and not is_immutable(found["tag"]):
        return f"the tag {found['tag']} moves, which only dev admits"
    return None


RULE = Rule(
    id="immutable-image",
    forbids="image named latest or without a tag, and none with a moving tag outside dev",
    why="A moving tag lets prod run what nobody approved, and a rollback run what it fled from.",
    fix="name a version tag v1.2.3 or a sha256 digest: models.<name>.image in the stack file",
    types=TYPES,
    check=_check,
)
