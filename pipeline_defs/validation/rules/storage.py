"""S3 locations: code under a key that carries its hash, outputs under the execution that wrote them."""

import re
from collections.abc import Iterator, Mapping

from pipeline_defs.validation.finding import show
from pipeline_defs.validation.outline import references
from pipeline_defs.validation.rules.context import Broken, Context, Job, Rule

EXECUTION_ID = "Execution.PipelineExecutionId"
_TRAINING_ROOT = "/opt/ml/input/data/"
_CODE_NAMES = ("code", "schema")

Input = tuple[str, str, str, object]
"""Name, path in the step, folder in the container, S3 URI."""


def inputs(job: Job) -> Iterator[Input]:
    """Yield the S3 inputs of a job."""
    if job.kind == "processing":
        for index, item in enumerate(job.items("ProcessingInputs")):
            source = item.get("S3Input")
            if isinstance(source, Mapping):
                path = job.at(f"ProcessingInputs[{index}]", "S3Input", "S3Uri")
                yield str(item.get("InputName")), path, str(source.get("LocalPath")), source.get("S3Uri")
    elif job.kind in ("training", "automl"):
        for index, item in enumerate(job.items("InputDataConfig")):
            data = item.get("DataSource")
            source = data.get("S3DataSource") if isinstance(data, Mapping) else None
            if isinstance(source, Mapping):
                path = job.at(f"InputDataConfig[{index}]", "DataSource", "S3DataSource", "S3Uri")
                name = str(item.get("ChannelName"))
                yield name, path, f"{_TRAINING_ROOT}{name}", source.get("S3Uri")
    else:
        uri = job.get("TransformInput", "DataSource", "S3DataSource", "S3Uri")
        if uri is not None:
            yield "input", job.at("TransformInput", "DataSource", "S3DataSource", "S3Uri"), "", uri


def outputs(job: Job) -> Iterator[tuple[str, object]]:
    """Yield the S3 outputs of a job: path in the step, S3 URI."""
    if job.kind == "processing":
        for index, item in enumerate(job.items("ProcessingOutputConfig", "Outputs")):
            target = item.get("S3Output")
            if isinstance(target, Mapping):
                path = job.at("ProcessingOutputConfig", f"Outputs[{index}]", "S3Output", "S3Uri")
                yield path, target.get("S3Uri")
        return
    member = "TransformOutput" if job.kind == "transform" else "OutputDataConfig"
    yield job.at(member, "S3OutputPath"), job.get(member, "S3OutputPath")
    if job.get("CheckpointConfig", "S3Uri") is not None:
        yield job.at("CheckpointConfig", "S3Uri"), job.get("CheckpointConfig", "S3Uri")


def _command(job: Job) -> list[str]:
    """Return the words of the command that the container runs."""
    member = "AppSpecification" if job.kind == "processing" else "AlgorithmSpecification"
    words: list[object] = []
    for key in ("ContainerEntrypoint", "ContainerArguments"):
        value = job.get(member, key)
        words += value if isinstance(value, list) else []
    return [word for word in words if isinstance(word, str)]


def code_pattern(context: Context) -> re.Pattern[str]:
    """Return what the S3 URI of published code looks like."""
    return re.compile(rf"s3://{re.escape(context.settings.artifact_bucket)}/code/[0-9a-f]{{16}}/\S+")


def _code(context: Context) -> Iterator[Broken]:
    hashed = code_pattern(context)
    for job in context.jobs():
        command = _command(job)
        for name, path, folder, uri in inputs(job):
            runs = any(word.startswith(f"{folder.rstrip('/')}/") for word in command)
            is_code = name in _CODE_NAMES or runs or (isinstance(uri, str) and "/code/" in uri)
            if is_code and not (isinstance(uri, str) and hashed.fullmatch(uri)):
                message = f"the code input {name!r} comes from {show(uri)}, whose content can change"
                fix = f"use s3://{context.settings.artifact_bucket}/code/<first 16 digits of its sha256>/..."
                yield job.step, path, message, fix


def _execution(context: Context) -> Iterator[Broken]:
    prefix = f"s3://{context.settings.artifact_bucket}/pipelines/{context.settings.pipeline_name}/"
    for job in context.jobs():
        for path, uri in outputs(job):
            text = context.text(uri)
            if EXECUTION_ID not in set(references(uri)):
                message = f"{show(uri)} does not carry the execution id, so one run overwrites the next one's output"
                yield job.step, path, message, f"join {prefix} with {EXECUTION_ID}, the step and the output"
            elif text is None or not text.startswith(prefix):
                message = f"{show(text if text is not None else uri)} is outside {prefix}"
                yield job.step, path, message, f"start it with {prefix}"


RULES = (
    Rule(id="code.hashed", about="Code comes from a key that carries its hash.", check=_code),
    Rule(id="output.execution", about="Outputs lie under the pipeline and the execution.", check=_execution),
)
