"""Make a project, step by step, each step recorded: a repeated request goes on where the last one ended."""

from dataclasses import dataclass

from contracts.github import DIRECTORY
from contracts.names import Names
from contracts.products import DEPLOYMENT_TEMPLATES, ENVIRONMENTS_OF, PRODUCTS
from contracts.projects import ProjectRequest, Status, repository_name
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.repositories import by_name
from lambda_src.projects import records
from lambda_src.projects.github import minter
from lambda_src.projects.records import EndedError, Project, ProjectRecord, SupersededError
from lambda_src.provision import groups, members, repositories, templates
from lambda_src.provision.errors import FAULTS, REFUSALS, RefusedError, check_time
from lambda_src.provision.settings import config
from lambda_src.shared.clock import now
from lambda_src.shared.configuration import names
from lambda_src.shared.errors import ConflictError

REASON_LENGTH = 1000
MADE = (Status.READY, Status.UPDATING)
OVER = (Status.ARCHIVING, Status.ARCHIVED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a project consists of, for whoever asked."""

    project: str
    group: str
    repositories: tuple[str, ...]
    """Their addresses."""
    notices: tuple[str, ...]
    """What GitHub's plan could not protect."""


def create(request: ProjectRequest, deadline: Deadline) -> Made:
    """Make the project, or finish making it; where that fails, its record says why.

    Raises one of REFUSALS where the request cannot be granted, one of FAULTS where the next try may go on, and
    SupersededError where a newer call does so already.
    """
    project = _claim(request, deadline)
    if project.record.status in MADE:
        return made_of(project)
    own = project.record
    try:
        _make(own, request, project, deadline)
    except SupersededError:
        raise
    except Exception as error:
        why = str(error) if isinstance(error, (*REFUSALS, *FAULTS)) else type(error).__name__
        _record_failure(own, why, error)
        raise
    return made_of(_read(request.project))


def made_of(project: Project) -> Made:
    """Return what a project consists of."""
    found = sorted(project.repositories.values(), key=lambda each: each.name)
    return Made(
        project=project.record.project,
        group=project.record.group,
        repositories=tuple(each.url for each in found),
        notices=tuple(dict.fromkeys(notice for each in found for notice in each.unprotected)),
    )


def _make(own: ProjectRecord, request: ProjectRequest, project: Project, deadline: Deadline) -> None:
    settings = config()
    product = PRODUCTS[request.product]
    check_time(deadline, "the model package group")
    groups.ensure(request.project, names(), _readers(request.product))
    try:
        records.check(own)
    except SupersededError:
        if records.is_over(own):
            groups.delete_if_empty(request.project, names())
        raise
    for template in product.templates:
        made = repositories.make(own, request, template, project.repositories.get(template), deadline)
        if not made.ready:
            repositories.set_up(own, request, made, settings.environments, deadline)
    records.save(own, status=Status.READY, reason="")


def _readers(product: str) -> list[Names]:
    """Return the other accounts' environments that deploy the project's versions."""
    environments = config().environments
    deployed = [
        environments[each]
        for template in PRODUCTS[product].templates
        if template in DEPLOYMENT_TEMPLATES
        for each in ENVIRONMENTS_OF[template]
    ]
    return [reader for reader in deployed if reader.account != names().account]


def _claim(request: ProjectRequest, deadline: Deadline) -> Project:
    """Return the project, this request's own and this call's to work on. Everything is checked before."""
    existing = records.read(request.project)
    if existing is None:
        _check_offer(request)
        _check(request, deadline)
        try:
            return Project(record=records.create(_new(request)))
        except ConflictError:
            existing = _read(request.project)
        except EndedError as error:
            raise EndedError(
                f"{error}: its stack was rolled back or deleted. Launch the product again, or choose another name"
            ) from None
    record = existing.record
    if record.created_by != request.request_id:
        raise RefusedError(
            f"project {request.project} exists: {record.status}, made {record.created_at} for {record.owner}. Choose"
            " another name"
        )
    if record.status in OVER:
        raise RefusedError(f"project {request.project} was archived. Choose another name")
    if record.status in MADE:
        return existing
    if record.product != request.product:
        raise RefusedError(
            f"project {request.project} was begun as {record.product}; archive it, or ask for that product again"
        )
    taken = records.take(record, unless_ended=True)
    if taken.record.status in MADE:
        return taken
    # What is mended before a failed request is repeated counts: another owner or team, too.
    own = records.save(taken.record, status=Status.CREATING, reason="", owner=request.owner, team=request.team)
    return Project(record=own, repositories=taken.repositories, roles=taken.roles)


def _new(request: ProjectRequest) -> ProjectRecord:
    return ProjectRecord(
        project=request.project,
        product=request.product,
        owner=request.owner,
        team=request.team,
        group=names().model_package_group(request.project),
        status=Status.CREATING,
        template_version=request.template_version,
        request_id=request.request_id,
        created_by=request.request_id,
        created_at=now(),
    )


def _check_offer(request: ProjectRequest) -> None:
    settings = config()
    if request.product not in settings.products:
        raise RefusedError(f"{request.product} is not on offer; there are {', '.join(settings.products)}")
    environments = {each for template in PRODUCTS[request.product].templates for each in ENVIRONMENTS_OF[template]}
    missing = sorted(environments - set(settings.environments))
    if missing:
        raise RefusedError(f"{request.product} deploys to {', '.join(missing)}, which the platform does not know")


def _check(request: ProjectRequest, deadline: Deadline) -> None:
    """Raise one of REFUSALS for what would fail halfway: a name in use, people or teams that GitHub does not know."""
    settings = config()
    check_time(deadline, "the checks")
    groups.check_free(request.project, names())
    members.check(request, deadline)
    templates_used = PRODUCTS[request.product].templates
    members.check_reviewers({each for template in templates_used for each in ENVIRONMENTS_OF[template]}, deadline)
    github = minter().client(DIRECTORY, None, deadline)
    for template in templates_used:
        templates.find(template, deadline)
        name = repository_name(settings.unit, request.project, template)
        found = by_name(github, settings.organization, name)
        if found is not None and not repositories.is_marked(found, request.request_id):
            raise RefusedError(
                f"{settings.organization}/{name} exists (id {found.id}) and was not made by this request: rename it, or"
                " choose another project name; nothing was touched"
            )


def _record_failure(own: ProjectRecord, why: str, error: Exception) -> None:
    try:
        records.save(own, status=Status.FAILED, reason=why[:REASON_LENGTH])
    except SupersededError:
        raise
    except FAULTS as unrecorded:
        # The first error is what counts; the record stays at Creating, which every next step takes for unfinished.
        error.add_note(f"not recorded either: {type(unrecorded).__name__}")


def _read(project: str) -> Project:
    found = records.read(project)
    if found is None:
        raise ConflictError(f"project {project} was removed while it was being made")
    return found
