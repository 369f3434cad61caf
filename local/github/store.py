"""What the local GitHub holds: one JSON document of accounts, teams, repositories and git objects."""

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.github import objects as git
from local.github.answers import Record, not_found

FORMAT = 1
FIRST_ID = 900_000_001
"""Far from small numbers, so that an id is never mistaken for a count."""

STORED = (
    "organization",
    "plan",
    "next_id",
    "organization_id",
    "users",
    "outsiders",
    "teams",
    "repositories",
    "objects",
)


class GitHubStateError(Exception):
    """The state file is not ours to read."""


@dataclass(kw_only=True)
class Store:
    """The records. Everything but the clock is plain JSON."""

    organization: str
    plan: str
    clock: Callable[[], float]
    next_id: int = FIRST_ID
    organization_id: int = 0
    users: dict[str, int] = field(default_factory=dict)
    outsiders: list[str] = field(default_factory=list)
    """Logins of people who are no members of the organisation."""
    teams: dict[str, int] = field(default_factory=dict)
    repositories: dict[str, Record] = field(default_factory=dict)
    """By id, as text, because JSON has no other keys."""
    objects: git.Objects = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.organization_id = self.organization_id or self.new_id()

    def new_id(self) -> int:
        """Return an id that was never given before."""
        self.next_id += 1
        return self.next_id - 1

    def now(self) -> str:
        """Return the present as GitHub writes it."""
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def by_name(self, name: str) -> Record | None:
        """Return the repository of this name; GitHub does not look at the case."""
        return next((r for r in self.repositories.values() if r["name"].lower() == name.lower()), None)

    def add_repository(self, name: str, **fields: Any) -> Record:
        """Add an empty repository."""
        number = self.new_id()
        record: Record = {
            "id": number,
            "node_id": f"R_{number}",
            "name": name,
            "private": True,
            "archived": False,
            "is_template": False,
            "description": "",
            "default_branch": "main",
            "created_at": self.now(),
            "template_id": None,
            "refs": {},
            "variables": {},
            "environments": {},
            "teams": {},
            "collaborators": {},
            "rulesets": [],
            "pulls": [],
            "runs": [],
            "hidden_reads": 0,
            "hidden_content_reads": 0,
            **fields,
        }
        self.repositories[str(number)] = record
        return record

    def files(self, repository: Record, ref: str) -> dict[str, tuple[str, str]]:
        """Return mode and blob of every file of a branch or commit. Raises RefusedError (404)."""
        return git.files_of_tree(self.objects, self.objects[self.commit(repository, ref)]["tree"])

    def commit(self, repository: Record, ref: str) -> str:
        """Return the commit that a branch, ref or hash names. Raises RefusedError (404)."""
        for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
            if name in repository["refs"]:
                return str(repository["refs"][name])
        if self.objects.get(ref, {}).get("type") == "commit":
            return ref
        raise not_found()

    def add_commit(
        self, repository: Record, branch: str, files: git.Files, message: str, author: str = git.PERSON
    ) -> str:
        """Commit `files`, the whole content, to a branch."""
        ref = f"refs/heads/{branch}"
        parents = [repository["refs"][ref]] if ref in repository["refs"] else []
        tree = git.write_tree(self.objects, files)
        sha = git.write_commit(
            self.objects, tree=tree, parents=parents, message=message, seconds=int(self.clock()), author=author
        )
        repository["refs"][ref] = sha
        return sha

    def save(self, path: Path) -> None:
        """Write the state: whole or not at all, readable by its owner only."""
        document = {"format": FORMAT, **{name: getattr(self, name) for name in STORED}}
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".state-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document, file, sort_keys=True)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def load(path: Path, *, organization: str, plan: str, clock: Callable[[], float]) -> Store:
    """Return the stored state, or a new one. Raises GitHubStateError for a file of another form."""
    if not path.is_file():
        return Store(organization=organization, plan=plan, clock=clock)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        _check(document.pop("format"))
        store = Store(clock=clock, **document)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GitHubStateError(
            f"{path}: not a state file of the local GitHub. Run `mlops reset` to start anew."
        ) from None
    if store.organization != organization:
        raise GitHubStateError(
            f"{path}: holds the organisation {store.organization}, and {organization} is asked for. Run `mlops reset`"
            " to start anew, or write the first one into the settings again."
        )
    store.plan = plan
    return store


def _check(written: object) -> None:
    if written != FORMAT:
        raise ValueError(f"format {written}, not {FORMAT}")
