"""From measurements to the rows of the table: medians of ratios taken round by round, each beside its bound."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.portal_rows import portal_rows
from bench.run_cold_start import ALONE, FUNCTIONS

PHASES = ("imports", "settings", "definitions", "registration")
TIMES = "\N{MULTIPLICATION SIGN}"
Measured = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    section: str
    what: str
    value: float
    unit: str
    """`s`, `MB`, or `TIMES` for a ratio."""
    bound: float | None = None
    """Largest value that is allowed: issue 3's, or the portal's own; none where there is none."""
    cpu: float | None = None
    """The same from user and system time of all processes: what a busy machine disturbs least."""
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the value keeps the bound; none without one."""
        return None if self.bound is None else self.value <= self.bound


def rows(measured: Measured) -> list[Row]:
    """Return every row, in the order of the table."""
    rounds = measured["rounds"]
    return [
        *_times(rounds),
        *_ratios(rounds),
        *_base_line(rounds),
        *_cold_starts(rounds),
        *_runner(measured["runs"]),
        *_engine(measured.get("engine", {})),
        *(Row(unit=TIMES, **fields) for fields in portal_rows(measured.get("portal", {}))),
        *_size(measured["environment"]),
    ]


def _median(rounds: list[Measured], value: Callable[[Measured], float]) -> float:
    return median(value(one) for one in rounds)


def _times(rounds: list[Measured]) -> Iterator[Row]:
    for scenario, label in (("none", "no model"), ("one cold", "1 model, cold"), ("one warm", "1 model, warm")):
        split = {p: _median(rounds, lambda one, p=p, s=scenario: one[s]["phases"][p]) for p in PHASES}  # type: ignore[misc]
        yield Row(
            section="Program of dev under mocks",
            what=label,
            value=_median(rounds, lambda one, s=scenario: one[s]["seconds"]),  # type: ignore[misc]
            cpu=_median(rounds, lambda one, s=scenario: one[s]["cpu"]),  # type: ignore[misc]
            unit="s",
            note=" · ".join(f"{phase} {seconds:.2f}" for phase, seconds in split.items()),
        )


def _ratio(rounds: list[Measured], above: str, below: str, bound: float | None, label: str, **more: Any) -> Row:
    def of(key: str) -> float:
        return _median(rounds, lambda one: one[above][key] / one[below][key])

    more = {"section": "Program, ratios", "note": _seconds(rounds, above, below), **more}
    return Row(what=label, value=of("seconds"), cpu=of("cpu"), unit=TIMES, bound=bound, **more)


def _seconds(rounds: list[Measured], above: str, below: str) -> str:
    first, second = (_median(rounds, lambda one, s=s: one[s]["seconds"]) for s in (above, below))  # type: ignore[misc]
    return f"{first:.2f} s / {second:.2f} s"


def _ratios(rounds: list[Measured]) -> Iterator[Row]:
    yield _ratio(rounds, "one cold", "none", 1.8, "1 model cold / no model")
    yield _ratio(rounds, "one warm", "none", 1.1, "1 model warm / no model")
    yield _ratio(rounds, "hundred cold", "one cold", 5.0, "100 models cold / 1 model cold")
    yield _ratio(rounds, "hundred warm", "one warm", 2.0, "100 models warm / 1 model warm")
    for scenario, label, bound in (
        ("one cold", "peak memory, 1 model cold / no model", 1.3),
        ("hundred cold", "peak memory, 100 models cold / no model", None),
    ):
        megabytes = [_median(rounds, lambda one, s=s: one[s]["peak_mb"]) for s in (scenario, "none")]  # type: ignore[misc]
        yield Row(
            section="Program, ratios",
            what=label,
            value=_median(rounds, lambda one, s=scenario: one[s]["peak_mb"] / one["none"]["peak_mb"]),  # type: ignore[misc]
            unit=TIMES,
            bound=bound,
            note="{:.0f} MB / {:.0f} MB, without the worker".format(*megabytes),
        )


def _base_line(rounds: list[Measured]) -> Iterator[Row]:
    section = "Everything but the definitions"
    yield _ratio(rounds, "none", "bare", 1.5, "no model / bare import of pulumi and its AWS modules", section=section)
    yield _ratio(
        rounds,
        "none",
        "bare uncollected",
        None,
        "the same, the bare import without the garbage collector too",
        section=section,
        note=_seconds(rounds, "none", "bare uncollected"),
    )


def _cold_starts(rounds: list[Measured]) -> Iterator[Row]:
    def of(what: str, key: str) -> float:
        return _median(rounds, lambda one: one["cold starts"][what][key])

    for function in FUNCTIONS:
        yield Row(
            section="Functions, imports at a cold start",
            what=f"{function} / boto3 alone",
            value=_median(
                rounds,
                lambda one, f=function: one["cold starts"][f]["seconds"] / one["cold starts"][ALONE]["seconds"],  # type: ignore[misc]
            ),
            unit=TIMES,
            note=f"{of(function, 'seconds'):.2f} s / {of(ALONE, 'seconds'):.2f} s",
        )


def _runner(runs: list[Measured]) -> Iterator[Row]:
    section = "Local runner, mlops run dev fraud-detector"

    def over(run: Measured) -> dict[str, float]:
        return {name: step["seconds"] - step["process_seconds"] for name, step in run["steps"].items()}

    worst = {name: median(over(run)[name] for run in runs) for name in over(runs[0])}
    slowest = max(worst, key=lambda name: worst[name])
    yield Row(
        section=section,
        what="beyond the step's process, mean of the steps",
        value=median(sum(over(run).values()) / len(run["steps"]) for run in runs),
        unit="s",
        bound=0.2,
        note=" · ".join(f"{name} {seconds:.2f}" for name, seconds in worst.items()),
    )
    yield Row(
        section=section,
        what="beyond the step's process, worst step",
        value=worst[slowest],
        unit="s",
        bound=0.2,
        note=slowest,
    )
    processes = [sum(step["process_seconds"] for step in run["steps"].values()) for run in runs]
    yield Row(
        section=section,
        what="start and end of a run, all that is no step",
        value=median(run["seconds"] - sum(step["seconds"] for step in run["steps"].values()) for run in runs),
        unit="s",
        note=f"imports, definition (cold), embedded AWS, data; the steps' processes take {median(processes):.1f} s",
    )


def _engine(engine: Measured) -> Iterator[Row]:
    """Yield the comparison with Terraform; nothing where it was not measured."""
    if "preview" not in engine:
        return
    preview, plan = engine["preview"], engine["plan"]
    yield Row(
        section="Engine, dev with one model against an empty account",
        what="preview / terraform plan of the same AWS resources",
        value=median(above / below for above, below in zip(preview, plan, strict=True)),
        unit=TIMES,
        note=f"{median(preview):.1f} s / {median(plan):.1f} s; "
        f"{engine['registered']} registered, {engine['resources']} of them AWS's / {engine['planned']} planned",
    )


def _size(environment: Measured) -> Iterator[Row]:
    largest = " · ".join(f"{name} {megabytes:.0f}" for name, megabytes in environment["largest"].items())
    wrong = environment["left_out_but_installed"]
    yield Row(
        section="Environment",
        what=f"{environment['distributions']} distributions of requirements.txt",
        value=environment["megabytes"],
        unit="MB",
        note=f"largest: {largest}",
    )
    yield Row(
        section="Environment",
        what="left out by overrides, yet installed",
        value=len(wrong),
        unit="",
        bound=0,
        note=", ".join(wrong) or "left out: " + ", ".join(environment["left_out"]),
    )
