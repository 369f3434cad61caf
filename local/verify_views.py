"""What `mlops verify` found, for people: what is well is a line, what is not says why and what mends it."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from operations.verification import Result, State

SIGNS = {
    State.OK: ("ok   ", "green"),
    State.FAILED: ("fail ", "bold red"),
    State.NOT_CONFIGURED: ("-    ", "dim"),
    State.NOT_CHECKED: ("?    ", "yellow"),
}


def results(stack: str, found: Sequence[Result]) -> RenderableType:
    """Return every result by part, and the sum of them."""
    parts: list[RenderableType] = []
    part = ""
    for result in found:
        if result.part != part:
            part = result.part
            parts.append(Text(part, "bold"))
        parts += _lines(result)
    counted = Counter(result.state for result in found)
    said = ", ".join(f"{counted[state]} {state.value}" for state in State if counted[state])
    return Group(*parts, Text(), Text(f"{stack}: {said}", "red" if counted[State.FAILED] else "green"))


def _lines(result: Result) -> list[RenderableType]:
    sign, colour = SIGNS[result.state]
    what = "" if result.what == result.part else result.what
    about = ": ".join(each for each in (what, result.why) if each)
    lines: list[RenderableType] = [Padding(Text.assemble((sign, colour), about), (0, 0, 0, 2))]
    if result.fix and result.state is not State.OK:
        lines.append(Padding(Text(f"→ {result.fix}", "dim"), (0, 0, 0, 7)))
    return lines
