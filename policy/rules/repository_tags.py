"""An image's tag stays where it was put, and images are scanned."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack


def _check(repository: Checked, _: Stack) -> Iterator[str]:
    mutability = repository.value("imageTagMutability", "MUTABLE")  # ECR's own default
    if mutability != "IMMUTABLE":
        yield f"imageTagMutability is {mutability}, so a released tag can be moved"
    if repository.value("imageScanningConfiguration.scanOnPush") is not True:
        yield "scanOnPush is off, so nobody learns of a hole in an image"


RULE = Rule(
    id="repository-tags",
    forbids="image repository with tags that move or without scans",
    why="Environments name images by tag; only where tags cannot move is the same name the same image.",
    fix='set image_tag_mutability="IMMUTABLE" and scan_on_push, as components/image_repositories.py does',
    types=("ecr:Repository",),
    check=_check,
)
