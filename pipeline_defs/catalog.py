"""Which pipelines and data schemas exist, and the check of a model's settings against them before the SDK is loaded."""

import re
from pathlib import Path

from pipeline_defs.code import schema_names
from pipeline_defs.errors import DefinitionError, Problem
from pipeline_defs.settings import PipelineSettings

PACKAGE = Path(__file__).parent
_BUILD = re.compile(r"^def build\(", re.MULTILINE)


def pipeline_names(package: Path = PACKAGE) -> list[str]:
    """Modules that compose a pipeline: those with a function `build`. Read as text, so that none is imported."""
    return sorted(path.stem for path in package.glob("*.py") if _BUILD.search(path.read_text(encoding="utf-8")))


def check(settings: PipelineSettings, pipelines: list[str], schemas: list[str]) -> None:
    """Raise DefinitionError if the model names a pipeline or schema that does not exist. Says which do."""
    problems = []
    if settings.pipeline not in pipelines:
        problems.append(
            Problem(
                step=None,
                path=f"models.{settings.model}.pipeline",
                rule="pipeline-exists",
                message=f"there is no pipeline {settings.pipeline!r}; there is {', '.join(pipelines)}",
                fix=f"use one of these, or add pipeline_defs/{settings.pipeline}.py with build(settings, session)",
            )
        )
    if settings.data_schema not in schemas:
        problems.append(
            Problem(
                step=None,
                path=f"models.{settings.model}.data_schema",
                rule="schema-exists",
                message=f"there is no data schema {settings.data_schema!r}; there is {', '.join(schemas)}",
                fix=f"use one of these, or add pipeline_defs/schemas/{settings.data_schema}.json (see its README)",
            )
        )
    if problems:
        raise DefinitionError.of(settings.model, problems)


def check_all(requests: list[PipelineSettings]) -> None:
    """Check every model; two of the same name would be one pipeline. Raises DefinitionError for the first bad one."""
    pipelines, schemas = pipeline_names(), schema_names()
    seen: set[str] = set()
    for settings in requests:
        if settings.model in seen:
            raise DefinitionError(settings.model, f"model {settings.model} was asked for twice: give each its own name")
        seen.add(settings.model)
        check(settings, pipelines, schemas)
