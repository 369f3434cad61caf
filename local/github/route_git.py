"""Routes of the Git data API, and of file contents."""

import base64
import binascii
from typing import Any

from local.github import objects
from local.github.answers import Record, RefusedError, Reply, invalid, not_accessible, not_found
from local.github.routing import Call, route

_GIT = "/repos/<owner>/<repo>/git"
_READ, _WRITE = {"contents": "read"}, {"contents": "write"}


def _check_filled(call: Call) -> None:
    """409 for an empty repository (docs: "Get a reference"), and 404 while a generated one is still being filled."""
    if not call.repository["refs"]:
        raise RefusedError(409, "Git Repository is empty.")
    if call.repository["hidden_content_reads"] and call.method == "GET":
        call.repository["hidden_content_reads"] -= 1
        raise RefusedError(409, "Git Repository is empty.")


def _reference(name: str, sha: str) -> Record:
    return {"ref": name, "node_id": f"REF_{sha[:8]}", "object": {"type": "commit", "sha": sha}}


@route("GET", f"{_GIT}/ref/<path:ref>", _READ)
def get_reference(call: Call) -> Reply:
    """200 with ref and object, 404, 409 (docs: "Get a reference")."""
    _check_filled(call)
    name = f"refs/{call['ref']}"
    if name not in call.repository["refs"]:
        raise not_found()
    return Reply(body=_reference(name, call.repository["refs"][name]))


@route("POST", f"{_GIT}/refs", _WRITE)
def create_reference(call: Call) -> Reply:
    """201, or 422 where it is there or the object is not (docs: "Create a reference")."""
    _check_filled(call)
    name, sha = call.field("ref", str), call.field("sha", str)
    if name in call.repository["refs"]:
        raise invalid("Reference already exists")
    if not name.startswith("refs/") or name.count("/") < 2:
        raise invalid("Reference name must start with 'refs' and contain at least two slashes.")
    if call.store.objects.get(sha, {}).get("type") != "commit":
        raise invalid("Object does not exist")
    _check_rules(call, name, creation=True)
    call.repository["refs"][name] = sha
    return Reply(status=201, body=_reference(name, sha))


@route("PATCH", f"{_GIT}/refs/<path:ref>", _WRITE)
def update_reference(call: Call) -> Reply:
    """200, or 422 where it is no fast forward or a ruleset forbids it (docs: "Update a reference")."""
    name, sha = f"refs/{call['ref']}", call.field("sha", str)
    if name not in call.repository["refs"]:
        raise invalid("Reference does not exist")
    if call.store.objects.get(sha, {}).get("type") != "commit":
        raise invalid("Object does not exist")
    if not call.body.get("force") and not objects.contains(call.store.objects, sha, call.repository["refs"][name]):
        raise invalid("Update is not a fast forward")
    _check_rules(call, name, creation=False)
    call.repository["refs"][name] = sha
    return Reply(body=_reference(name, sha))


@route("DELETE", f"{_GIT}/refs/<path:ref>", _WRITE)
def delete_reference(call: Call) -> Reply:
    """204, or 422 where it is not there (docs: "Delete a reference")."""
    if call.repository["refs"].pop(f"refs/{call['ref']}", None) is None:
        raise invalid("Reference does not exist")
    return Reply(status=204)


def _check_rules(call: Call, ref: str, *, creation: bool) -> None:
    """Refuse a push that a ruleset forbids; the app passes where it is a bypass actor."""
    default = ref == f"refs/heads/{call.repository['default_branch']}"
    for ruleset in call.repository["rulesets"]:
        included = ruleset.get("conditions", {}).get("ref_name", {}).get("include", [])
        applies = ref in included or ("~DEFAULT_BRANCH" in included and default) or "~ALL" in included
        bypass = any(
            actor.get("actor_type") == "Integration" and actor.get("actor_id") == call.keys.app_id
            for actor in ruleset.get("bypass_actors", [])
        )
        if ruleset.get("enforcement") != "active" or not applies or bypass or creation:
            continue
        if any(rule["type"] == "pull_request" for rule in ruleset.get("rules", [])):
            raise invalid("Repository rule violations found\n\nChanges must be made through a pull request.")


@route("POST", f"{_GIT}/blobs", _WRITE)
def create_blob(call: Call) -> Reply:
    """201 with sha and url; 409 for an empty repository (docs: "Create a blob")."""
    _check_filled(call)
    text = call.field("content", str)
    try:
        content = base64.b64decode(text, validate=True) if call.body.get("encoding") == "base64" else text.encode()
    except binascii.Error:
        raise invalid("content is not valid Base64") from None
    sha = objects.write_blob(call.store.objects, content)
    return Reply(status=201, body={"sha": sha, "url": f"{call.url}/{sha}"})


@route("GET", f"{_GIT}/blobs/<sha>", _READ)
def get_blob(call: Call) -> Reply:
    """200 with content, encoding, size (docs: "Get a blob")."""
    record = call.store.objects.get(call["sha"])
    if record is None or record["type"] != "blob":
        raise not_found()
    size = len(objects.read_blob(call.store.objects, call["sha"]))
    return Reply(body={"sha": call["sha"], "content": record["content"], "encoding": "base64", "size": size})


@route("POST", f"{_GIT}/trees", _WRITE)
def create_tree(call: Call) -> Reply:
    """201 with sha and tree (docs: "Create a tree"); 403 for workflow files without the permission `workflows`."""
    _check_filled(call)
    base = call.body.get("base_tree") if isinstance(call.body, dict) else None
    if base is not None and call.store.objects.get(base, {}).get("type") != "tree":
        raise invalid("base_tree is not a valid tree oid")
    files = objects.files_of_tree(call.store.objects, base) if base else {}
    for entry in call.field("tree", list):
        _apply(call, files, entry)
    sha = objects.write_tree(call.store.objects, files)
    return Reply(
        status=201, body={"sha": sha, "url": f"{call.url}/{sha}", "tree": _entries(call, sha), "truncated": False}
    )


def _apply(call: Call, files: dict[str, tuple[str, str]], entry: dict[str, Any]) -> None:
    path, mode = entry["path"], entry.get("mode", "")
    if path.startswith(".github/workflows/") and not (call.token and call.token.allows("workflows", "write")):
        raise not_accessible()
    if "sha" in entry and entry["sha"] is None:
        if files.pop(path, None) is None:
            raise invalid("GitRPC::BadObjectState")
        return
    if "content" in entry:
        sha = objects.write_blob(call.store.objects, entry["content"].encode())
    else:
        sha = entry.get("sha", "")
    if call.store.objects.get(sha, {}).get("type") != "blob" or mode not in ("100644", "100755"):
        raise invalid(f"tree.sha {sha} is not a valid blob, or tree.mode {mode} not one of a file")
    files[path] = (mode, sha)


def _entries(call: Call, tree: str) -> list[Record]:
    """Return files and folders, as a recursive listing has them."""
    found: list[Record] = [
        {"path": path, "mode": mode, "type": "blob", "sha": sha}
        for path, (mode, sha) in objects.files_of_tree(call.store.objects, tree).items()
    ]
    found += [
        {"path": path, "mode": "040000", "type": "tree", "sha": sha}
        for path, sha in objects.folders_of_tree(call.store.objects, tree).items()
    ]
    return sorted(found, key=lambda entry: str(entry["path"]))


@route("GET", f"{_GIT}/trees/<path:sha>", _READ)
def get_tree(call: Call) -> Reply:
    """200 with sha, tree, truncated; a branch's name is taken too (docs: "Get a tree")."""
    _check_filled(call)
    sha = call["sha"]
    if call.store.objects.get(sha, {}).get("type") != "tree":
        sha = str(call.store.objects[call.store.commit(call.repository, sha)]["tree"])
    entries = _entries(call, sha)
    if "recursive" not in call.query:
        entries = [entry for entry in entries if "/" not in entry["path"]]
    return Reply(body={"sha": sha, "tree": entries, "truncated": False})


@route("POST", f"{_GIT}/commits", _WRITE)
def create_commit(call: Call) -> Reply:
    """201 with sha, tree, parents (docs: "Create a commit")."""
    _check_filled(call)
    tree, parents = call.field("tree", str), (call.body or {}).get("parents", [])
    kinds = [call.store.objects.get(sha, {}).get("type") for sha in (tree, *parents)]
    if kinds != ["tree"] + ["commit"] * len(parents):
        raise invalid("Tree SHA does not exist, or a parent is no commit")
    sha = objects.write_commit(
        call.store.objects,
        tree=tree,
        parents=list(parents),
        message=call.field("message", str),
        seconds=int(call.store.clock()),
        author=f"mlops[bot] <{call.keys.app_id}+mlops[bot]@users.noreply.github.com>",
    )
    return Reply(status=201, body=_commit(call, sha))


@route("GET", f"{_GIT}/commits/<sha>", _READ)
def get_commit(call: Call) -> Reply:
    """200 or 404 (docs: "Get a commit object")."""
    if call.store.objects.get(call["sha"], {}).get("type") != "commit":
        raise not_found()
    return Reply(body=_commit(call, call["sha"]))


def _commit(call: Call, sha: str) -> Record:
    record = call.store.objects[sha]
    return {
        "sha": sha,
        "message": record["message"],
        "tree": {"sha": record["tree"]},
        "parents": [{"sha": parent} for parent in record["parents"]],
        "author": {"name": record["author"]},
    }


@route("GET", "/repos/<owner>/<repo>/contents/<path:path>", _READ)
def get_contents(call: Call) -> Reply:
    """200 with content in Base64 and sha, or 404 (docs: "Get repository content"); files only."""
    _check_filled(call)
    files = call.store.files(call.repository, call.query.get("ref", call.repository["default_branch"]))
    if call["path"] not in files:
        raise not_found()
    sha = files[call["path"]][1]
    content = call.store.objects[sha]["content"]
    return Reply(body={"type": "file", "path": call["path"], "sha": sha, "encoding": "base64", "content": content})
