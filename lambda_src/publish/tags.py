"""Tags of a published commit: one that never moves, and where callers follow a major version, one that does."""

from collections.abc import Mapping

from contracts.publication import WORKFLOWS, Publication
from lambda_src.github_client.errors import ConflictError, ValidationError
from lambda_src.github_client.files import Entry, File, files_of
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub, path_of
from lambda_src.publish.errors import PublishError


def commit_of(github: GitHub, repository: Repository, tag: str) -> str | None:
    """Return what a tag points to; None where there is no such tag."""
    found = github.find(f"{repository.path}/git/ref/tags{path_of(tag)}")
    return None if found is None else str(found["object"]["sha"])


def check_version(
    github: GitHub, repository: Repository, tag: str, files: Mapping[str, File], publication: Publication
) -> None:
    """Raise PublishError where the tag is on other content: a version that names two contents names none."""
    tagged = commit_of(github, repository, tag)
    if tagged is None:
        return
    wanted = {path: Entry(sha=file.sha, mode=file.mode) for path, file in files.items()}
    present = files_of(github, repository, tagged)
    if present == wanted:
        return
    changed = sorted(path for path in {*wanted, *present} if wanted.get(path) != present.get(path))
    folder = "workflows" if publication.template == WORKFLOWS else f"repositories/{publication.template}"
    raise PublishError(
        f"{publication.template} {publication.version} is published with other content (tag {tag} of"
        f" {repository.owner}/{repository.name}); {len(changed)} files differ, {', '.join(changed[:5])}. Nothing was"
        f" published. Raise `version` in templates/{folder}/template.json: projects get a change by its version"
    )


def fix(github: GitHub, repository: Repository, tag: str, commit: str) -> None:
    """Put a tag on a commit unless it is there; one on older content of the same files stays where it is."""
    if commit_of(github, repository, tag) is None:
        _create(github, repository, tag, commit)


def move(github: GitHub, repository: Repository, tag: str, commit: str) -> None:
    """Bring a tag to a commit, back as well as forward: it is where the stack says."""
    present = commit_of(github, repository, tag)
    if present is None:
        _create(github, repository, tag, commit)
    elif present != commit:
        github.patch(f"{repository.path}/git/refs/tags{path_of(tag)}", {"sha": commit, "force": True})


def _create(github: GitHub, repository: Repository, tag: str, commit: str) -> None:
    path = f"{repository.path}/git/refs"
    try:
        github.post(path, {"ref": f"refs/tags/{tag}", "sha": commit}, repeatable=True)
    except ValidationError as error:
        if not error.says("already exists"):
            raise
        # A try whose answer was lost made it, or somebody else did.
        if commit_of(github, repository, tag) != commit:
            raise ConflictError(f"POST {path}", 422, f"tag {tag} was made on another commit meanwhile") from None
