"""A stack's pipeline on this machine: its definition with stand-in ids, and what the stack would have created."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

from components.model_settings import pipeline_settings
from components.tags import model_tags
from local.aws.server import EmbeddedAws
from local.runner.errors import RunnerError
from local.runner.registration import ensure_group
from local.runner.storage import Storage
from pipeline_defs import code, placeholders
from pipeline_defs.composer import Composer
from pipeline_defs.settings import PipelineSettings
from settings import StackSettings, read_stack_file

STAND_INS = {
    placeholders.SUBNETS: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    placeholders.SECURITY_GROUPS: ["sg-0123456789abcdef0"],
}
"""Ids that AWS would assign; no process on this machine looks at them."""


class StackDefinition(NamedTuple):
    """What `definition_for` returns."""

    text: str
    """The definition as JSON, ready to run."""
    settings: StackSettings
    bundles: dict[str, code.Bundle]
    """What the definition's jobs read from the artifact bucket, the data schema included."""
    pipeline: PipelineSettings


def stack_file(stack: str, project: Path) -> Path:
    """Return the stack's config file. Raises `RunnerError` that lists the stacks there are."""
    file = project / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(p.name.split(".")[1] for p in project.glob("Pulumi.*.yaml"))) or "none"
        raise RunnerError(f"stack {stack!r}: {file} does not exist. This project has: {known}.")
    return file


def definition_for(stack: str, model: str, *, project: Path, schema: str | None = None) -> StackDefinition:
    """Return the definition of a stack's model, composed as for AWS and filled with stand-in ids.

    `schema` replaces the model's data schema, for a data set of another shape. Raises the settings' and the composer's
    own errors, and `RunnerError` for an unknown stack or model.
    """
    settings = read_stack_file(stack_file(stack, project))
    if model not in settings.models:
        known = ", ".join(sorted(settings.models)) or "none"
        raise RunnerError(f"model {model!r}: stack {stack} has no such model. It has: {known}.")
    wanted = pipeline_settings(settings, model)
    if schema is not None:
        wanted = dataclasses.replace(wanted, data_schema=schema)
    with Composer.start([wanted], cache_folder=project / ".mlops" / "cache" / "definitions") as composer:
        template = composer.definition(model).text
    key = f"arn:aws:kms:{settings.region}:{settings.account}:key/00000000-0000-0000-0000-000000000000"
    text = placeholders.fill(template, {**STAND_INS, placeholders.KEY_ARN: key})
    bundles = {**code.bundles(), "schema": code.schema(wanted.data_schema)}
    return StackDefinition(text, settings, bundles, wanted)


def deploy(aws: EmbeddedAws, definition: StackDefinition) -> Storage:
    """Create in the embedded AWS what the stack would for this model: buckets, code objects, package group."""
    settings, pipeline = definition.settings, definition.pipeline
    storage = Storage(aws.client("s3", settings.account, settings.region))
    storage.ensure_bucket(pipeline.artifact_bucket)
    storage.ensure_bucket(settings.names.bucket("data"))
    present = set(storage.keys(pipeline.artifact_bucket, "code/"))
    for bundle in definition.bundles.values():
        for key, path in bundle.keys().items():
            if key not in present:  # a key carries its content's hash
                storage.write("code", f"s3://{pipeline.artifact_bucket}/{key}", path.read_bytes())
    sagemaker: Any = aws.client("sagemaker", settings.account, settings.region)
    tags = [{"Key": name, "Value": value} for name, value in model_tags(settings, pipeline.model).items()]
    ensure_group(
        sagemaker,
        pipeline.model_package_group,
        ModelPackageGroupDescription=f"Versions of {pipeline.model} in {pipeline.environment}",
        Tags=tags,
    )
    return storage
