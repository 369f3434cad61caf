"""Routes of repositories: get, generate, change, delete, branches."""

from local.github import objects
from local.github.answers import Record, RefusedError, Reply, invalid, not_accessible, taken
from local.github.routing import Call, route
from local.github.store import Store


def shown(store: Store, repository: Record) -> Record:
    """Return a repository as GitHub shows it (docs: "Get a repository", required fields that the platform reads)."""
    template = store.repositories.get(str(repository["template_id"]))
    name = repository["name"]
    return {
        "id": repository["id"],
        "node_id": repository["node_id"],
        "name": name,
        "full_name": f"{store.organization}/{name}",
        "owner": {"login": store.organization, "id": store.organization_id, "type": "Organization"},
        "private": repository["private"],
        "visibility": "private" if repository["private"] else "public",
        "description": repository["description"] or None,
        "html_url": f"https://github.com/{store.organization}/{name}",
        "url": f"https://api.github.com/repos/{store.organization}/{name}",
        "default_branch": repository["default_branch"],
        "archived": repository["archived"],
        "is_template": repository["is_template"],
        "created_at": repository["created_at"],
        "template_repository": template and {"id": template["id"], "name": template["name"]},
    }


@route("GET", "/repos/<owner>/<repo>", {"metadata": "read"})
def get_repository(call: Call) -> Reply:
    """200 (docs: "Get a repository")."""
    return Reply(body=shown(call.store, call.repository))


@route("POST", "/repos/<owner>/<repo>/generate", {"administration": "write"})
def generate(call: Call) -> Reply:
    """201 (docs: "Create a repository using a template"); 422 where the name is taken or it is no template.

    Only files are copied, in one new commit: no settings, variables, environments or rulesets.
    """
    template, name = call.repository, call.field("name", str)
    if call.token is not None and call.token.repository_ids is not None:
        raise not_accessible()  # no token can cover a repository that does not exist yet
    if not template["is_template"]:
        raise invalid("Unprocessable Entity", "Could not clone: Repository is not a template")
    if call.store.by_name(name):
        raise invalid("Unprocessable Entity", "Could not clone: Name already exists on this account")
    made = call.store.add_repository(
        name,
        private=bool(call.body.get("private", False)),
        description=call.body.get("description") or "",
        template_id=template["id"],
        default_branch=template["default_branch"],
    )
    files = call.store.files(template, template["default_branch"])
    call.store.add_commit(made, made["default_branch"], files, "Initial commit")
    return Reply(status=201, body=shown(call.store, made))


@route("PATCH", "/repos/<owner>/<repo>", {"administration": "write"})
def update(call: Call) -> Reply:
    """200 (docs: "Update a repository"); 403 for an archived one, except to take it out of the archive."""
    repository, body = call.repository, call.body or {}
    if repository["archived"] and body.get("archived") is not False:
        raise RefusedError(403, "Repository was archived so is read-only.")
    for name in ("archived", "is_template", "private", "description", "default_branch"):
        if name in body:
            repository[name] = body[name]
    if body.get("name", repository["name"]) != repository["name"]:
        if call.store.by_name(body["name"]):
            raise taken()
        repository["name"] = body["name"]
    return Reply(body=shown(call.store, repository))


@route("DELETE", "/repos/<owner>/<repo>", {"administration": "write"})
def delete(call: Call) -> Reply:
    """204 (docs: "Delete a repository")."""
    del call.store.repositories[str(call.repository["id"])]
    return Reply(status=204)


@route("GET", "/repos/<owner>/<repo>/branches", {"contents": "read"})
def list_branches(call: Call) -> Reply:
    """200 with name and commit of each; empty for an empty repository (docs: "List branches")."""
    refs = call.repository["refs"]
    names = sorted(ref for ref in refs if ref.startswith("refs/heads/"))
    return call.page([{"name": ref.removeprefix("refs/heads/"), "commit": {"sha": refs[ref]}} for ref in names])


@route("GET", "/repos/<owner>/<repo>/commits", {"contents": "read"})
def list_commits(call: Call) -> Reply:
    """200 with sha, commit and author, newest first; 409 for an empty repository (docs: "List commits")."""
    if not call.repository["refs"]:
        raise RefusedError(409, "Git Repository is empty.")
    start = call.store.commit(call.repository, call.query.get("sha", call.repository["default_branch"]))
    found = []
    for sha in objects.history(call.store.objects, start):
        record = call.store.objects[sha]
        found.append({"sha": sha, "commit": {"message": record["message"], "author": {"name": record["author"]}}})
    return call.page(found)
