"""The content of the template repositories: folders under templates/, put together as they land in GitHub.

Pure: it reads files of this checkout and nothing else. The publishing function's component hashes and uploads what
`rendered` returns, and the tests run it. templates/README.md describes the folders for people.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPOSITORIES = ROOT / "templates" / "repositories"
WORKFLOWS = "workflows"
"""Name of the shared repository's content here; in GitHub it is the repository that settings name."""
DESCRIPTION = "template.json"
"""Describes a template to the platform; it is not part of the repository."""

ORGANIZATION = "__ORGANIZATION__"
"""Stands for the GitHub organisation, where GitHub takes no expression: `uses:`, CODEOWNERS, zizmor.yml."""
PLATFORM_TEAM = "__PLATFORM_TEAM__"
"""Stands for the slug of the team that owns workflows; in CODEOWNERS only."""
DEFAULT_PLATFORM_TEAM = "mlops-platform"

INCLUDES: dict[str, tuple[tuple[str, str], ...]] = {
    "library": (("templates/library", ""),),
    "package": tuple((name, f"actions/mlops-package/{name}") for name in ("package", "components", "contracts")),
}
"""What a template can have besides its own folder: folders of this checkout, and where each goes."""

_LOGIN = re.compile(r"(?!.*--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,99})")
_CACHES = ("__pycache__", ".venv", ".mlops", ".pytest_cache", ".ruff_cache", ".mypy_cache", "build")


class TemplateError(ValueError):
    """A template that is not there or cannot be put together; the message says what to mend."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """What template.json says of a template."""

    name: str
    version: str
    """Semantic version; the catalog offers it, and `mlops project upgrade` compares it."""
    title: str
    description: str
    includes: tuple[str, ...]
    """Keys of INCLUDES."""
    folder: Path


def available() -> list[str]:
    """Return the names of the templates that a project can be made of, sorted. The shared repository is none."""
    return sorted(file.parent.name for file in REPOSITORIES.glob(f"*/{DESCRIPTION}"))


def template(name: str) -> Template:
    """Return what is known of a template, or of the shared workflows. Raises TemplateError for an unknown name."""
    folder = ROOT / "templates" / WORKFLOWS if name == WORKFLOWS else REPOSITORIES / name
    file = folder / DESCRIPTION
    if name != WORKFLOWS and name not in available():
        raise TemplateError(f"template {name!r}: there is none; there are {', '.join(available())} and {WORKFLOWS}")
    stated = json.loads(file.read_text(encoding="utf-8"))
    wanted = {"version", "title", "description", "includes"}
    if set(stated) != wanted:
        raise TemplateError(f"{file}: it has the keys {sorted(stated)}; write exactly {sorted(wanted)}")
    unknown = [key for key in stated["includes"] if key not in INCLUDES]
    if unknown:
        raise TemplateError(f"{file}: includes {unknown}: there are {sorted(INCLUDES)}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", stated["version"]):
        raise TemplateError(f"{file}: version {stated['version']!r}: write a semantic version, 1.0.0")
    return Template(name=name, folder=folder, **{**stated, "includes": tuple(stated["includes"])})


def rendered(name: str, organization: str, *, platform_team: str = DEFAULT_PLATFORM_TEAM) -> dict[str, bytes]:
    """Return the files of a template as they land in its repository: path with forward slashes to content, sorted.

    `organization` is the login of the GitHub organisation. Raises TemplateError for an unknown template, for a name
    that GitHub does not know as a login or slug, and where two folders hold the same path.
    """
    if not _LOGIN.fullmatch(organization):
        raise TemplateError(
            f"organization {organization!r}: a GitHub login has letters, digits and single hyphens, 39 at most"
        )
    if not _SLUG.fullmatch(platform_team):
        raise TemplateError(f"platform_team {platform_team!r}: write the team's slug, as in its address")
    found = template(name)
    sources = [(found.folder, "")]
    sources += [(ROOT / source, target) for key in found.includes for source, target in INCLUDES[key]]
    files: dict[str, bytes] = {}
    for folder, target in sources:
        for path in _files(folder):
            place = "/".join(filter(None, (target, path.relative_to(folder).as_posix())))
            if place == DESCRIPTION:
                continue
            if place in files:
                raise TemplateError(f"template {name}: {place} comes from two folders; rename one of them")
            files[place] = path.read_bytes()
    words = {ORGANIZATION.encode(): organization.encode(), PLATFORM_TEAM.encode(): platform_team.encode()}
    return {place: _with(files[place], words) if _takes_words(place) else files[place] for place in sorted(files)}


def content_hash(name: str, organization: str, *, platform_team: str = DEFAULT_PLATFORM_TEAM) -> str:
    """Return the SHA-256, hexadecimal, of everything that `rendered` returns: it changes when a file or path does."""
    digest = hashlib.sha256()
    for place, content in rendered(name, organization, platform_team=platform_team).items():
        digest.update(f"{place}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder, without what tools leave there."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part in _CACHES for part in path.relative_to(folder).parts)
        and path.suffix not in (".pyc", ".orig")
    )


def _takes_words(place: str) -> bool:
    """Whether the tokens are replaced in a file; everywhere else they would be a mistake, which a test finds."""
    return place.startswith((".github/", "actions/mlops-package/action.yml"))


def _with(content: bytes, words: dict[bytes, bytes]) -> bytes:
    for token, word in words.items():
        content = content.replace(token, word)
    return content
