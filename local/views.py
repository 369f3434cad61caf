"""Runs and registry for people. Every function returns something that rich can print."""

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local.runner.progress import HEADLINE, note, ordered
from local.runner.record import RunRecord, Status, StepRecord

LOG_LINES = 8
REGISTRY_METRICS = 4
"""As many as fit beside the other columns in 80 characters."""
STATUS_STYLE = {
    "Succeeded": "green",
    "Approved": "green",
    "Failed": "red",
    "Rejected": "red",
    "Stopped": "yellow",
    "Interrupted": "yellow",
    "PendingManualApproval": "yellow",
    "Executing": "cyan",
}
STATUS_WORD = {"PendingManualApproval": "pending", "NotTaken": "not taken", "NotStarted": "not started"}


def status(text: str) -> Text:
    """Return a status in its colour and in words."""
    return Text(STATUS_WORD.get(text, text.lower()), STATUS_STYLE.get(text, ""))


def shown(path: Path) -> str:
    """Return a path as short as it can be pasted into a shell here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("../..") else relative


def heading(words: str, **facts: object) -> RenderableType:
    """Return a title and a line of facts below it."""
    line = Text()
    for name, value in facts.items():
        line.append(f"{name.replace('_', ' ')} ", "dim").append(f"{value}   ")
    return Group(Text(words, "bold"), line, Text())


def outcome(run: RunRecord) -> RenderableType:
    """Return what a person wants to know after a run: result, metrics, version, and where everything lies."""
    parts: list[RenderableType] = [Text()]
    seconds = f"{run.seconds:.1f} s" if run.seconds is not None else ""
    if run.status is Status.SUCCEEDED:
        parts.append(Text.assemble(("✓ Succeeded", "bold green"), f" in {seconds}"))
    elif run.status is Status.STOPPED:
        parts.append(Text.assemble(("■ Cancelled", "bold yellow"), f" after {seconds}"))
    else:
        parts.append(Text.assemble(("✗ Failed", "bold red"), f" after {seconds}"))
        parts += [part for step in run.steps.values() if step.status is Status.FAILED for part in failure(run, step)]
    if metrics := _metrics(run):
        parts += [Text(), metrics]
    places = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    places.add_column(style="dim")
    places.add_column(overflow="fold")
    for step in run.steps.values():
        if step.model_package_arn:
            name = "/".join(step.model_package_arn.split("/")[-2:])
            places.add_row("version", f"{name}, {str(step.properties.get('ModelApprovalStatus', '')) or 'registered'}")
    places.add_row("record", shown(run.file))
    if run.plots:
        places.add_row("plots", f"{shown(run.folder / 'plots')}{os.sep}  ({len(run.plots)})")
    parts += [Text(), places]
    return Group(*parts)


def delivered(version: int, heard: Sequence[str], unheard: Sequence[str], *, asked: bool) -> RenderableType:
    """Return what became of a version that a run approved; without `asked`, that nobody was told of it, and how to."""
    if not asked:
        hint = f"Version {version} is Approved, and its event reached no function: a run alone deploys nothing."
        return Text(f"{hint} With --deliver it is deployed and promoted here.", "dim")
    lines = [Text(sentence) for sentence in heard]
    lines += [Text(f"nothing listens: {sentence}", "yellow") for sentence in dict.fromkeys(unheard)]
    return Group(Text(), *(lines or [Text("nothing listens", "yellow")]))


def failure(run: RunRecord, step: StepRecord) -> list[RenderableType]:
    """Return why a step failed, where its log is, and the end of that log."""
    parts: list[RenderableType] = [
        Padding(Text.assemble((f"{step.name}: ", "bold"), step.failure_reason or "unknown"), (0, 0, 0, 2))
    ]
    log = run.folder / step.log if step.log else None
    if log is not None and log.is_file():
        lines = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
        parts.append(Padding(Text(f"log: {shown(log)}", "dim"), (0, 0, 0, 2)))
        # A reason of several lines is the script's own explanation; the end of the log would only repeat it.
        if lines and "\n" not in (step.failure_reason or ""):
            parts.append(Padding(Text("\n".join(lines[-LOG_LINES:]), "dim", overflow="fold"), (0, 0, 0, 4)))
    return parts


def _metrics(run: RunRecord) -> RenderableType | None:
    parts: list[RenderableType] = []
    for step in run.steps.values():
        if step.metrics:
            numbers = [Text.assemble((f"{n} ", "dim"), f"{v:.4g}") for n, v in ordered(step.metrics).items()]
            parts += [Text(step.name, "dim"), Padding(Columns(numbers, padding=(0, 3), equal=True), (0, 0, 0, 2))]
    return Group(*parts) if parts else None


def runs(records: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return a list of runs."""
    if not records:
        return Text("No runs yet. Start one with: mlops run dev fraud-detector", "dim")
    table = _table("run", "result", ">time", "at")
    table.add_column("pipeline", overflow="fold")
    for record in records:
        took = record.get("seconds")
        name = Text(str(record.get("pipeline", "")))
        if record.get("failure_reason"):
            name.append(f"\n{record['failure_reason']}", "dim red")
        table.add_row(
            str(record["execution_id"]),
            status(str(record["status"])),
            f"{took:.1f} s" if took is not None else "",
            moment(record.get("started")),
            name,
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.removeprefix(">"), no_wrap=True, justify="right" if column[:1] == ">" else "left")
    return table


def run(record: Mapping[str, Any]) -> RenderableType:
    """Return one run with its steps."""
    table = _table("step", "state", ">time")
    table.add_column("", overflow="fold", style="dim")
    for plain in record.get("steps", []):
        step = StepRecord(**{**plain, "status": Status(plain["status"])})
        took = f"{step.seconds:.1f} s" if step.seconds is not None else ""
        table.add_row(step.name, status(step.status.value), took, note(step))
        if step.status is Status.FAILED and step.log:
            table.add_row("", "", "", f"log: {shown(Path(record['folder']) / step.log)}")
    facts = {name: record.get(name) for name in ("account", "region")}
    parts: list[RenderableType] = [
        heading(f"{record.get('pipeline')} {record['execution_id']}", **facts, started=moment(record.get("started")))
    ]
    if record.get("parameters"):
        pairs = "\n".join(f"{name}={value}" for name, value in record["parameters"].items())
        parts += [Text(pairs, "dim"), Text()]
    return Group(
        *parts,
        table,
        Text(),
        status(str(record["status"])),
        Text(f"record  {shown(Path(record['folder']) / 'record.json')}", "dim"),
    )


def registry(groups: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return the registry: per group its versions with status, source run and the usual metrics."""
    if not groups:
        return Text("The registry is empty. A run that passes its gate fills it: mlops run dev fraud-detector", "dim")
    parts: list[RenderableType] = []
    for group in groups:
        versions = group["versions"]
        parts.append(Text.assemble((str(group["group"]), "bold"), (f"  {group['account']} {group['region']}", "dim")))
        present = {name for version in versions for name in version["metrics"]}
        names = [name for name in HEADLINE if name in present][:REGISTRY_METRICS]
        table = _table(">version", "status", "since", "run", *(f">{name}" for name in names))
        for version in versions:
            table.add_row(
                str(version["version"]),
                status(version["status"]),
                moment(version["created"]),
                version["source_run"] or "",
                *(f"{version['metrics'][name]:.3f}" if name in version["metrics"] else "" for name in names),
            )
        parts += [table if versions else Text("  no versions yet", "dim"), Text()]
    return Group(*parts[:-1])


def moment(text: str | None) -> str:
    """Return a stored moment in local time, to the minute; the day only where it is not today."""
    if not text:
        return ""
    local = dt.datetime.fromisoformat(text).astimezone()
    today = local.date() == dt.datetime.now().astimezone().date()
    return local.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")
