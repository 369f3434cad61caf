"""Bring a project to another version of its templates: a pull request per repository, never a push to its branch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contracts.github import PUBLISH
from contracts.projects import ProjectRequest, Status
from lambda_src.github_client import files, pulls, repositories
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.files import Entry, File
from lambda_src.projects import records
from lambda_src.projects.github import client_of
from lambda_src.projects.records import Project, ProjectRecord, RepositoryRecord, SupersededError
from lambda_src.provision import templates
from lambda_src.provision.errors import FAULTS, REFUSALS, RefusedError, check_time
from lambda_src.provision.templates import Template

FILE_MODES = (files.FILE_MODE, files.EXECUTABLE_MODE)
LISTED = 50
BODY = """The platform offers {version} of the template that this repository was made from.

This branch holds the files that changed in the template since {since}, on top of your main branch. Merge what you want,
change or close the rest: nothing happens without you.
"""
YOURS = """
You changed these files as well. Look at their differences before you merge:

{listed}
"""
DELETED = """
These changed in the template, and you removed them. They are not proposed:

{listed}
"""


def upgrade(request: ProjectRequest, deadline: Deadline) -> dict[str, str]:
    """Propose the templates of a version to every repository of the project; return the pull requests by repository.

    A repository that has them already gets none. Raises RefusedError for a project that is not ready, and for a version
    older than the project's.
    """
    project = records.read(request.project)
    if project is None:
        raise RefusedError(f"there is no project {request.project}")
    _check(project.record, request)
    project = records.take(project.record)
    own = project.record
    _check(own, request)
    own = records.save(own, status=Status.UPDATING, request_id=request.request_id, reason="")
    try:
        proposed = _propose(own, project, request, deadline)
    except SupersededError:
        raise
    except (*REFUSALS, *FAULTS) as error:
        # A project half upgraded is as ready as before: what is proposed waits for people.
        records.save(own, status=Status.READY, reason=f"upgrade: {error}"[:1000])
        raise
    version = request.template_version or own.template_version
    records.save(own, status=Status.READY, template_version=version, reason="")
    return proposed


def is_older(version: str, than: str) -> bool:
    """Whether `version` comes before `than`; an unnamed version is neither older nor newer."""
    return bool(version and than) and _parts(version) < _parts(than)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _check(record: ProjectRecord, request: ProjectRequest) -> None:
    if record.status not in (Status.READY, Status.UPDATING):
        raise RefusedError(f"project {request.project} is {record.status}; only a ready one is upgraded")
    if record.product != request.product:
        raise RefusedError(
            f"project {request.project} is {record.product}; a change to {request.product} is a new project"
        )
    if is_older(request.template_version, record.template_version):
        raise RefusedError(
            f"project {request.project} is at {record.template_version}; to go back to {request.template_version},"
            " revert the pull request that brought the newer one"
        )


def _propose(own: ProjectRecord, project: Project, request: ProjectRequest, deadline: Deadline) -> dict[str, str]:
    found = {}
    for repository in project.repositories.values():
        check_time(deadline, f"the upgrade of {repository.name}")
        template = templates.find(repository.template, deadline)
        target = template.commit_of(request.template_version) or template.head
        if repository.template_commit == target:
            continue  # made from it, or proposed before
        pull = _propose_to(repository, request, template, target, deadline)
        if pull is not None:
            found[repository.name] = pull.html_url
        version = request.template_version or repository.template_version
        records.save_repository(own, replace(repository, template_version=version, template_commit=target))
    return found


def _propose_to(
    record: RepositoryRecord, request: ProjectRequest, template: Template, target: str, deadline: Deadline
) -> pulls.PullRequest | None:
    github = client_of(PUBLISH, record.id, deadline)
    repository = repositories.verified(github, record.owner, record.name, record.id)
    head = files.head(github, repository, repository.default_branch)
    if head is None:
        raise RefusedError(f"{record.name} has no branch {repository.default_branch} to propose anything to")
    present = files.files_of(github, repository, head)
    since, base = _base(record, template)
    change = changes(base, template.files(target), present)
    version = f"version {request.template_version}" if request.template_version else f"a newer version ({target[:12]})"
    label = request.template_version or target[:12]
    return pulls.propose_files(
        github,
        repository,
        branch=f"mlops/template-{label}",
        files={path: _content(template, entry) for path, entry in sorted(change.proposed.items())},
        title=f"Template {label}",
        body=BODY.format(version=version, since=since)
        + (YOURS.format(listed=_listed(change.edited)) if change.edited else "")
        + (DELETED.format(listed=_listed(change.deleted)) if change.deleted else ""),
        remove=change.removed,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a pull request proposes, and what it tells people about their own work."""

    proposed: Mapping[str, Entry]
    removed: frozenset[str]
    edited: tuple[str, ...]
    """Proposed files that people changed as well."""
    deleted: tuple[str, ...]
    """Files that changed in the template and that people removed: not proposed."""


def changes(base: Mapping[str, Entry] | None, target: Mapping[str, Entry], present: Mapping[str, Entry]) -> Change:
    """Compare a template's old and new files with a repository's. Without `base` all that differs is proposed.

    A file that the template no longer has is removed only where people left it as it was.
    """
    old = base or {}
    changed = {
        path: entry
        for path, entry in target.items()
        if entry.mode in FILE_MODES and old.get(path) != entry and present.get(path) != entry
    }
    deleted = tuple(sorted(path for path in changed if path in old and path not in present))
    edited = tuple(sorted(path for path in changed if path in present and present[path] != old.get(path)))
    gone = {path for path in old.keys() - target.keys() if present.get(path) == old[path]}
    return Change(
        proposed={path: entry for path, entry in changed.items() if path not in deleted},
        removed=frozenset(gone),
        edited=edited if base is not None else (),
        deleted=deleted,
    )


def _base(record: RepositoryRecord, template: Template) -> tuple[str, dict[str, Entry] | None]:
    """Return since when the template's changes count, and its files then; None where nobody knows them any more."""
    if record.template_commit and template.tree(record.template_commit) is not None:
        return record.template_version or record.template_commit[:12], template.files(record.template_commit)
    tagged = template.commit_of(record.template_version)
    if tagged is not None:
        return record.template_version, template.files(tagged)
    return "your repository was made, and whatever else differs", None


def _content(template: Template, entry: Entry) -> File:
    content = files.read_file(template.github, template.repository, entry)
    return File(content=content, executable=entry.mode == files.EXECUTABLE_MODE)


def _listed(paths: tuple[str, ...]) -> str:
    more = [f"- and {len(paths) - LISTED} more"] if len(paths) > LISTED else []
    return "\n".join([*(f"- `{path}`" for path in paths[:LISTED]), *more])
