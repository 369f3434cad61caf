"""Images: named by the definition itself, and in prod under a name whose content cannot change."""

import re
from collections.abc import Iterator

from pipeline_defs.validation.finding import show
from pipeline_defs.validation.outline import Step, references
from pipeline_defs.validation.rules.context import Broken, Context, Rule
from pipeline_defs.validation.rules.registries import AWS_ACCOUNTS

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/"
    r"[a-z0-9][a-z0-9._/-]*(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]*))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_VERSION = re.compile(r"v\d+\.\d+\.\d+")


def images(context: Context) -> Iterator[tuple[Step, str, object]]:
    """Every image that the document names: step, path, value."""
    for job in context.jobs("training"):
        image = job.get("AlgorithmSpecification", "TrainingImage")
        if image is not None:  # an AlgorithmName stands in its place otherwise
            yield job.step, job.at("AlgorithmSpecification", "TrainingImage"), image
    for job in context.jobs("processing"):
        yield job.step, job.at("AppSpecification", "ImageUri"), job.get("AppSpecification", "ImageUri")
    for step in context.outline.of_type("RegisterModel"):
        for index, container in enumerate(step.items("InferenceSpecification", "Containers")):
            yield step, f"Arguments.InferenceSpecification.Containers[{index}].Image", container.get("Image")
    for step in context.outline.of_type("Model"):
        yield step, "Arguments.PrimaryContainer.Image", step.get("PrimaryContainer", "Image")


def _literal(context: Context) -> Iterator[Broken]:
    for step, path, image in images(context):
        # A reference to the image of an earlier step is as fixed as that step's own.
        fixed = isinstance(image, str) or all(text.startswith("Steps.") for text in references(image))
        if not fixed:
            message = f"{show(image)} lets whoever starts a run choose the image"
            yield step, path, message, "write the full image URI"


def _latest(context: Context) -> Iterator[Broken]:
    for step, path, image in images(context):
        text = context.text(image)
        match = _IMAGE.fullmatch(text) if text is not None else None
        if match and match["digest"] is None and match["tag"] in (None, "latest"):
            message = f"{show(text)} means another image each time somebody pushes"
            yield step, path, message, "name a version tag or a digest"


def _immutable(context: Context) -> Iterator[Broken]:
    if context.settings.environment != "prod":
        return
    for step, path, image in images(context):
        text = context.text(image)
        if text is None:
            continue
        match = _IMAGE.fullmatch(text)
        if match is None:
            yield step, path, f"{show(text)} is no image of a private ECR registry", "use <account>.dkr.ecr.<region>..."
        elif (
            match["digest"] is None
            and match["account"] not in AWS_ACCOUNTS
            and not _VERSION.fullmatch(match["tag"] or "")
        ):
            message = f"the tag {show(match['tag'])} of {show(text)} can be moved to another image"
            yield step, path, message, "in prod, use a version tag such as v1.2.3, or a digest"


RULES = (
    Rule(id="image.literal", about="No execution parameter chooses an image.", check=_literal),
    Rule(id="image.latest", about="No image is named without a version.", check=_latest),
    Rule(id="image.immutable", about="In prod an image is named by version or digest.", check=_immutable),
)
