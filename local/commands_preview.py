"""`mlops preview`, `mlops policy` and `mlops definition`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline_defs.errors import DefinitionError
from policy.model import SuppressionError
from settings import SettingsError

if TYPE_CHECKING:
    from policy.judge import Report

BROKEN_RULE = 1
MISUSE = 2

Stack = Annotated[str, typer.Argument(help="Stack, such as dev: reads Pulumi.<stack>.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    app.command("preview")(preview_command)
    app.command("policy")(policy_command)
    app.command("definition")(definition_command)


def preview_command(
    stack: Stack,
    against: Annotated[str | None, typer.Option(help="Another stack to compare with.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Where the HTML page goes. [default: .mlops/preview/STACK.html]")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Name every resource.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="Leave the tree out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a stack would create. Needs no AWS account and no Pulumi CLI. Exit code 1 for a broken policy rule."""
    from local.preview import ROOT, compare, preview
    from local.preview_page import page as render_page
    from local.render_preview import render, render_difference

    with teaching_errors():
        here = preview(stack)
        there = preview(against) if against else None
    target = page or ROOT / ".mlops" / "preview" / f"{stack}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render_page(here), encoding="utf-8")
    difference = compare(here, there) if there else None
    if as_json:
        document: dict[str, object] = {
            "stack": stack,
            "account": here.settings.account,
            "resources": sum(here.counts.values()),
            "counts": dict(sorted(here.counts.items())),
            "tree": here.root.as_json(),
            "pipelines": {model: json.loads(text) for model, text in here.definitions.items()},
            "page": str(target),
            "policy": policy_json(here.policy),
        }
        if difference and there:
            document["against"] = {
                "stack": there.stack,
                "settings": [{"path": p, stack: ours, there.stack: theirs} for p, ours, theirs in difference.settings],
                "only_here": difference.only_here,
                "only_there": difference.only_there,
            }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        console = Console()
        render(console, here, tree=not summary, full=full)
        if difference and there:
            render_difference(console, here, there, difference)
        console.print(f"\nPage: {_short(target)}", highlight=False)
    if here.policy.findings:
        raise typer.Exit(BROKEN_RULE)


def policy_command(
    stacks: Annotated[list[str] | None, typer.Argument(help="Stacks. [default: every stack file]")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge stacks by the policy rules. Exit code 1 where one is broken, or an exception expired or excuses nothing."""
    from local.policy_table import judged, render_table

    with teaching_errors():
        verdict = judged(stacks)
    if as_json:
        document = {"stacks": {name: policy_json(report) for name, report in verdict.reports.items()}}
        unused = [finding.as_json() for finding in verdict.unused]
        sys.stdout.write(json.dumps({**document, "unused": unused}, indent=2) + "\n")
    else:
        render_table(Console(), verdict)
    if verdict.blocks:
        raise typer.Exit(BROKEN_RULE)


def policy_json(report: "Report") -> dict[str, object]:
    """Return what the rules said, for `--json`."""
    return {
        "findings": [finding.as_json() for finding in report.findings],
        "excused": [
            {**finding.as_json(), "reason": excuse.reason, "expires": str(excuse.expires), "owner": excuse.owner}
            for finding, excuse in report.excused
        ],
        "not_judged": [{"rule": one.rule, "resource": one.resource, "value": one.path} for one in report.unjudged],
    }


def definition_command(
    stack: Stack, model: Annotated[str, typer.Argument(help="Model of the stack.")], as_json: AsJson = False
) -> None:
    """Show a model's pipeline definition. With --json the whole of it, with placeholders where AWS gives the ids."""
    from components.model_settings import pipeline_settings
    from local.preview import ROOT, read_settings
    from pipeline_defs.composer import Composer

    with teaching_errors():
        settings = read_settings(stack)
        if model not in settings.models:
            fail(f"stack {stack} has no model {model!r}; it has: {', '.join(sorted(settings.models)) or 'none'}")
        cache = ROOT / ".mlops" / "cache" / "definitions"
        with Composer.start([pipeline_settings(settings, model)], cache_folder=cache) as composer:
            definition = composer.definition(model)
    if as_json:
        sys.stdout.write(json.dumps(json.loads(definition.text), indent=2) + "\n")
        return
    from local.render_preview import render_definition

    render_definition(Console(), settings, model, definition)


class teaching_errors:  # noqa: N801 (reads as a statement)
    """Print what is wrong and how to mend it, without a trace, and end with the code for misuse."""

    def __enter__(self) -> None:
        """Start watching."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Turn the errors that teach into messages; let every other one through."""
        if isinstance(error, SettingsError | DefinitionError | SuppressionError):
            fail(str(error))


def fail(message: str) -> None:
    """Print to standard error and end."""
    typer.echo(message, err=True)
    raise typer.Exit(MISUSE)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
