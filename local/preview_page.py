"""The pipelines of a stack as one HTML page with an SVG graph each, readable without a server."""

from html import escape
from textwrap import wrap

from local.dag import Step, steps_of
from local.preview import Preview

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 200, 82, 42, 22, 4
LETTERS_PER_LINE, LINES = 31, 3

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #8c959f; --box: #f6f8fa; --edge: #d0d7de;
  --ok: #1a7f37; --bad: #cf222e; --ask: #9a6700; --page: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #6e7681; --box: #161b22;
  --edge: #30363d; --ok: #3fb950; --bad: #f85149; --ask: #d29922; --page: #0d1117; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 76rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p { color: var(--soft); margin: .2rem 0 1rem; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem 1.2rem .15rem 0; font-weight: 400; }
th { color: var(--soft); } td.n { text-align: right; font-variant-numeric: tabular-nums; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); } svg text.soft { fill: var(--soft); font-size: 11px; }
svg { max-width: 100%; height: auto; }
svg rect { fill: var(--box); stroke: var(--edge); } svg path { fill: none; stroke: var(--line); stroke-width: 1.3; }
svg .Condition rect { stroke: var(--ask); } svg .RegisterModel rect { stroke: var(--ok); }
svg .Fail rect { stroke: var(--bad); } marker path { fill: var(--line); stroke: none; }
"""


def page(shown: Preview) -> str:
    """Return the whole page."""
    settings = shown.settings
    rows = "".join(
        f"<tr><th>{escape(kind)}</th><td class=n>{count}</td></tr>" for kind, count in shown.counts.most_common()
    )
    pipelines = "".join(
        f"<h2>{escape(model)}</h2><p>{escape(_summary(shown, model))}</p>"
        f"<div class=scroll>{svg(steps_of(definition))}</div>"
        for model, definition in shown.definitions.items()
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(shown.stack)}: what would be created</title><style>{_STYLE}</style>"
        f"<h1>{escape(shown.stack)}: {sum(shown.counts.values())} resources</h1>"
        f"<p>Account {escape(settings.account)}, {escape(settings.region)}, for "
        f"{escape(settings.organisation)}/{escape(settings.unit)}</p>{pipelines}"
        f"<h2>Resources by type</h2><table>{rows}</table></html>"
    )


def _summary(shown: Preview, model: str) -> str:
    chosen = shown.settings.models[model]
    gate = ", ".join(
        f"{metric} at least {least}" for metric, least in chosen.gate.model_dump(exclude_none=True).items()
    )
    return f"Gate: {gate}. Schedule: {chosen.schedule or 'none'} (UTC). Approval: {chosen.approval.value}."


def svg(steps: list[Step]) -> str:
    """Draw the steps as boxes, a column for each level, with an arrow for each direct dependency."""
    columns: dict[int, list[Step]] = {}
    for step in steps:
        columns.setdefault(step.level, []).append(step)
    tallest = max(len(column) for column in columns.values())
    height = MARGIN * 2 + tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y
    width = MARGIN * 2 + len(columns) * (BOX_WIDTH + GAP_X) - GAP_X
    place: dict[str, tuple[float, float]] = {}
    for level, column in columns.items():
        top = (height - (len(column) * (BOX_HEIGHT + GAP_Y) - GAP_Y)) / 2
        for row, step in enumerate(column):
            place[step.name] = (MARGIN + level * (BOX_WIDTH + GAP_X), top + row * (BOX_HEIGHT + GAP_Y))
    boxes = "".join(_box(step, *place[step.name]) for step in steps)
    return (
        f"<svg role=img aria-label='Steps of the pipeline' width={width} height={height} "
        f"viewBox='0 0 {width} {height}'>"
        "<defs><marker id=arrow viewBox='0 0 8 8' refX=7 refY=4 markerWidth=7 markerHeight=7 orient=auto>"
        f"<path d='M0 0L8 4L0 8z'/></marker></defs>{_edges(steps, place)}{boxes}</svg>"
    )


def _edges(steps: list[Step], place: dict[str, tuple[float, float]]) -> str:
    by_name = {step.name: step for step in steps}
    drawn = []
    for step in steps:
        # A dependency that another one already implies would only add a line across the picture.
        direct = [name for name in step.after if name in by_name and by_name[name].level == step.level - 1]
        for name in direct:
            (x0, y0), (x1, y1) = place[name], place[step.name]
            x0, y0, y1 = x0 + BOX_WIDTH, y0 + BOX_HEIGHT / 2, y1 + BOX_HEIGHT / 2
            middle = (x0 + x1) / 2
            drawn.append(f"<path marker-end='url(#arrow)' d='M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}'/>")
            if step.branch:
                word = "yes" if step.branch == "if" else "no"
                drawn.append(f"<text class=soft x={x1 - 30} y={y1 - 6}>{word}</text>")
    return "".join(drawn)


def _box(step: Step, x: float, y: float) -> str:
    lines = wrap(step.detail, LETTERS_PER_LINE, max_lines=LINES, placeholder=" …")
    detail = "".join(
        f"<text class=soft x={x + 12} y={y + 42 + 15 * row}>{escape(line)}</text>" for row, line in enumerate(lines)
    )
    return (
        f"<g class={escape(step.type)}><title>{escape(step.name)}: {escape(step.detail)}</title>"
        f"<rect x={x} y={y} width={BOX_WIDTH} height={BOX_HEIGHT} rx=6 />"
        f"<text x={x + 12} y={y + 23} font-weight=600>{escape(step.name)}</text>{detail}</g>"
    )
