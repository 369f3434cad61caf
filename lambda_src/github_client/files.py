"""Files of a branch: read them, and change many of them in exactly one commit (GitHub's Git data API)."""

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_src.github_client.errors import ConflictError, GitHubError, NotFoundError, ValidationError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub, path_of

ROUNDS = 3
"""How often a commit is made anew on a branch that somebody else moved meanwhile."""
FILE_MODE = "100644"
EXECUTABLE_MODE = "100755"
INLINE_BYTES = 100_000
"""Ours: longer texts and everything binary go up as blobs of their own."""
CALL_BYTES = 1_000_000
"""Ours: text of one call that creates a tree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file as it shall be."""

    content: bytes
    executable: bool = False

    @property
    def mode(self) -> str:
        """Git's mode."""
        return EXECUTABLE_MODE if self.executable else FILE_MODE

    @property
    def sha(self) -> str:
        """Git's own hash of the content, so that nothing unchanged is sent."""
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A file as the repository has it."""

    sha: str
    mode: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """Where a branch stands."""

    sha: str
    created: bool
    """False where the branch had exactly these files already."""


def head(github: GitHub, repository: Repository, branch: str) -> str | None:
    """Return the commit at the head of a branch; None where there is no such branch, or nothing at all yet."""
    try:
        found = github.find(_ref(repository, branch))
    except ConflictError:
        return None  # 409, "Git Repository is empty."
    return None if found is None else str(found["object"]["sha"])


def files_of(github: GitHub, repository: Repository, ref: str) -> dict[str, Entry]:
    """Return every file of a commit or branch by its path. Raises GitHubError where the tree is too large to list."""
    body = github.get(f"{repository.path}/git/trees{path_of(ref)}", {"recursive": "1"})
    if body["truncated"]:
        raise GitHubError(f"GET {repository.path}/git/trees", 200, "more than 100,000 files or 7 MB of names")
    return {
        entry["path"]: Entry(sha=entry["sha"], mode=entry["mode"]) for entry in body["tree"] if entry["type"] != "tree"
    }


def read_file(github: GitHub, repository: Repository, entry: Entry) -> bytes:
    """Return the content of a file that `files_of` listed."""
    body = github.get(f"{repository.path}/git/blobs{path_of(entry.sha)}")
    return base64.b64decode(body["content"]) if body["encoding"] == "base64" else str(body["content"]).encode()


def ensure_branch(github: GitHub, repository: Repository, branch: str, sha: str) -> str:
    """Create a branch at a commit unless it is there; return the commit at its head."""
    present = head(github, repository, branch)
    if present is not None:
        return present
    try:
        github.post(f"{repository.path}/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha}, repeatable=True)
    except ValidationError as error:
        if not error.says("reference already exists"):
            raise
        return head(github, repository, branch) or sha
    return sha


def delete_branch(github: GitHub, repository: Repository, branch: str) -> bool:
    """Delete a branch; False where it was gone."""
    try:
        return github.delete(f"{repository.path}/git/refs/heads/{_quoted(branch)}")
    except ValidationError as error:
        if error.says("reference does not exist"):
            return False
        raise


def commit_files(
    github: GitHub,
    repository: Repository,
    branch: str,
    files: Mapping[str, File],
    message: str,
    *,
    remove: Collection[str] = (),
    remove_others: bool = False,
) -> Commit:
    """Bring a branch to hold `files`, in one commit, or in none where it does already. Needs PUBLISH.

    Other files stay, except those of `remove`, or all with `remove_others`. Raises NotFoundError where the branch is
    not there (a new repository needs its first commit: create it with one), ConflictError where others kept moving the
    branch.
    """
    for _ in range(ROUNDS):
        parent = head(github, repository, branch)
        if parent is None:
            raise NotFoundError(
                f"GET {repository.path}", 404, f"no branch {branch}; create the repository with a commit"
            )
        present = files_of(github, repository, parent)
        wanted = {path: Entry(sha=file.sha, mode=file.mode) for path, file in files.items()}
        changed = {path for path, entry in wanted.items() if present.get(path) != entry}
        removed = (set(present) if remove_others else set(remove) & set(present)) - set(wanted)
        if not changed and not removed:
            return Commit(sha=parent, created=False)
        commit = _commit(github, repository, parent, {path: files[path] for path in changed}, removed, message)
        if _move(github, repository, branch, commit):
            return Commit(sha=commit, created=True)
    raise ConflictError(f"PATCH {_ref(repository, branch)}", 422, f"the branch moved {ROUNDS} times meanwhile")


def _commit(
    github: GitHub, repository: Repository, parent: str, changed: Mapping[str, File], removed: set[str], message: str
) -> str:
    """Store trees and a commit. All are named by their content, so a repeated call stores nothing twice."""
    git = f"{repository.path}/git"
    tree = str(github.get(f"{git}/commits{path_of(parent)}")["tree"]["sha"])
    entries = [_entry(github, git, path, file) for path, file in sorted(changed.items())]
    entries += [{"path": path, "mode": FILE_MODE, "type": "blob", "sha": None} for path in sorted(removed)]
    for part in _parts(entries):
        tree = str(github.post(f"{git}/trees", {"base_tree": tree, "tree": part}, repeatable=True)["sha"])
    body = {"message": message, "tree": tree, "parents": [parent]}
    return str(github.post(f"{git}/commits", body, repeatable=True)["sha"])


def _entry(github: GitHub, git: str, path: str, file: File) -> dict[str, Any]:
    """Return the entry of a file: text within the tree, because GitHub admits 80 calls that create content a minute."""
    entry: dict[str, Any] = {"path": path, "mode": file.mode, "type": "blob"}
    try:
        text = file.content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text and len(file.content) <= INLINE_BYTES:
        return {**entry, "content": text}
    content = base64.b64encode(file.content).decode()
    blob = github.post(f"{git}/blobs", {"content": content, "encoding": "base64"}, repeatable=True)
    return {**entry, "sha": blob["sha"]}


def _parts(entries: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries in parts, each of which a single call can carry."""
    part: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        size += len(entry.get("content", "").encode())
        if part and size > CALL_BYTES:
            yield part
            part, size = [], len(entry.get("content", "").encode())
        part.append(entry)
    yield part


def _move(github: GitHub, repository: Repository, branch: str, commit: str) -> bool:
    """Move the branch forward; False where it moved meanwhile."""
    try:
        github.patch(f"{repository.path}/git/refs/heads/{_quoted(branch)}", {"sha": commit, "force": False})
    except ValidationError as error:
        if not error.says("fast forward", "fast-forward"):
            raise
        # A try whose answer was lost, after which somebody moved on, ends here too: the next round finds no change.
        return False
    return True


def _ref(repository: Repository, branch: str) -> str:
    return f"{repository.path}/git/ref/heads/{_quoted(branch)}"


def _quoted(branch: str) -> str:
    # A branch's name may hold slashes, which stay slashes in this route.
    return path_of(*branch.split("/")).removeprefix("/")
