"""The table that a person reads."""

from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.rows import TIMES, Row

VERDICTS = {True: Text("holds", "green"), False: Text("misses", "bold red"), None: Text("")}


def render(rows: list[Row], facts: dict[str, Any], repeat: int) -> RenderableType:
    """Return table and footnotes."""
    table = Table(title="Speed of the platform", title_style="bold", header_style="bold", expand=False)
    for name, justify in (("what", "left"), ("measured", "right"), ("CPU", "right"), ("bound", "right"), ("", "left")):
        table.add_column(name, justify=justify, no_wrap=name != "what")  # type: ignore[arg-type]
    table.add_column("of which")
    for section, members in groupby(rows, key=lambda row: row.section):
        table.add_row(Text(section, "bold cyan"))
        for row in members:
            table.add_row(f"  {row.what}", *_numbers(row), VERDICTS[row.holds], Text(row.note, "dim"))
        table.add_section()
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return Group(
        table,
        Text(
            f"Medians of {repeat} interleaved rounds in fresh processes; a ratio is the median of the rounds' ratios. "
            "A time runs from the process's start to its last registration.\n"
            "cold, warm: without and with the definitions in the cache. CPU: user and system time, worker included. "
            "Bytecode was there before.\n"
            "1 model cold needs a free second core for the worker: with one core, or a busy second, it takes about "
            "twice the time of no model and misses its bound.\n"
            f"Python {facts['python']} on {facts['system']}, {facts['cores']} cores, load {facts['load']}; {versions}."
        ),
    )


def _numbers(row: Row) -> tuple[str, str, str]:
    return _number(row.value, row.unit), _number(row.cpu, row.unit), _number(row.bound, row.unit, least="≤ ")


def _number(value: float | None, unit: str, *, least: str = "") -> str:
    if value is None:
        return ""
    digits = {"s": 2, TIMES: 2}.get(unit, 0)
    return f"{least}{value:.{digits}f} {unit}".rstrip()
