"""The verbs about model versions: models list, show, diff, approve, reject; and trace."""

from typing import Annotated

import typer

from local import console

Stack = Annotated[str, typer.Argument(help="Stack, as in Pulumi.STACK.yaml: dev, preprod, prod.")]
Model = Annotated[str, typer.Argument(help="Model or project of that stack: fraud-detector.")]
Number = Annotated[int, typer.Argument(min=1, help="Version number, as `mlops models list` shows it.")]
Reason = Annotated[str, typer.Option(help="Why, in a sentence; kept with the version.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Local = Annotated[bool, typer.Option("--local", help="Work on this folder's embedded AWS, with no account.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    models = typer.Typer(
        help="Model versions: list, show, compare, approve, reject.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    models.command("list")(list_versions)
    models.command("show")(show)
    models.command("diff")(diff)
    models.command("approve")(approve)
    models.command("reject")(reject)
    app.add_typer(models, name="models")
    app.command("trace")(trace)


def list_versions(
    stack: Stack,
    newest: Annotated[int, typer.Option(min=1, help="How many versions of each model.")] = 10,
    local: Local = False,
    json: Json = False,
) -> None:
    """List the models of a stack with their newest versions."""
    from local import views_models
    from local.operator_access import operation
    from operations import models, plain

    with operation(stack, local=local, as_json=json) as work:
        found = models.listed(work.access, newest=newest)
    console.emit({"stack": stack, "models": plain.as_json(found)}) if json else console.out().print(
        views_models.listed(stack, found, local=local)
    )


def show(
    stack: Stack,
    model: Model,
    version: Annotated[int | None, typer.Option(min=1, help="Version number; the newest if absent.")] = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Show a version: metrics, where it comes from, who decided, what became of it."""
    from local import views_models
    from local.operator_access import operation
    from operations import models, plain

    with operation(stack, local=local, as_json=json) as work:
        found = models.show(work.access, model, version)
    console.emit(plain.as_json(found)) if json else console.out().print(views_models.version(stack, found))


def diff(stack: Stack, model: Model, a: Number, b: Number, local: Local = False, json: Json = False) -> None:
    """Compare two versions: metrics, parameters, image, data, code."""
    from local import views_models
    from local.operator_access import operation
    from operations import models, plain

    with operation(stack, local=local, as_json=json) as work:
        found = models.diff(work.access, model, a, b)
    console.emit(plain.as_json(found)) if json else console.out().print(views_models.comparison(found))


def approve(
    stack: Stack, model: Model, version: Number, reason: Reason, local: Local = False, json: Json = False
) -> None:
    """Approve a version. What listens to approvals deploys it, and tells the next environment."""
    _decide("approve", stack, model, version, reason, local=local, json=json)


def reject(
    stack: Stack, model: Model, version: Number, reason: Reason, local: Local = False, json: Json = False
) -> None:
    """Reject a version. One that serves goes on serving; `mlops rollback` replaces it."""
    _decide("reject", stack, model, version, reason, local=local, json=json)


def _decide(verb: str, stack: str, model: str, version: int, reason: str, *, local: bool, json: bool) -> None:
    from local import views_models
    from local.operator_access import operation
    from operations import models, plain

    decide = models.approve if verb == "approve" else models.reject
    with operation(stack, local=local, changes=True, heard=verb == "approve", as_json=json) as work:
        found = decide(work.access, model, version, reason=reason)
        if found.changed:
            work.settle()
        followed = {"heard": work.heard, "unheard": work.unheard}
    if json:
        console.emit({**plain.as_json(found), **followed})
    else:
        console.out().print(views_models.decided(stack, found, local=local, **followed))


def trace(
    stack: Stack,
    endpoint: Annotated[str, typer.Argument(help="Endpoint, or the model that it serves.")],
    local: Local = False,
    json: Json = False,
) -> None:
    """Show where everything in an endpoint comes from: version, run, data, code, image, approver."""
    from local import views_models
    from local.operator_access import operation
    from operations import plain
    from operations import trace as tracing

    with operation(stack, local=local, as_json=json) as work:
        found = tracing.trace(work.access, endpoint)
    console.emit(plain.as_json(found)) if json else console.out().print(views_models.trace(found))
