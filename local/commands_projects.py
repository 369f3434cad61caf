"""The verbs about projects: project create, list, show, upgrade, archive."""

from typing import Annotated

import typer

from local import console
from local.commands_models import Json

Name = Annotated[str, typer.Argument(help="Name of the project: up to 24 lower-case letters, digits and hyphens.")]
Local = Annotated[
    bool, typer.Option("--local", help="Work on this folder's embedded AWS and local GitHub, with no account.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    project = typer.Typer(
        help="Projects: repositories that train, test and deploy a model. As Studio's catalog makes them.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    project.command("create")(create)
    project.command("list")(list_projects)
    project.command("show")(show)
    project.command("upgrade")(upgrade)
    project.command("archive")(archive)
    app.add_typer(project, name="project")


def create(
    name: Name,
    product: Annotated[str, typer.Option(help="What it is made of: model-training, model-training-and-deployment.")],
    owner: Annotated[str, typer.Option(help="GitHub login of the person who answers for it.")],
    team: Annotated[str, typer.Option(help="Slug of the GitHub team that works on it.")] = "",
    local: Local = False,
    json: Json = False,
) -> None:
    """Make a project: repositories, environments, variables, deploy roles. Repeat it after a failure to go on."""
    from local import project_views
    from local.project_access import project_work
    from operations import plain, projects

    with project_work(local=local, as_json=json, changes=True) as work:
        if work.world is not None and team:
            work.world.hub.add_team(team)  # nobody else could create it in the local GitHub
        found = projects.create(work.access, name, product=product, owner=owner, team=team)
    console.emit(plain.as_json(found)) if json else console.out().print(project_views.created(found, local=local))


def list_projects(
    everything: Annotated[bool, typer.Option("--all", help="Archived ones too.")] = False,
    local: Local = False,
    json: Json = False,
) -> None:
    """List the projects: what they are, who answers for them, their newest version."""
    from local import project_views
    from local.project_access import project_work
    from operations import plain, project_inventory

    with project_work(local=local, as_json=json) as work:
        found = project_inventory.listed(work.access, archived=everything)
    console.emit({"projects": plain.as_json(found)}) if json else console.out().print(project_views.listed(found))


def show(
    name: Name,
    profile: Annotated[
        list[str] | None,
        typer.Option(help="ENVIRONMENT=PROFILE: AWS profile of another environment's account; repeatable."),
    ] = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Show a project: repositories, roles, versions, and its endpoint in each environment that can be looked at."""
    from local import project_views
    from local.project_access import project_work
    from operations import plain, project_inventory

    with project_work(local=local, as_json=json, profiles=profile or ()) as work:
        found = project_inventory.show(work.access, name, elsewhere=work.elsewhere)
    console.emit(plain.as_json(found)) if json else console.out().print(project_views.project(found))


def upgrade(
    name: Name,
    to: Annotated[str | None, typer.Option(help="Version of the templates; the one on offer if absent.")] = None,
    local: Local = False,
    json: Json = False,
) -> None:
    """Propose the templates as they are now: one pull request per repository, never a push to main."""
    from local import project_views
    from local.project_access import project_work
    from operations import plain, projects

    with project_work(local=local, as_json=json, changes=True) as work:
        found = projects.upgrade(work.access, name, to=to)
    console.emit(plain.as_json(found)) if json else console.out().print(project_views.upgraded(found))


def archive(
    name: Name,
    confirm: Annotated[str | None, typer.Option(help="The project's name once more; asked for if absent.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    local: Local = False,
    json: Json = False,
) -> None:
    """End a project: its repositories become read-only, its deploy roles go; its versions and endpoints stay."""
    from local import project_views
    from local.project_access import project_work
    from operations import plain, projects

    if yes:
        confirm = name
    if confirm is None:
        if json:
            console.fail("archive asks for the project's name once more; with --json say --yes.", as_json=True)
        confirm = typer.prompt(
            f"This makes {name}'s repositories read-only and takes its roles away. Its name once more"
        )
    with project_work(local=local, as_json=json, changes=True) as work:
        found = projects.archive(work.access, name, confirmed=confirm)
    console.emit(plain.as_json(found)) if json else console.out().print(project_views.archived(found))
