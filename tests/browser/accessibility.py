"""axe-core on a page: its rules, what counts, and the exceptions, which are data and have a reason."""

from dataclasses import dataclass

COUNTS = frozenset({"serious", "critical"})
COLOURS = ("color-contrast",)
"""The rules whose answer depends on the colour scheme."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Excepted:
    """A finding that is let pass."""

    rule: str
    target: str
    """Part of the CSS path that axe names."""
    reason: str


EXCEPTIONS: tuple[Excepted, ...] = ()


def violations(page, *, scheme="light"):
    """Return what axe finds serious on a page; in the dark only what depends on colours, as the rest is the same."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"resultTypes": ["violations"]}
    if scheme == "dark":
        page.emulate_media(color_scheme="dark")
        options["runOnly"] = {"type": "rule", "values": list(COLOURS)}
    found = Axe().run(page, options=options).response["violations"]
    if scheme == "dark":
        page.emulate_media(color_scheme="light")
    return [
        f"{each['id']} ({each['impact']}, {scheme}): {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for each in found
        if each["impact"] in COUNTS
        for node in each["nodes"]
        if not any(_is_excepted(each["id"], str(node["target"]), one) for one in EXCEPTIONS)
    ]


def _is_excepted(rule, target, exception):
    return rule == exception.rule and exception.target in target
