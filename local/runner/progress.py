"""What a run tells while it is under way."""

import threading
import time
from collections.abc import Mapping
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.runner.record import RunRecord, Status, StepRecord

MARKS = {
    Status.WAITING: ("·", "dim"),
    Status.EXECUTING: ("▶", "cyan"),
    Status.SUCCEEDED: ("✓", "green"),
    Status.FAILED: ("✗", "bold red"),
    Status.STOPPED: ("■", "yellow"),
    Status.NOT_TAKEN: ("-", "dim"),
    Status.NOT_STARTED: ("-", "dim"),
}
WORDS = {Status.NOT_TAKEN: "not taken", Status.NOT_STARTED: "not started"}


class Listener(Protocol):
    """Hears of every change. Called from several threads."""

    def run_changed(self, run: RunRecord) -> None:
        """Hear that the run began or ended."""

    def step_changed(self, step: StepRecord) -> None:
        """Hear that a step began, will be tried again, or ended."""


class Silent:
    """Hears and says nothing."""

    def run_changed(self, run: RunRecord) -> None:
        """Say nothing."""

    def step_changed(self, step: StepRecord) -> None:
        """Say nothing."""


HEADLINE = ("accuracy", "precision", "recall", "f1", "roc_auc", "auc", "pr_auc", "au_prc", "rmse", "mae", "r2")
"""Metrics shown first, in this order: our own names and those of SageMaker's Model Quality format."""


def ordered(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return metrics with the usual ones first, the others by name."""
    place = {name: position for position, name in enumerate(HEADLINE)}
    return dict(sorted(metrics.items(), key=lambda item: (place.get(item[0], len(place)), item[0])))


def note(step: StepRecord) -> str:
    """Return what is worth knowing about a step, in a few words."""
    if step.cached_from:
        return f"cached from {step.cached_from}"
    if step.outcome:
        return step.outcome
    if step.failure_reason:
        return step.failure_reason
    if step.model_package_arn:
        return f"version {step.model_package_arn.rsplit('/', 1)[-1]}"
    if step.status is Status.SUCCEEDED and step.metrics:
        return ", ".join(f"{name} {value:.4g}" for name, value in list(ordered(step.metrics).items())[:3])
    if step.status is Status.SUCCEEDED and step.outputs:
        size = sum(int(o.get("size", 0)) for o in step.outputs)
        count = "1 object" if len(step.outputs) == 1 else f"{len(step.outputs)} objects"
        return f"{count}, {_bytes(size)}"
    return ""


def _bytes(size: int) -> str:
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:  # decimal units
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


class Plain:
    """One line per change, for a log file or a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def run_changed(self, run: RunRecord) -> None:
        """Say that the run began; its end is for the caller to tell."""
        if run.status is Status.EXECUTING:
            self._line(f"run {run.execution_id} of {run.pipeline}")

    def step_changed(self, step: StepRecord) -> None:
        """Say what the step does now."""
        seconds = f" {step.seconds:6.2f} s" if step.seconds is not None else ""
        words = note(step)
        word = WORDS.get(step.status, step.status.value.lower())
        self._line(f"{step.name:<16} {word:<10}{seconds}{'  ' + words if words else ''}")


class Alive:
    """A table that follows the run in place, for a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._run: RunRecord | None = None
        self._live: Live | None = None
        self._began: dict[str, float] = {}
        self._lock = threading.Lock()

    def run_changed(self, run: RunRecord) -> None:
        """Begin with the table, or leave its last state on the screen."""
        self._run = run
        if run.status is Status.EXECUTING:
            self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=8)
            self._live.start()
        elif self._live is not None:
            self._live.stop()

    def step_changed(self, step: StepRecord) -> None:
        """Note when a step began; the table reads the rest from the record."""
        with self._lock:
            self._began.setdefault(step.name, time.monotonic())

    def _render(self) -> RenderableType:
        return Group() if self._run is None else table(self._run, self._began)


def table(run: RunRecord, began: dict[str, float] | None = None) -> Table:
    """Return the steps of a run as a table: mark, name, state, seconds, and what is worth knowing."""
    grid = Table(box=None, padding=(0, 2, 0, 0), show_header=False, expand=False)
    grid.add_column(width=1)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for step in run.steps.values():
        mark, style = MARKS[step.status]
        seconds = step.seconds
        if step.status is Status.EXECUTING and began and step.name in began:
            seconds = time.monotonic() - began[step.name]
        name_style = "dim" if step.status in {Status.WAITING, Status.NOT_TAKEN, Status.NOT_STARTED} else ""
        grid.add_row(
            Text(mark, style),
            Text(step.name, name_style),
            Text(WORDS.get(step.status, step.status.value.lower()), style),
            Text(f"{seconds:.1f} s" if seconds is not None else "", "dim"),
            # Why a step failed is told below the table, in full and with its log.
            Text("" if step.status is Status.FAILED else note(step), "dim"),
        )
    return grid
