"""What is published into each template repository: its files with their mark, as one zip named by its hash.

Pure but for the zip file, which it writes into the project's cache.
"""

import hashlib
import re
from dataclasses import dataclass

from components.function_archive import StoredArchive, stored_archive, zip_bytes
from components.template_content import WORKFLOWS, rendered, template
from contracts import publication

DEFAULT_WORKFLOWS_REPOSITORY = "mlops-workflows"
"""How the templates' files call the shared repository."""
CI = ".github/workflows/ci.yml"
"""Workflow that checks pull requests; a repository without it has no check to wait for."""

_PINNED_ACTION = re.compile(
    rb"^\s*(?:-\s+)?uses:\s*['\"]?([A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+@[0-9a-f]{40})\b", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """The content of one repository, ready to be uploaded."""

    template: str
    version: str
    description: str
    archive: StoredArchive
    """Zip of all its files."""
    sha256: str
    """Hash of that zip, hexadecimal."""
    is_checked: bool
    """Whether pull requests are checked by a workflow of its own."""
    actions: tuple[str, ...]
    """Actions of others that its workflows run, each at the commit they pin: `owner/name@<commit>`."""

    @property
    def key(self) -> str:
        """Key of its object."""
        return publication.object_key(self.template, self.sha256)


def published_files(name: str, organization: str, *, platform_team: str, workflows_repository: str) -> dict[str, bytes]:
    """Return the files of a repository, with the mark that says their version. Raises TemplateError as `rendered`."""
    files = rendered(name, organization, platform_team=platform_team)
    if workflows_repository != DEFAULT_WORKFLOWS_REPOSITORY:
        before, after = (
            f"{organization}/{repository}/".encode()
            for repository in (DEFAULT_WORKFLOWS_REPOSITORY, workflows_repository)
        )
        files = {
            path: content.replace(before, after) if path.startswith((".github/", "actions/")) else content
            for path, content in files.items()
        }
    files[publication.MARK] = publication.mark(name, template(name).version)
    return dict(sorted(files.items()))


def content(name: str, organization: str, *, platform_team: str, workflows_repository: str) -> Content:
    """Put the content of a repository together. The same files make the same zip on every machine."""
    files = published_files(name, organization, platform_team=platform_team, workflows_repository=workflows_repository)
    about, packed = template(name), zip_bytes(files)
    return Content(
        template=name,
        version=about.version,
        description=about.description,
        archive=stored_archive(f"template-{name}", packed),
        sha256=hashlib.sha256(packed).hexdigest(),
        is_checked=CI in files and name != WORKFLOWS,
        actions=pinned_actions(files),
    )


def pinned_actions(files: dict[str, bytes]) -> tuple[str, ...]:
    """Return the actions of others that workflows and actions of these files run, at the commits that they pin."""
    found: set[str] = set()
    for path, text in files.items():
        if path.startswith((".github/workflows/", "actions/")) and path.endswith((".yml", ".yaml")):
            found |= {match.decode() for match in _PINNED_ACTION.findall(text)}
    return tuple(sorted(found))
