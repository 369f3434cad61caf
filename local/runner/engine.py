"""Run a definition: which step may start, in which thread, and what becomes of the rest when one fails."""

import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from local.aws.credentials import container_environment
from local.aws.server import EmbeddedAws
from local.runner import executions, steps
from local.runner.cache import Cache
from local.runner.clock import Clock, SystemClock
from local.runner.definition import Definition, Step
from local.runner.errors import CancelledError
from local.runner.expressions import Scope
from local.runner.images import Images
from local.runner.jobs import Workshop
from local.runner.parameters import resolve
from local.runner.process import Processes
from local.runner.progress import Listener, Silent
from local.runner.record import RunRecord, Status, StepRecord, stamp
from local.runner.storage import Storage

OVER = {Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.NOT_TAKEN, Status.NOT_STARTED}


@dataclass(kw_only=True)
class Runner:
    """Runs definitions in one account and region of the embedded AWS."""

    aws: EmbeddedAws
    account: str
    region: str
    images: Images
    listener: Listener = field(default_factory=Silent)
    parallel: int = os.cpu_count() or 1
    """At most this many steps at once: MaxParallelExecutionSteps."""
    use_cache: bool = True
    clock: Clock = field(default_factory=SystemClock)

    def run(
        self,
        definition: Definition,
        *,
        pipeline: str,
        overrides: Mapping[str, str],
        role: str | None = None,
        execution: str | None = None,
    ) -> RunRecord:
        """Run `definition` as pipeline `pipeline` and return the record of the run, also of one that failed.

        `execution` is the ARN of one that somebody started in the embedded AWS; a new one is started without it.

        Raises `RunnerError` for wrong parameters, before anything starts. A KeyboardInterrupt ends every process; the
        record then says Stopped.
        """
        parameters = resolve(definition.parameters, overrides)
        sagemaker = self.aws.client("sagemaker", self.account, self.region)
        arn = execution or executions.start(sagemaker, pipeline, definition.text, parameters, role or self._role())
        run = self._new_record(definition, pipeline, arn, parameters)
        work = self._work(definition, run, sagemaker)
        self.listener.run_changed(run)
        try:
            _Course(self, definition, run, work).complete()
        except KeyboardInterrupt:
            run.status, run.failure_reason = Status.STOPPED, "cancelled"
        except Exception as error:
            # Not a step's failure but ours: the record must not call the run a success, and the error must be seen.
            work.workshop.processes.cancel()
            run.status, run.failure_reason = Status.FAILED, f"the runner itself failed: {error!r}"
            raise
        finally:
            self._finish(run)
        return run

    def _role(self) -> str:
        return f"arn:aws:iam::{self.account}:role/local"

    def _new_record(self, definition: Definition, pipeline: str, arn: str, parameters: Mapping[str, Any]) -> RunRecord:
        execution_id = arn.rsplit("/", 1)[-1]
        folder = self.aws.folder.resolve() / "runs" / execution_id
        folder.mkdir(parents=True)
        (folder / "definition.json").write_text(definition.text, encoding="utf-8")
        run = RunRecord(
            execution_id=execution_id,
            execution_arn=arn,
            pipeline=pipeline,
            account=self.account,
            region=self.region,
            definition_sha256=definition.sha256,
            parameters=dict(parameters),
            folder=folder,
            started=stamp(self.clock.now()),
            steps={s.name: StepRecord(name=s.name, type=s.kind) for s in definition.steps.values()},
        )
        run.write()
        return run

    def _work(self, definition: Definition, run: RunRecord, sagemaker: object) -> steps.Work:
        home = self.aws.folder.resolve() / "home"
        home.mkdir(parents=True, exist_ok=True)
        workshop = Workshop(
            storage=Storage(self.aws.client("s3", self.account, self.region)),
            images=self.images,
            processes=Processes(),
            home=home,
            aws=container_environment(self.aws.endpoint, self.account, self.region),
            run_folder=run.folder,
        )
        properties: dict[str, Mapping[str, Any]] = {}
        scope = Scope(
            parameters=run.parameters,
            execution={
                "PipelineName": run.pipeline,
                "PipelineArn": run.execution_arn.split("/execution/", maxsplit=1)[0],
                "PipelineExecutionId": run.execution_id,
                "PipelineExecutionArn": run.execution_arn,
                "StartDateTime": run.started,
                "CurrentDateTime": run.started,
            },
            steps=properties,
            property_file=lambda step, name: steps.read_property_file(
                definition.steps[step], name, properties[step], workshop
            ),
            s3_json=workshop.storage.read_json,
        )
        return steps.Work(
            pipeline=run.pipeline,
            execution_id=run.execution_id,
            execution_arn=run.execution_arn,
            definition=definition,
            workshop=workshop,
            sagemaker=sagemaker,
            cache=Cache(self.aws.folder / "cache" / "steps", self.aws.instance) if self.use_cache else None,
            clock=self.clock,
            properties=properties,
            scope=scope,
            changed=self.listener.step_changed,
        )

    def _finish(self, run: RunRecord) -> None:
        if run.status is Status.EXECUTING:
            failed = [s for s in run.steps.values() if s.status is Status.FAILED]
            run.status = Status.FAILED if failed else Status.SUCCEEDED
            if failed:
                run.failure_reason = f"step {failed[0].name}: {failed[0].failure_reason}"
        for step in run.steps.values():
            if step.status is Status.WAITING:
                step.status = Status.NOT_STARTED
        run.ended = stamp(self.clock.now())
        run.seconds = _seconds(run.started, run.ended)
        run.plots = list(_collect_plots(run))
        run.write()
        executions.finish(run)
        self.listener.run_changed(run)


class _Course:
    """The course of one run."""

    def __init__(self, runner: Runner, definition: Definition, run: RunRecord, work: steps.Work) -> None:
        self._runner = runner
        self._steps = definition.steps
        self._run = run
        self._work = work
        self._futures: dict[Future[dict[str, Any]], Step] = {}

    def complete(self) -> None:
        """Run every step whose turn comes. After a failure nothing new starts; what is under way ends by itself."""
        with ThreadPoolExecutor(self._runner.parallel, thread_name_prefix="step") as pool:
            try:
                while self._start_ready(pool) or self._futures:
                    done, _ = wait(self._futures, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._end(self._futures.pop(future), future)
            except KeyboardInterrupt:
                self._work.workshop.processes.cancel()
                for future, step in list(self._futures.items()):
                    self._end(step, future)
                raise

    def _start_ready(self, pool: ThreadPoolExecutor) -> bool:
        records = self._run.steps
        self._mark_not_taken()
        if any(r.status is Status.FAILED for r in records.values()):
            return False
        started = False
        for step in self._steps.values():
            if len(self._futures) >= self._runner.parallel:
                break
            ready = all(records[name].status is Status.SUCCEEDED for name in step.depends_on)
            if records[step.name].status is Status.WAITING and ready:
                records[step.name].status = Status.EXECUTING
                records[step.name].started = stamp(self._runner.clock.now())
                self._changed(records[step.name])
                self._futures[pool.submit(steps.run, step, self._work, records[step.name])] = step
                started = True
        return started

    def _mark_not_taken(self) -> None:
        records = self._run.steps
        marked = True
        while marked:
            marked = False
            for step in self._steps.values():
                if records[step.name].status is Status.WAITING and self._dead(step):
                    records[step.name].status = Status.NOT_TAKEN
                    marked = True

    def _dead(self, step: Step) -> bool:
        if any(self._run.steps[name].status is Status.NOT_TAKEN for name in step.depends_on):
            return True
        if step.condition is None or self._run.steps[step.condition].status is not Status.SUCCEEDED:
            return False
        taken = "if" if self._work.scope.steps[step.condition]["Outcome"] == "True" else "else"
        return step.branch != taken

    def _end(self, step: Step, future: Future[dict[str, Any]]) -> None:
        record = self._run.steps[step.name]
        try:
            properties = future.result()
        except CancelledError:
            record.status, record.failure_reason = Status.STOPPED, "cancelled"
        except Exception as error:  # noqa: BLE001  # whatever a step raised is its failure, and is reported as such
            record.status, record.failure_reason = Status.FAILED, str(error) or type(error).__name__
        else:
            record.status, record.properties = Status.SUCCEEDED, properties
            self._work.properties[step.name] = properties
        record.ended = stamp(self._runner.clock.now())
        record.seconds = _seconds(record.started, record.ended)
        self._changed(record)

    def _changed(self, record: StepRecord) -> None:
        self._run.write()
        self._runner.listener.step_changed(record)


def _seconds(started: str | None, ended: str | None) -> float | None:
    import datetime as dt

    if started is None or ended is None:
        return None
    begin, end = map(dt.datetime.fromisoformat, (started, ended))
    return round((end - begin).total_seconds(), 3)


def _collect_plots(run: RunRecord) -> Iterator[str]:
    for name in run.steps:
        for path in steps.plots_of(run.folder / "steps" / name / "ml" / "processing" / "output"):
            target = run.folder / "plots" / f"{name}-{path.name}"
            target.parent.mkdir(exist_ok=True)
            with suppress(shutil.SameFileError):
                shutil.copyfile(path, target)
            yield f"plots/{target.name}"
