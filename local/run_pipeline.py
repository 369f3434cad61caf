"""What `mlops run` does: find the definition, put its world into the embedded AWS, run it, show the outcome."""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from contracts.delivery_events import APPROVED, version_parts
from local import console, datasets, operator_access, seeds, stack, views
from local.aws.server import EmbeddedAws
from local.runner import definition as definitions
from local.runner import images
from local.runner.engine import Runner
from local.runner.errors import RunnerError
from local.runner.parameters import resolve
from local.runner.progress import Alive, Listener, Plain, Silent
from local.runner.record import RunRecord
from local.runner.storage import Storage

ROLE_ACCOUNT = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/")
DEFAULT_ACCOUNT = "000000000000"
CACHE_HINT = (
    "A cached step is found by its arguments, not by what lies at their URIs, as in SageMaker: "
    "it did not read the data given now. --no-cache runs every step."
)
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What the command line asks for; see `mlops run --help`."""

    stack: str | None = None
    model: str | None = None
    definition: Path | None = None
    data: str | None = None
    data_parameter: str = "InputDataUri"
    parameters: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    name: str | None = None
    region: str | None = None
    parallel: int | None = None
    cache: bool = True
    deliver: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A run, and what followed from the version that it registered."""

    record: RunRecord
    heard: tuple[str, ...] = ()
    """What the stacks' functions did, one sentence each; only with `deliver`."""
    unheard: tuple[str, ...] = ()
    """What nothing listens to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A definition, and where it runs."""

    text: str
    pipeline: str
    account: str
    region: str
    role: str | None
    data: datasets.Dataset | None
    deployed: stack.StackDefinition | None = None


def run(request: Request, *, folder: Path, quiet: bool = False) -> Ran:
    """Run what `request` asks for; with `deliver` also bring up what listens to versions and let it do its work.

    `quiet` prints nothing.
    Raises `RunnerError` and the errors of settings, composer and embedded AWS for a call that cannot work.
    """
    overrides = dict(_override(text) for text in request.parameters)
    stand_ins = images.load(request.images)
    plan = _plan(request)
    document = json.loads(plan.text)
    definition = definitions.read(document)
    resolve(definition.parameters, overrides)  # a wrong parameter is told before anything is written
    uri = seeds.data_parameter(document, request.data_parameter, overrides) if plan.data else None
    terminal = console.out()
    listener: Listener = Silent() if quiet else (Alive if terminal.is_terminal else Plain)(terminal)
    with EmbeddedAws(folder) as aws, _terminable():
        storage = _world(aws, plan, document)
        for option in request.seeds:
            seeds.seed(storage, option)
        if plan.data and uri:
            seeds.put_data(storage, uri, plan.data.files())
        if not quiet:
            where = plan.data.name if plan.data else "as it lies in S3"
            terminal.print(views.heading(plan.pipeline, account=plan.account, region=plan.region, data=where))
        runner = Runner(
            aws=aws,
            account=plan.account,
            region=plan.region,
            images=stand_ins,
            listener=listener,
            parallel=request.parallel or os.cpu_count() or 1,
            use_cache=request.cache,
        )
        record = runner.run(definition, pipeline=plan.pipeline, overrides=overrides, role=plan.role)
        approved = _approved(record) if plan.deployed is not None else None
        ran = Ran(record=record)
        if request.deliver and approved is not None and request.stack is not None:
            # Only now: the run's own events wait, and nothing else of the stacks has to be there for it.
            heard, unheard = operator_access.follow(aws, request.stack)
            ran = Ran(record=record, heard=tuple(heard), unheard=tuple(unheard))
    if not quiet:
        terminal.print(views.outcome(record))
        if approved is not None:
            terminal.print(views.delivered(approved, ran.heard, ran.unheard, asked=request.deliver))
        if (request.data or request.seeds) and any(step.cached_from for step in record.steps.values()):
            terminal.print(CACHE_HINT, style="yellow")
    return ran


def _approved(record: RunRecord) -> int | None:
    """Return the number of the version that a run registered as approved; None where it registered no such one."""
    for step in record.steps.values():
        if step.model_package_arn and step.properties.get("ModelApprovalStatus") == APPROVED:
            return version_parts(step.model_package_arn).version
    return None


def _override(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise RunnerError(f"--parameter {text!r}: write NAME=VALUE.")
    return name, value


def _plan(request: Request) -> Plan:
    if request.definition is not None:
        if request.deliver:
            raise RunnerError("--deliver: a --definition belongs to no stack, so nothing listens to its versions.")
        if request.stack or request.model:
            raise RunnerError("give either STACK and MODEL or --definition FILE, not both.")
        return _given(request, request.definition)
    if not (request.stack and request.model):
        raise RunnerError(
            "say what to run: mlops run STACK MODEL, for example `mlops run dev fraud-detector`, or --definition FILE."
        )
    data = datasets.find(request.data) if request.data else None
    found = stack.definition_for(
        request.stack, request.model, project=console.project_folder(), schema=data.schema if data else None
    )
    return Plan(
        text=found.text,
        pipeline=found.pipeline.pipeline_name,
        account=found.settings.account,
        region=found.settings.region,
        role=found.pipeline.role_arns["pipeline"],
        data=data or datasets.default_for(found.pipeline.data_schema),
        deployed=found,
    )


def _given(request: Request, file: Path) -> Plan:
    if not file.is_file():
        raise RunnerError(f"--definition {file}: there is no such file.")
    text = file.read_text(encoding="utf-8")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise RunnerError(f"--definition {file}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise RunnerError(f"--definition {file}: a pipeline definition is a JSON object with Steps.")
    account = ROLE_ACCOUNT.search(text)
    return Plan(
        text=text,
        pipeline=request.name or re.sub(r"[^A-Za-z0-9-]+", "-", file.stem).strip("-") or "pipeline",
        account=account.group(1) if account else DEFAULT_ACCOUNT,
        region=request.region or DEFAULT_REGION,
        role=None,
        data=datasets.find(request.data) if request.data else None,
    )


def _world(aws: EmbeddedAws, plan: Plan, document: Mapping[str, Any]) -> Storage:
    if plan.deployed is not None:
        return stack.deploy(aws, plan.deployed)
    storage = Storage(aws.client("s3", plan.account, plan.region))
    for bucket in sorted(set(seeds.buckets_of(document))):
        storage.ensure_bucket(bucket)
    return storage


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that a stopped command ends its processes and leaves a true record."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
