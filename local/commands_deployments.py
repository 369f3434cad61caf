"""The verbs about deployments: deployments list and remove, rollback, replay."""

from typing import Annotated

import typer

from local import console
from local.commands_models import Json, Local, Model, Reason, Stack

KEPT = 1
"""Exit code of a replay after which messages are still in the queue."""


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    deployments = typer.Typer(
        help="What each endpoint should serve, runs, and ran.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    deployments.command("list")(list_deployments)
    deployments.command("remove")(remove)
    app.add_typer(deployments, name="deployments")
    app.command("rollback")(rollback)
    app.command("replay")(replay)


def list_deployments(
    stack: Stack,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    newest: Annotated[int, typer.Option(min=1, help="How many deployments of each model.")] = 10,
    local: Local = False,
    json: Json = False,
) -> None:
    """List the endpoints of a stack and what was deployed to them, newest first."""
    from local import views_deployments
    from local.operator_access import operation
    from operations import deployments, plain

    with operation(stack, local=local, as_json=json) as work:
        found = deployments.listed(work.access, model=model, newest=newest)
    console.emit({"stack": stack, "models": plain.as_json(found)}) if json else console.out().print(
        views_deployments.deployments(stack, found)
    )


def remove(
    stack: Stack,
    model: Annotated[str, typer.Argument(help="Model whose endpoint goes, as `mlops deployments list` names it.")],
    reason: Reason,
    confirm: Annotated[str | None, typer.Option(help="The model's name once more; asked for if absent.")] = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Remove the endpoint of a model that the settings no longer deliver, its configs, SageMaker models and alarms."""
    from local import views_deployments
    from local.operator_access import operation
    from operations import plain, removal

    if confirm is None:
        if json:
            console.fail("remove asks for the model's name once more; with --json give --confirm.", as_json=True)
        confirm = typer.prompt(f"This deletes what serves {model} in {stack}. Its name once more")
    with operation(stack, local=local, changes=True, heard=True, as_json=json) as work:
        found = removal.remove(work.access, model, confirmed=confirm, reason=reason)
        work.settle()
    console.emit(plain.as_json(found)) if json else console.out().print(views_deployments.removed(stack, found))


def rollback(
    stack: Stack,
    model: Model,
    to: Annotated[int, typer.Option(min=1, help="Approved version that should serve instead.")],
    reason: Reason,
    local: Local = False,
    json: Json = False,
) -> None:
    """Serve an earlier approved version again, with the rollout and the verification of every deployment."""
    from local import views_deployments
    from local.operator_access import operation
    from operations import deployments, plain

    with operation(stack, local=local, changes=True, heard=True, as_json=json) as work:
        found = deployments.rollback(work.access, model, to=to, reason=reason)
        work.settle()
        followed = {"heard": work.heard, "unheard": work.unheard}
    if json:
        console.emit({**plain.as_json(found), **followed})
    else:
        console.out().print(views_deployments.asked(stack, found, local=local, **followed))


def replay(
    stack: Stack,
    queue: Annotated[
        str | None,
        typer.Argument(
            help="Only this queue: that of promote, deploy or verify, or undelivered (what reached no function)."
        ),
    ] = None,
    next_profile: Annotated[
        str | None,
        typer.Option(help="AWS profile of the next environment's account, for what did not reach its bus."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what waits.")] = False,
    local: Local = False,
    json: Json = False,
) -> None:
    """Give events that were not handled to their functions again. Exit code 1: some are still in their queue."""
    from local import views_deployments
    from local.operator_access import operation
    from operations import plain
    from operations import replay as replaying

    with operation(stack, local=local, changes=not dry_run, heard=not dry_run, as_json=json) as work:
        try:
            following = None if dry_run else work.following(next_profile)
            found = replaying.replay(work.access, queue, dry_run=dry_run, following=following)
        finally:
            work.settle()  # what was accepted runs, also where a later message met an error
        followed = {"heard": work.heard, "unheard": work.unheard}
    if json:
        console.emit({"stack": stack, "dry_run": dry_run, "functions": plain.as_json(found), **followed})
    else:
        console.out().print(views_deployments.replayed(stack, found, dry_run=dry_run, **followed))
    if any(message.outcome == "kept" for queue in found for message in queue.messages):
        raise typer.Exit(KEPT)
