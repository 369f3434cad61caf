"""Git objects with git's own hashes: blobs, trees and commits, kept as JSON."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

Objects = dict[str, dict[str, Any]]
Files = Mapping[str, tuple[str, str]]
"""Mode and blob of each path."""
TREE_MODE = "40000"
PERSON = "GitHub <noreply@github.com>"


def _store(objects: Objects, kind: str, content: bytes, record: dict[str, Any]) -> str:
    sha = hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()
    objects.setdefault(sha, {"type": kind, **record})
    return sha


def write_blob(objects: Objects, content: bytes) -> str:
    """Store a file's content and return its hash."""
    return _store(objects, "blob", content, {"content": base64.b64encode(content).decode()})


def read_blob(objects: Objects, sha: str) -> bytes:
    """Return a file's content."""
    return base64.b64decode(objects[sha]["content"])


def write_tree(objects: Objects, files: Files) -> str:
    """Store the trees of `files`, one per folder, and return the hash of the top one."""
    folders: dict[str, dict[str, tuple[str, str]]] = {}
    entries: list[tuple[str, str, str]] = []
    for path, (mode, sha) in files.items():
        first, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(first, {})[rest] = (mode, sha)
        else:
            entries.append((path, mode, sha))
    entries += [(folder, TREE_MODE, write_tree(objects, inner)) for folder, inner in folders.items()]
    # Git sorts a folder as if its name ended in a slash.
    entries.sort(key=lambda entry: entry[0] + ("/" if entry[1] == TREE_MODE else ""))
    content = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for name, mode, sha in entries)
    return _store(objects, "tree", content, {"entries": [list(entry) for entry in entries]})


def files_of_tree(objects: Objects, tree: str, prefix: str = "") -> dict[str, tuple[str, str]]:
    """Return every file of a tree."""
    found: dict[str, tuple[str, str]] = {}
    for name, mode, sha in objects[tree]["entries"]:
        if mode == TREE_MODE:
            found |= files_of_tree(objects, sha, f"{prefix}{name}/")
        else:
            found[prefix + name] = (mode, sha)
    return found


def folders_of_tree(objects: Objects, tree: str, prefix: str = "") -> dict[str, str]:
    """Return every folder of a tree, by its path."""
    found: dict[str, str] = {}
    for name, mode, sha in objects[tree]["entries"]:
        if mode == TREE_MODE:
            found[prefix + name] = sha
            found |= folders_of_tree(objects, sha, f"{prefix}{name}/")
    return found


def write_commit(
    objects: Objects, *, tree: str, parents: list[str], message: str, seconds: int, author: str = PERSON
) -> str:
    """Store a commit and return its hash."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {author} {seconds} +0000", f"committer {PERSON} {seconds} +0000", "", message]
    record = {"tree": tree, "parents": parents, "message": message, "author": author, "seconds": seconds}
    return _store(objects, "commit", "\n".join(lines).encode(), record)


def contains(objects: Objects, commit: str, ancestor: str) -> bool:
    """Whether `ancestor` is `commit` or comes before it."""
    waiting, seen = [commit], set()
    while waiting:
        sha = waiting.pop()
        if sha == ancestor:
            return True
        if sha not in seen:
            seen.add(sha)
            waiting += objects[sha]["parents"]
    return False


def history(objects: Objects, commit: str) -> list[str]:
    """Return a commit and its first parents, newest first."""
    found = [commit]
    while objects[found[-1]]["parents"]:
        found.append(objects[found[-1]]["parents"][0])
    return found
