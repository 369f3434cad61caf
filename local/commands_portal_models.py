"""`mlops portal models …` and `projects …`: the registry of a stack, through the portal and under its rules."""

from typing import TYPE_CHECKING, Annotated

import typer

from local import console
from local.commands_portal_base import Json, Stack, client, emit, group, say

if TYPE_CHECKING:
    from portal.client import PortalClient

Model = Annotated[str, typer.Argument(help="Model or project of that stack: fraud-detector.")]
Number = Annotated[int, typer.Argument(min=1, help="Version number, as `models list` shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept with the version.")]


def add_to(app: typer.Typer) -> None:
    """Add the verbs."""
    models = group("models", "Model versions: list, show, compare, approve, reject, roll back.")
    for name, verb in (
        ("list", list_models),
        ("show", show_version),
        ("diff", diff),
        ("deployments", deployments),
        ("approve", approve),
        ("reject", reject),
        ("rollback", rollback),
    ):
        models.command(name)(verb)
    projects = group("projects", "Projects: list, show.")
    projects.command("list")(list_projects)
    projects.command("show")(show_project)
    app.add_typer(models)
    app.add_typer(projects)


def list_models(stack: Stack, json: Json = False) -> None:
    """List the models of a stack with their newest versions."""
    from local import views_models

    with client(json) as portal:
        found = portal.models(stack)
    emit(found) if json else console.out().print(views_models.listed(stack, found, local=False))


def show_version(
    stack: Stack,
    model: Model,
    version: Annotated[int | None, typer.Argument(min=1, help="Version number; the newest if absent.")] = None,
    json: Json = False,
) -> None:
    """Show a version: metrics, where it comes from, who decided, what became of it."""
    from local import views_models

    with client(json) as portal:
        number = version if version is not None else _newest(portal, stack, model, json)
        found = portal.model_version(stack, model, number)
    emit(found) if json else console.out().print(views_models.version(stack, found))


def diff(stack: Stack, model: Model, a: Number, b: Number, json: Json = False) -> None:
    """Compare two versions: metrics, parameters, image, data, code."""
    from local import views_models

    with client(json) as portal:
        found = portal.compare_versions(stack, model, a, b)
    emit(found) if json else console.out().print(views_models.comparison(found))


def deployments(stack: Stack, json: Json = False) -> None:
    """Show what each model should serve, what its endpoint runs, and what was deployed before."""
    from local import views_deployments

    with client(json) as portal:
        found = portal.deployments(stack)
    emit(found) if json else console.out().print(views_deployments.deployments(stack, found))


def approve(stack: Stack, model: Model, version: Number, reason: Reason, json: Json = False) -> None:
    """Approve a version; where the stack delivers the model, that deploys it."""
    _decide(stack, model, version, approved=True, reason=reason, json=json)


def reject(stack: Stack, model: Model, version: Number, reason: Reason, json: Json = False) -> None:
    """Reject a version. One that serves goes on serving."""
    _decide(stack, model, version, approved=False, reason=reason, json=json)


def rollback(
    stack: Stack,
    model: Model,
    reason: Reason,
    to: Annotated[int, typer.Option("--to", min=1, help="An approved version, which then serves.")],
    json: Json = False,
) -> None:
    """Have an earlier, approved version serve."""
    with client(json) as portal:
        found = portal.roll_back(stack, model, to=to, reason=reason)
    if json:
        emit(found)
        return
    before = f" in place of version {found.before}" if found.before is not None else ""
    say(f"{found.model} in {stack}: version {found.version} was asked for{before}")
    say((f"how far it is: mlops portal models deployments {stack}", "dim"))


def list_projects(
    stack: Stack,
    archived: Annotated[bool, typer.Option("--archived", help="Those too that were archived.")] = False,
    json: Json = False,
) -> None:
    """List the projects that a stack made."""
    from local import project_views

    with client(json) as portal:
        found = portal.projects(stack, archived=archived)
    if json:
        emit(found)
    elif not found:
        say((f"Stack {stack} has no projects.", "dim"))
    else:
        console.out().print(project_views.listed(found))


def show_project(
    stack: Stack, name: Annotated[str, typer.Argument(help="The project's name.")], json: Json = False
) -> None:
    """Show a project: repositories, roles, versions, endpoints."""
    from local import project_views

    with client(json) as portal:
        found = portal.project(stack, name)
    emit(found) if json else console.out().print(project_views.project(found))


def _decide(stack: str, model: str, version: int, *, approved: bool, reason: str, json: bool) -> None:
    with client(json) as portal:
        found = portal.decide_version(stack, model, version, approved=approved, reason=reason)
    if json:
        emit(found)
        return
    name = f"{found.version.model} version {found.version.version} in {stack}"
    if not found.changed:
        say(f"{name} is {found.version.status} already; nothing was written, so nothing is deployed.")
        return
    say(f"{name}: {found.before} → {found.version.status}")


def _newest(portal: "PortalClient", stack: str, model: str, json: bool) -> int:
    numbers = [each.version for one in portal.models(stack) if one.model == model for each in one.versions]
    if not numbers:
        console.fail(f"{model}: stack {stack} has no version of it.", as_json=json)
    return max(numbers)
