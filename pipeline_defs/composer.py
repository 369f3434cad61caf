"""Definitions for the program that deploys them: from the cache, or from a worker process that starts at once."""

import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline_defs.cache import DefinitionCache
from pipeline_defs.catalog import check_all
from pipeline_defs.errors import DefinitionError, Problem
from pipeline_defs.settings import PipelineDefinition, PipelineSettings
from pipeline_defs.worker_process import WorkerProcess

TIMEOUT_SECONDS = 180.0
"""Longest wait for one definition. The SDK's first import on a slow machine takes about ten seconds."""


class Composer:
    """The definitions of a stack's models. Start it before the heavy imports, so that the two overlap.

        with Composer.start(requests, cache_folder=Path(".mlops/definitions")) as composer:
            ...                                  # import the providers
            composer.definition("fraud-detector").text

    It imports no SageMaker SDK and no Pulumi, and blocks only in `definition`.
    """

    def __init__(self, requests: list[PipelineSettings], cache: DefinitionCache) -> None:
        self._settings = {settings.model: settings for settings in requests}
        self._cache = cache
        self._results: dict[str, PipelineDefinition | DefinitionError] = {}
        self._changed = threading.Condition()
        self._worker: WorkerProcess | None = None

    @classmethod
    def start(cls, requests: Iterable[PipelineSettings], *, cache_folder: Path, cache_limit: int = 512) -> Self:
        """Look every model up in the cache and start a worker for the rest.

        Raises DefinitionError at once, before any process starts, for an unknown pipeline or data schema and for a
        model that is asked for twice.
        """
        wanted = list(requests)
        check_all(wanted)
        composer = cls(wanted, DefinitionCache(cache_folder, limit=max(cache_limit, len(wanted))))
        composer._begin()
        return composer

    def definition(self, model: str, *, timeout: float = TIMEOUT_SECONDS) -> PipelineDefinition:
        """Return the model's definition; waits for no other model's. `timeout` is in seconds.

        Raises DefinitionError where it could not be composed, did not pass validation, or the worker failed.
        """
        if model not in self._settings:
            known = ", ".join(sorted(self._settings)) or "none"
            raise DefinitionError(model, f"model {model!r} was not asked for; the composer was started with {known}")
        with self._changed:
            if not self._changed.wait_for(lambda: model in self._results, timeout):
                tail = self._worker.stderr_tail() if self._worker else ""
                raise DefinitionError(model, f"the definition of {model} is not there after {timeout:g} s:\n{tail}")
            result = self._results[model]
        if isinstance(result, DefinitionError):
            raise result
        return result

    def close(self) -> None:
        """Stop the worker if it still runs. Definitions that are already there stay available."""
        if self._worker:
            self._worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> None:
        missing = []
        for settings in self._settings.values():
            text = self._cache.get(settings)
            if text is None:
                missing.append(settings)
            else:
                self._results[settings.model] = _definition(settings.model, text)
        if missing:
            self._worker = WorkerProcess(missing, self._deliver, self._ended)

    def _deliver(self, answer: dict[str, Any]) -> None:
        """Take one result of the worker; only what passed validation is cached."""
        model = answer["model"]
        result: PipelineDefinition | DefinitionError
        if "text" in answer:
            result = _definition(model, answer["text"])
            self._cache.put(self._settings[model], answer["text"])
        elif "problems" in answer:
            result = DefinitionError.of(model, [Problem(**problem) for problem in answer["problems"]])
        else:
            result = _raised(model, answer)
        self._publish({model: result})

    def _ended(self, reason: str) -> None:
        """Tell every model that still has no result why; then tidy the cache, off the program's path."""
        left = [model for model in self._settings if model not in self._results]
        self._publish({model: DefinitionError(model, f"{model} has no definition: {reason}") for model in left})
        self._cache.prune()

    def _publish(self, results: dict[str, PipelineDefinition | DefinitionError]) -> None:
        with self._changed:
            self._results.update(results)
            self._changed.notify_all()


def _definition(model: str, text: str) -> PipelineDefinition:
    return PipelineDefinition(model=model, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def _raised(model: str, answer: dict[str, Any]) -> DefinitionError:
    problem = Problem(
        step=answer["step"],
        path=answer["place"],
        rule="composes",
        message=answer["error"],
        fix="correct the value or the module; nothing was deployed",
    )
    return DefinitionError.of(model, [problem])
