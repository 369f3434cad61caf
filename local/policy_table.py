"""`mlops policy`: the verdict of the policy rules on several stacks at once, as a table."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from local.preview import ROOT, preview
from local.render_preview import render_policy
from policy.judge import Report
from policy.model import Finding
from policy.registry import RULES
from policy.suppressions import read, unused


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the rules say of some stacks."""

    reports: dict[str, Report]
    unused: list[Finding]
    """Exceptions that no stack needs; known only where every stack was judged."""

    @property
    def blocks(self) -> bool:
        """Whether anything must be mended."""
        return bool(self.unused) or any(report.findings for report in self.reports.values())


def judged(stacks: list[str] | None) -> Verdict:
    """Judge the stacks, or every stack that has a file. Raises SettingsError, DefinitionError and SuppressionError."""
    every = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
    reports = {stack: preview(stack).policy for stack in stacks or every}
    used = [excuse for report in reports.values() for _, excuse in report.excused]
    today = datetime.now(UTC).date()
    return Verdict(reports=reports, unused=unused(read(today), used) if set(every) <= reports.keys() else [])


def render_table(console: Console, verdict: Verdict) -> None:
    """Print a row per rule and a column per stack, then each finding."""
    table = Table(box=None, title="Policy rules: findings (and excused)", title_justify="left")
    table.add_column("rule", no_wrap=True)
    for stack in verdict.reports:
        table.add_column(stack, justify="right")
    table.add_column("forbids", overflow="fold", style="dim")
    for rule in RULES:
        cells = [_cell(report, rule.id) for report in verdict.reports.values()]
        table.add_row(rule.id, *cells, f"no {rule.forbids}")
    console.print(table)
    for stack, report in verdict.reports.items():
        if report.findings:
            console.print(f"\n[bold]{stack}[/]")
            render_policy(console, report)
    for finding in verdict.unused:
        console.print(f"[red]{finding.rule}[/] {finding.resource}: {finding.message}\n  [dim]fix:[/] {finding.fix}")


def _cell(report: Report, rule: str) -> str:
    broken = Counter(finding.rule for finding in report.findings)[rule]
    excused = sum(finding.rule == rule for finding, _ in report.excused)
    found = f"[red]{broken}[/]" if broken else "[green]0[/]"
    return f"{found} ({excused})" if excused else found
