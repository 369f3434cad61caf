"""What a check reports: one finding per mistake, and the text a person reads."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One mistake in a pipeline definition."""

    step: str | None
    """Name of the step, or None where the mistake is in the document itself."""
    path: str
    """Where, inside the step (`Arguments.ResourceConfig.InstanceType`) or, without a step, inside the document."""
    rule: str
    """Stable id of the rule, `<subject>.<what>`; every id is listed in `pipeline_defs.validation.RULES` or `CHECKS`."""
    message: str
    """What is wrong, with the offending value."""
    fix: str
    """What to do about it."""


LONGEST_VALUE = 120
"""Characters of an offending value that a message quotes; a whole script in a message helps nobody."""


def show(value: object) -> str:
    """Quote a value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def report(findings: Iterable[Finding]) -> str:
    """Render findings for a person, grouped by step in the order of their first appearance; empty for none."""
    groups: dict[str | None, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.step, []).append(finding)
    if not groups:
        return ""
    count = sum(len(group) for group in groups.values())
    lines = [f"{count} finding{'' if count == 1 else 's'} in the pipeline definition"]
    for step, group in groups.items():
        lines.append("")
        lines.append("document" if step is None else f"step {step}")
        for finding in group:
            lines.append(f"  {finding.path or '(whole)'}  [{finding.rule}]")
            lines.append(f"    {finding.message}")
            lines.append(f"    fix: {finding.fix}")
    return "\n".join(lines)
