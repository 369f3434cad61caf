"""The project's git checkout: one file committed in a person's name, branches looked up, worktrees made and removed.

Nothing in the checkout gets to run a program of its own: hooks and the file-system monitor are off, no editor, pager or
prompt is started, and git gets an environment without the portal's credentials. Commits are not signed: the portal has
no person's key. Every argument that somebody chose is checked, and stands behind `--` or `--end-of-options`.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60.0
"""For one git command; a checkout of a large branch takes a while."""
GRACE_SECONDS = 5.0
"""For git to take its locks away before it is killed."""
REMOTE = "origin"
BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
"""A part of what git admits (git check-ref-format): no branch begins with a hyphen, and none needs quotes."""
OFF = (
    *("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false"),
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.pager=cat", "-c", "core.quotePath=false"),
)
PASSED = ("PATH", "HOME", "TMPDIR", "XDG_CONFIG_HOME", "SSL_CERT_FILE")


class GitError(Exception):
    """A git command failed. The text holds git's own words."""


class NoBranchError(GitError):
    """There is no such branch, or nothing that git would call one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """A branch of the checkout: its own, or the remote's as it was last fetched."""

    name: str
    commit: str
    changed: str
    """When its newest commit was made, RFC 3339."""


class GitCheckout:
    """A folder in a git checkout. `portal` is who commits; `PATH` and `HOME` come from `environment`."""

    def __init__(self, folder: Path, *, portal: Person, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._portal = portal
        own = os.environ if environment is None else environment
        self._environment = {name: own[name] for name in PASSED if name in own} | {
            "LC_ALL": "C",  # its words are looked at
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_EDITOR": "false",
            "GIT_LITERAL_PATHSPECS": "1",
        }

    def is_checkout(self) -> bool:
        """Whether the folder belongs to a git checkout. Raises GitError where it does, and git cannot work with it."""
        looks_so = any((folder / ".git").exists() for folder in (self.folder, *self.folder.resolve().parents))
        if not looks_so:
            return False
        return self._git("rev-parse", "--is-inside-work-tree").strip() == "true"

    def branch(self) -> str | None:
        """Return the branch that is checked out; None where HEAD is at none."""
        code, out, _ = self._run(["symbolic-ref", "--quiet", "--short", "HEAD"])
        return out.strip() if code == 0 else None

    def keeps(self, file: str) -> bool:
        """Whether git has the file or would add it; False for an ignored one."""
        ignored = self._git("ls-files", "--others", "--ignored", "--exclude-standard", "--", file)
        return self._is_tracked(file) or not ignored.strip()

    def commit_file(self, file: str, message: str, author: Person) -> str:
        """Commit one file as it is, and nothing else that is staged; return the commit. Raises GitError."""
        if self.has_committed(file):  # somebody was faster with the very same
            return self.head()
        added = not self._is_tracked(file)
        if added:
            self._git("add", "--intent-to-add", "--", file)
        try:
            self._git(
                *("commit", "--quiet", "--no-verify", "--cleanup=whitespace", "--file=-", "--only", "--", file),
                text=message,
                environment=self._names(author),
            )
        except GitError:
            if added:
                self._run(["reset", "--quiet", "--", file])
            raise
        return self.head()

    def has_committed(self, file: str) -> bool:
        """Whether the newest commit has the file as it is: what counts after a command that gave no answer."""
        return self._is_tracked(file) and self._run(["diff", "--quiet", "--no-ext-diff", "HEAD", "--", file])[0] == 0

    def head(self) -> str:
        """Return the commit that is checked out. Raises GitError."""
        return self._git("rev-parse", "--verify", "HEAD").strip()

    def is_whole(self) -> bool:
        """Whether the folder is the top of its checkout, so that a worktree of a commit is what the folder is."""
        return self.is_checkout() and not self._git("rev-parse", "--show-prefix").strip()

    def read(self, commit: str, file: str) -> str:
        """Return the text of a file in a commit. Raises GitError where it has none."""
        return self._git("show", "--no-textconv", f"{commit}:./{file}")

    def branches(self) -> tuple[Branch, ...]:
        """Return the branches, those of the remote too, with the newest commit first; each name once."""
        out = self._git(
            *("for-each-ref", "--sort=-committerdate"),
            "--format=%(refname)%09%(objectname)%09%(committerdate:iso-strict)",
            *("--", "refs/heads/", f"refs/remotes/{REMOTE}/"),
        )
        found: dict[str, tuple[bool, Branch]] = {}
        for line in out.splitlines():
            ref, commit, changed = line.split("\t")
            local = ref.startswith("refs/heads/")
            name = ref.removeprefix("refs/heads/").removeprefix(f"refs/remotes/{REMOTE}/")
            if name != "HEAD" and (name not in found or local):
                found[name] = (local, Branch(name=name, commit=commit, changed=changed))
        return tuple(branch for _, branch in found.values())

    def commit_of(self, branch: str) -> str:
        """Return the commit of a branch: the checkout's own, else the remote's. Raises NoBranchError, GitError."""
        name = checked_branch(branch)
        found = next((each for each in self.branches() if each.name == name), None)
        if found is None:
            raise NoBranchError(
                f"branch {name!r}: the portal's checkout has no such branch, nor has {REMOTE} as it was last fetched. "
                "Push it, and fetch it there."
            )
        return found.commit

    def add_worktree(self, folder: Path, commit: str) -> None:
        """Check a commit out into a new folder, at no branch. Raises GitError."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._git("worktree", "add", "--quiet", "--detach", "--", str(folder.resolve()), commit)

    def remove_worktree(self, folder: Path) -> None:
        """Forget a worktree and delete its folder, whatever is in it; nothing happens where there is none."""
        if folder.exists():
            code, _, error = self._run(["worktree", "remove", "--force", "--force", "--", str(folder.resolve())])
            if code != 0 and folder.exists() and "is not a working tree" not in error:
                raise GitError(f"git worktree remove: {error.strip()}")
        self._git("worktree", "prune")

    def _is_tracked(self, file: str) -> bool:
        return self._run(["ls-files", "--error-unmatch", "--", file])[0] == 0

    def _names(self, author: Person) -> dict[str, str]:
        return {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_COMMITTER_NAME": self._portal.name,
            "GIT_COMMITTER_EMAIL": self._portal.email,
        }

    def _git(self, *arguments: str, text: str = "", environment: Mapping[str, str] | None = None) -> str:
        code, out, error = self._run(arguments, text=text, environment=environment)
        if code != 0:
            raise GitError(f"git {arguments[0]}: {(error or out).strip() or f'exit code {code}'}")
        return out

    def _run(
        self, arguments: Sequence[str], *, text: str = "", environment: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        command = ["git", "-C", str(self.folder), *OFF, *arguments]
        try:
            with subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="surrogateescape",
                env={**self._environment, **(environment or {})},
            ) as process:
                return self._answer(process, text, arguments[0])
        except FileNotFoundError as error:
            raise GitError(f"git {arguments[0]}: git or the folder is not there: {error}") from error

    @staticmethod
    def _answer(process: "subprocess.Popen[str]", text: str, verb: str) -> tuple[int, str, str]:
        try:
            out, error = process.communicate(text, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()  # it then takes its lock files away, which a kill would leave
            try:
                process.communicate(timeout=GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            raise GitError(f"git {verb}: no end after {SECONDS:g} s; it was stopped") from None
        return process.returncode, out, error


def checked_branch(branch: str) -> str:
    """Return `branch`, or raise NoBranchError where it has characters that no branch here needs."""
    parts = branch.split("/")
    if (
        not BRANCH.fullmatch(branch)
        or ".." in branch
        or any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    ):
        raise NoBranchError(
            f"branch {branch[:60]!r}: a branch has up to 200 letters, digits and ._/+-, begins with a letter or digit, "
            "and has neither .. nor // in it. Rename it: git branch -m"
        )
    return branch
