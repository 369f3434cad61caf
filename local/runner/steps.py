"""Run one step: evaluate its arguments, look into the cache, do the work, try again where a policy allows it."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.runner import cache as caching
from local.runner import conditions, processing, registration, retries, training
from local.runner.clock import Clock
from local.runner.container import Job
from local.runner.definition import Definition, Step
from local.runner.errors import CancelledError, InfrastructureError, StepError
from local.runner.expressions import Scope, evaluate
from local.runner.jobs import Workshop
from local.runner.record import StepRecord

PROPERTY_NUMBERS = 40
"""At most this many numbers of a property file go into the record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What running a step takes, apart from the step."""

    pipeline: str
    execution_id: str
    execution_arn: str
    definition: Definition
    workshop: Workshop
    sagemaker: Any
    cache: caching.Cache | None
    clock: Clock
    properties: dict[str, Mapping[str, Any]]
    """What `scope.steps` shows; the engine adds to it."""
    scope: Scope
    changed: Callable[[StepRecord], None]


def run(step: Step, work: Work, record: StepRecord) -> dict[str, Any]:
    """Run `step` and return its properties; `record` is filled on the way.

    Raises `StepError` or `InfrastructureError` when it failed for good, `CancelledError` when the run was cancelled.
    """
    if step.kind == "Fail":
        raise StepError(
            str(evaluate(step.arguments.get("ErrorMessage", "the pipeline reached a Fail step"), work.scope))
        )
    if step.kind == "Condition":
        return _decide(step, work, record)
    arguments = evaluate(step.arguments, work.scope)
    record.arguments_sha256 = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
    key = _cache_key(step, arguments, work)
    if key and work.cache:
        expires = step.document["CacheConfig"].get("ExpireAfter")
        if hit := work.cache.find(key, expires, work.clock.now()):
            record.cached_from = hit["execution_id"]
            for name in ("outputs", "metrics", "job_name", "image"):
                setattr(record, name, hit[name])
            return dict(hit["properties"])
    properties = _with_retries(step, arguments, work, record)
    if key and work.cache:
        work.cache.store(
            key,
            work.clock.now(),
            {
                "execution_id": work.execution_id,
                "step": step.name,
                "properties": properties,
                "outputs": record.outputs,
                "metrics": record.metrics,
                "job_name": record.job_name,
                "image": record.image,
            },
        )
    return properties


def _decide(step: Step, work: Work, record: StepRecord) -> dict[str, Any]:
    results = [conditions.holds(condition, work.scope) for condition in step.arguments["Conditions"]]
    held = all(result for result, _ in results)
    record.outcome = f"{str(held).lower()}: {' and '.join(line for _, line in results)}"
    return {"Outcome": "True" if held else "False"}


def _cache_key(step: Step, arguments: Mapping[str, Any], work: Work) -> str | None:
    if work.cache is None or not step.cached or step.kind not in caching.COVERED:
        return None
    image = image_of(step.kind, arguments)
    return caching.key(work.pipeline, step.name, step.kind, arguments, work.workshop.images.find(image))


def image_of(kind: str, arguments: Mapping[str, Any]) -> str:
    """Return the image URI of a job's arguments."""
    if kind == "Processing":
        return str(arguments["AppSpecification"]["ImageUri"])
    return str(
        arguments["AlgorithmSpecification"].get(
            "TrainingImage", arguments["AlgorithmSpecification"].get("AlgorithmName")
        )
    )


def _with_retries(step: Step, arguments: Mapping[str, Any], work: Work, record: StepRecord) -> dict[str, Any]:
    policies = step.document.get("RetryPolicies") or []
    began = work.clock.monotonic()
    while True:
        record.attempts += 1
        try:
            properties = _work(step, arguments, work, record)
            _note_property_files(step, properties, work, record)
        except Exception as error:
            fault = retries.classify(error)
            if not isinstance(fault, InfrastructureError):
                raise fault from error
            pause = retries.wait_before(policies, fault.kind, record.attempts - 1, work.clock.monotonic() - began)
            if pause is None:
                raise fault from error
            record.failure_reason = f"attempt {record.attempts}: {fault.kind}: {fault}; next in {pause:g} s"
            work.changed(record)
            work.clock.pause(pause, work.workshop.processes.cancelled)
            if work.workshop.processes.cancelled.is_set():
                raise CancelledError from error
        else:
            record.failure_reason = None
            return properties


def _work(step: Step, arguments: Mapping[str, Any], work: Work, record: StepRecord) -> dict[str, Any]:
    if step.kind == "RegisterModel":
        return registration.run(arguments, work.sagemaker, work.execution_arn, record)
    record.inputs, record.outputs = [], []
    job = _job(step, arguments, work)
    job.clear()
    record.job_name = job.name
    run_job = processing.run if step.kind == "Processing" else training.run
    return run_job(arguments, job, work.workshop, record)


def _job(step: Step, arguments: Mapping[str, Any], work: Work) -> Job:
    # The service's own pattern, pipelines-<execution>-<step>-<random>, within the 63 characters of a job name.
    name = f"pipelines-{work.execution_id}-{step.name[:28]}-{secrets.token_hex(5)}"
    kind = "processing-job" if step.kind == "Processing" else "training-job"
    base = work.execution_arn.split(":pipeline/", maxsplit=1)[0]
    return Job(
        name=name,
        arn=f"{base}:{kind}/{name.lower()}",
        folder=work.workshop.run_folder / "steps" / step.name,
        image=image_of(step.kind, arguments),
    )


def _note_property_files(step: Step, properties: Mapping[str, Any], work: Work, record: StepRecord) -> None:
    for declared in step.document.get("PropertyFiles") or []:
        document = read_property_file(step, declared["PropertyFileName"], properties, work.workshop)
        metrics = document.get("metrics", document) if isinstance(document, dict) else {}
        record.metrics.update(dict(list(_numbers(metrics, ""))[:PROPERTY_NUMBERS]))


def _numbers(value: object, name: str) -> list[tuple[str, float]]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [(name, float(value))]
    if isinstance(value, dict):
        return [n for key, item in value.items() for n in _numbers(item, f"{name}.{key}" if name else str(key))]
    return []


def read_property_file(step: Step, name: str, properties: Mapping[str, Any], workshop: Workshop) -> Any:  # JSON out
    """Return the content of a step's property file from S3, where the step's output went.

    Raises `StepError` when it is not declared, was not written, or is not JSON.
    """
    declared = step.property_file(name)
    if declared is None:
        raise StepError(f"step {step.name} declares no property file {name!r}")
    output = properties.get("ProcessingOutputConfig", {}).get("Outputs", {}).get(declared["OutputName"])
    if output is None:
        raise StepError(
            f"step {step.name}: property file {name} is on output {declared['OutputName']!r}, which it has not"
        )
    uri = f"{output['S3Output']['S3Uri'].rstrip('/')}/{declared['FilePath'].lstrip('/')}"
    try:
        return workshop.storage.read_json(uri)
    except StepError as error:
        raise StepError(
            f"property file {name} of {step.name}: {error}; the step must write {declared['FilePath']}"
        ) from None


def plots_of(folder: Path) -> list[Path]:
    """Return the pictures and pages that a step wrote."""
    return sorted(p for p in folder.rglob("*") if p.suffix in {".png", ".svg", ".html"} and p.is_file())
