"""Step caching: never where a step reads what can change under the same name, always elsewhere.

The cache key holds the arguments' text, not the content that an S3 URI leads to. A step that reads `s3://.../latest/`
would be skipped although there is new data.
"""

from collections.abc import Iterator, Mapping

from pipeline_defs.validation.finding import show
from pipeline_defs.validation.outline import references, strings
from pipeline_defs.validation.rules.context import Broken, Context, Job, Rule
from pipeline_defs.validation.rules.storage import EXECUTION_ID, code_pattern, inputs
from pipeline_defs.validation.step_types import STEP_TYPES

# First members of a Describe response that repeat what the step was given, rather than what it made.
_ECHOED = (
    "ProcessingInputs",
    "InputDataConfig",
    "HyperParameters",
    "Environment",
    "AppSpecification",
    "TransformInput",
)


def _read(job: Job) -> Iterator[tuple[str, object]]:
    """Yield what may lead a job to data, with paths: inputs, arguments, environment, hyperparameters."""
    for _, path, _, uri in inputs(job):
        yield path, uri
    places = (
        ("AppSpecification", "ContainerEntrypoint"),
        ("AppSpecification", "ContainerArguments"),
        ("AlgorithmSpecification", "ContainerEntrypoint"),
        ("AlgorithmSpecification", "ContainerArguments"),
        ("Environment",),
        ("HyperParameters",),
        ("StaticHyperParameters",),
    )
    for keys in places:
        value = job.get(*keys)
        if value is not None:
            yield job.at(*keys), value


def mutable(context: Context, job: Job) -> Iterator[tuple[str, str]]:
    """Yield what a job reads whose content can change under the same name: path and description."""
    hashed = code_pattern(context)
    for path, value in _read(job):
        named = set(references(value))
        for text in sorted(named):
            root, _, rest = text.partition(".")
            # A number or a switch cannot name a place; its value is part of the cache key.
            if root == "Parameters" and context.outline.parameters.get(rest, {}).get("Type") == "String":
                yield path, f"the parameter {rest}"
            elif root == "Steps" and rest.partition(".")[2].startswith(_ECHOED):
                yield path, f"{text}, which repeats another step's input"
        if EXECUTION_ID in named:
            continue
        for _, text in strings(value, ""):
            if "s3://" in text and text != "s3://" and not hashed.fullmatch(text):
                yield path, show(text)


def _enabled(job: Job) -> bool:
    cache = job.step.body.get("CacheConfig")
    return isinstance(cache, Mapping) and cache.get("Enabled") is True


def _mutable(context: Context) -> Iterator[Broken]:
    for job in context.jobs():
        if _enabled(job):
            for path, what in mutable(context, job):
                message = f"caching is on, and the step reads {what} ({path}), whose content can change"
                yield job.step, "CacheConfig", message, "remove CacheConfig from the step"


def _missing(context: Context) -> Iterator[Broken]:
    for job in context.jobs():
        cache = job.step.body.get("CacheConfig")
        expires = isinstance(cache, Mapping) and "ExpireAfter" in cache
        if STEP_TYPES[job.step.type].cacheable and not (_enabled(job) and expires) and not any(mutable(context, job)):
            message = f"all that the step reads is immutable, yet it is not cached (CacheConfig is {show(cache)})"
            yield job.step, "CacheConfig", message, "set Enabled true and ExpireAfter P30D"


RULES = (
    Rule(id="cache.mutable", about="A step that reads a mutable location is not cached.", check=_mutable),
    Rule(id="cache.missing", about="A step that reads immutable locations only is cached.", check=_missing),
)
