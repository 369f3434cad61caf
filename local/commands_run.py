"""The verbs that run pipelines and show what came of it: run, runs, registry, reset."""

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from local import console

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("run")(run)
    app.command("runs")(runs)
    app.command("registry")(registry)
    app.command("reset")(reset)


def run(
    stack: Annotated[str | None, typer.Argument(help="Stack, as in Pulumi.STACK.yaml: dev, preprod, prod.")] = None,
    model: Annotated[str | None, typer.Argument(help="Model of that stack: fraud-detector.")] = None,
    definition: Annotated[
        Path | None, typer.Option("--definition", help="Run this pipeline definition (JSON) instead of a stack's.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Input: a CSV file, a folder, or a bundled set (simulated, simulated-drifted, breast-cancer)."
        ),
    ] = None,
    data_parameter: Annotated[
        str, typer.Option(help="Parameter of the definition that says where the input lies.")
    ] = "InputDataUri",
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="NAME=VALUE, overrides a default; repeatable.")
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(help="PATTERN=COMMAND, what stands in for an image (see local/images.toml); repeatable."),
    ] = None,
    s3: Annotated[
        list[str] | None, typer.Option(help="s3://bucket/key=PATH, put a file or folder there first; repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Pipeline name of a --definition; its file name if absent.")] = None,
    region: Annotated[str | None, typer.Option(help="Region of a --definition; us-east-1 if absent.")] = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, help="Steps at once, as MaxParallelExecutionSteps; one per core if absent.")
    ] = None,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Reuse results of steps that allow it.")] = True,
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Then deploy and promote the version here, if the run approves it.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a pipeline here: its real steps, on real data, into the embedded registry.

    Exit code 0: succeeded; 1: the pipeline failed (a gate that was not passed, too); 2: the call cannot work;
    130: cancelled.
    """
    from local import run_pipeline

    with console.teaching_errors(as_json=json):
        request = run_pipeline.Request(
            stack=stack,
            model=model,
            definition=definition,
            data=data,
            data_parameter=data_parameter,
            parameters=tuple(parameter or ()),
            images=tuple(image or ()),
            seeds=tuple(s3 or ()),
            name=name,
            region=region,
            parallel=parallel,
            cache=cache,
            deliver=deliver,
        )
        ran = run_pipeline.run(request, folder=console.state_folder(), quiet=json)
    if json:
        followed = {"heard": ran.heard, "unheard": ran.unheard} if deliver else {}
        console.emit({**ran.record.to_json(), **followed})
    raise typer.Exit({"Succeeded": 0, "Stopped": 130}.get(ran.record.status.value, 1))


def runs(
    execution: Annotated[
        str | None, typer.Argument(help="Show this run: its id, the beginning of it, or `last`.")
    ] = None,
    json: Json = False,
) -> None:
    """List the runs of this folder, newest first, or show one."""
    from local import views
    from local.runner.record import read_all

    records = read_all(console.state_folder())
    if execution is None:
        console.emit(records) if json else console.out().print(views.runs(records))
        return
    found = records[:1] if execution == "last" else [r for r in records if r["execution_id"].startswith(execution)]
    if len(found) != 1:
        known = ", ".join(r["execution_id"] for r in (found or records)[:5]) or "none"
        console.fail(
            f"run {execution!r}: {'several runs begin so' if found else 'there is no such run'} ({known}).",
            as_json=json,
        )
    console.emit(found[0]) if json else console.out().print(views.run(found[0]))


def registry(json: Json = False) -> None:
    """List the model package groups with their versions, metrics, status and source run."""
    from local import registry as contents
    from local import views
    from local.aws.server import EmbeddedAws

    with console.teaching_errors(as_json=json), EmbeddedAws(console.state_folder(), read_only=True) as aws:
        groups: list[dict[str, Any]] = contents.groups(aws)
    console.emit({"groups": groups}) if json else console.out().print(views.registry(groups))


def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    everything: Annotated[bool, typer.Option("--runs", help="Remove the runs and their outputs too.")] = False,
    json: Json = False,
) -> None:
    """Remove the embedded AWS of this folder (buckets, registry, executions), the local GitHub and the step cache."""
    from local.aws.lock import StateLock

    folder = console.state_folder()
    parts = [folder / "aws", folder / "github", folder / "cache" / "steps", *([folder / "runs"] if everything else [])]
    there = [part for part in parts if part.exists()]
    if there and not yes:
        if json:
            console.fail("reset asks before it removes anything; with --json say --yes.", as_json=True)
        typer.confirm(f"Remove {', '.join(str(part) for part in there)}?", abort=True)
    with console.teaching_errors(as_json=json):
        if there:
            lock = StateLock(folder / "aws" / "lock")
            lock.acquire()
            try:
                for part in there:
                    shutil.rmtree(part)
            finally:
                lock.release()
    removed = [str(part) for part in there]
    if json:
        console.emit({"removed": removed})
    else:
        console.out().print(f"Removed {', '.join(removed)}." if removed else "Nothing to remove.")
