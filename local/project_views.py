"""Projects for people. Every function returns something that rich can print."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from local.views import moment
from local.views import status as version_status
from local.views_models import facts, new_table, notes_of, state
from operations.project_inventory import EndpointRow, ModelVersion, ProjectRow, ProjectView, RepositoryRow
from operations.projects import Archived, Created, Upgraded

STYLE = {
    "Ready": "green",
    "Creating": "cyan",
    "Updating": "cyan",
    "Archiving": "cyan",
    "Failed": "red",
    "Archived": "dim",
}


def _status(text: str) -> Text:
    return Text(text.lower(), STYLE.get(text, ""))


def created(found: Created, *, local: bool) -> RenderableType:
    """Return what was made, and what comes next."""
    again = " (this request was there already)" if found.continued else ""
    parts: list[RenderableType] = [
        Text.assemble("Project ", (found.project, "bold"), " is ", ("ready", "green"), f"{again}."),
        facts(
            ("product", found.product),
            ("owner", found.owner),
            ("versions", found.group),
            *[("repository" if not number else " ", url) for number, url in enumerate(found.repositories)],
        ),
        *_notices(found.notices),
    ]
    flag = " --local" if local else ""
    return Group(*parts, Text(f"See mlops project show {found.project}{flag}", "dim"))


def listed(found: Sequence[ProjectRow]) -> RenderableType:
    """Return a table of projects."""
    if not found:
        return Text("There are no projects yet: mlops project create NAME --product KEY --owner LOGIN", "dim")
    table = new_table("project", "status", "owner", "templates", "newest version")
    for row in found:
        table.add_row(
            Text(row.project, "bold"),
            _status(row.status),
            row.owner + (f", {row.team}" if row.team else ""),
            row.template_version,
            _newest(row),
        )
    notes = [f"versions of {row.project}: {note}" for row in found for note in row.notes]
    return Group(table, *notes_of(notes))


def _newest(row: ProjectRow) -> Text:
    if row.newest is None:
        return Text("not known" if row.notes else "none yet", "dim")
    return Text.assemble(f"{row.newest.version} ", version_status(row.newest.status))


def project(found: ProjectView) -> RenderableType:
    """Return everything about a project."""
    parts: list[RenderableType] = [
        Text.assemble((found.project, "bold"), (f"  {found.product}", "dim")),
        Text(),
        facts(
            ("status", _status(found.status).append(f": {found.reason}" if found.reason else "", "default")),
            ("owner", found.owner),
            ("team", found.team),
            ("made", Text(f"{moment(found.created_at)} by {_who(found.created_by)}")),
            ("templates", found.template_version),
            ("versions in", found.group),
            ("data", found.data_uri),
        ),
        Text(),
        *[_repository(each, found.roles) for each in found.repositories],
        _versions(found.versions),
    ]
    if found.endpoints:
        parts += [Text(), *[_endpoint(each) for each in found.endpoints]]
    return Group(*parts, *notes_of(found.notes))


def _repository(row: RepositoryRow, roles: object) -> RenderableType:
    known = roles if isinstance(roles, dict) else {}
    shown = [
        (f"role in {environment}", str(arn).rsplit("/", 1)[-1])
        for environment in row.environments
        if (arn := known.get(f"{environment}/{row.template}"))
    ]
    colour = "green" if row.state == "ready" else "dim"
    return Group(
        Text.assemble(
            (row.url, "bold"), "  ", (row.state, colour), (f"  {row.template} {row.template_version}", "dim")
        ),
        facts(*shown),
        *_notices(row.unprotected),
        Text(),
    )


def _versions(versions: Sequence[ModelVersion]) -> RenderableType:
    if not versions:
        return Text("no version yet: a merge to main of the training repository starts a run", "dim")
    table = new_table(">version", "status", "since")
    for each in versions:
        table.add_row(str(each.version), version_status(each.status), moment(each.created))
    return table


def _endpoint(row: EndpointRow) -> RenderableType:
    if row.unknown:
        return Text.assemble((f"endpoint in {row.environment}  ", "dim"), (row.unknown, "yellow"))
    shown = state(row.status) if row.status else Text("none yet", "dim")
    return Text.assemble((f"endpoint in {row.environment}  ", "dim"), f"{row.name}  ", shown)


def upgraded(found: Upgraded) -> RenderableType:
    """Return what was proposed."""
    if not found.pull_requests:
        return Text(f"{found.project} has the files of templates {found.version} already; nothing to propose.")
    lines = [Text(f"  {url}") for _, url in sorted(found.pull_requests.items())]
    return Group(
        Text(
            f"Templates {found.before or 'before'} → {found.version} proposed to {found.project}; merge what you want:"
        ),
        *lines,
    )


def archived(found: Archived) -> RenderableType:
    """Return what became of a project."""
    if found.outcome == "removed":
        return Text(f"{found.project} never came to be; what was left of it is removed, and its name is free.")
    return Group(
        Text(f"{found.project} is archived: its repositories are read-only, its deploy roles are gone."),
        Text("Its versions stay in the registry, and its endpoints go on serving until they are removed.", "dim"),
    )


def _notices(notices: Sequence[str]) -> list[RenderableType]:
    return [Text(f"not protected: {notice}", "yellow", overflow="fold") for notice in notices]


def _who(request: str) -> str:
    return request.split("/")[1] if request.startswith("cli/") else "a launch from Studio"
