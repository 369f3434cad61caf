"""The process that holds the SageMaker SDK: settings as JSON lines on stdin, one JSON result line each on stdout.

A result is `{"model", "text"}`, or `{"model", "problems"}` where the definition is not fit to be deployed, or
`{"model", "error", "step", "place"}` where composing it raised. stdout carries results only: what the SDK prints goes
to stderr.
"""

import gc
import importlib
import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from pipeline_defs.offline import OfflineError, offline
from pipeline_defs.settings import PipelineSettings, canonical


def compose(settings: PipelineSettings) -> dict[str, Any]:
    """Return the definition as a document, composed offline. Raises whatever the pipeline module or the SDK raises."""
    with offline(settings.region) as session:
        module = importlib.import_module(f"pipeline_defs.{settings.pipeline}")
        document: dict[str, Any] = json.loads(module.build(settings, session).definition())
    return document


def answer(settings: PipelineSettings) -> dict[str, Any]:
    """Compose, validate and lint one definition. Never raises: the other models' definitions must still come."""
    try:
        document = compose(settings)
        from pipeline_defs.validation import lint, validate

        problems = [asdict(finding) for finding in (*validate(document), *lint(document, settings))]
    except (Exception, OfflineError) as error:  # noqa: BLE001  # reported to the composer, with the trace on stderr
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"
        place = failing_place(error) or f"pipeline_defs/{settings.pipeline}.py"
        return {"model": settings.model, "error": text, "step": failing_step(error), "place": place}
    if problems:
        return {"model": settings.model, "problems": problems}
    return {"model": settings.model, "text": canonical(document)}


def failing_step(error: BaseException) -> str | None:
    """Name the step that was being built when the error arose: the innermost frame that works on one says which."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        step = frame.f_locals.get("step")
        if isinstance(step, str):  # a method of Jobs
            return step
        for holder in (frame.f_locals.get("self"), step):
            if type(holder).__name__.endswith("Step") and isinstance(name := getattr(holder, "name", None), str):
                return name
    return None


def failing_place(error: BaseException) -> str | None:
    """Name file and line of ours nearest to the error: where the author of a pipeline has to look."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = Path(frame.f_code.co_filename)
        if path.parent == Path(__file__).parent and path != Path(__file__):
            return f"pipeline_defs/{path.name}:{line}"
    return None


def serve(requests: TextIO, results: TextIO) -> None:
    """Answer every request, in order, each as soon as it is ready."""
    for line in requests:
        result = answer(PipelineSettings.from_json(line))
        results.write(json.dumps(result) + "\n")
        results.flush()


def main() -> None:
    """Serve stdin to stdout, keeping stdout clean of what the SDK prints."""
    gc.disable()  # a short life on few objects; the SDK's import alone would run the collector for 0.4 s
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as results:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        serve(sys.stdin, results)
    sys.stderr.flush()
    os._exit(0)  # tearing the SDK down takes 0.3 s and closes nothing that the end of the process does not


if __name__ == "__main__":
    main()
