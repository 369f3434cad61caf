"""Routes of the app, of people and of teams."""

from datetime import UTC, datetime

from contracts.github import REPOSITORIES_PER_TOKEN, TEAM_PERMISSIONS, app_permissions
from local.github.answers import Reply, invalid, not_accessible, not_found, taken
from local.github.objects import write_blob
from local.github.route_repositories import shown
from local.github.routing import APP, Call, check_seen, route

NO_SUCH_REPOSITORY = (
    "There is at least one repository that does not exist or is not accessible to the parent installation."
)
INSTALLATION = 4242
"""Id of the one installation."""


@route("POST", "/app/installations/<int:installation>/access_tokens", APP)
def create_token(call: Call) -> Reply:
    """201 with token, expires_at, permissions, repository_selection (docs: "Create an installation access token")."""
    if int(call["installation"]) != INSTALLATION:
        raise not_found()
    body = call.body or {}
    ids = body.get("repository_ids")
    if ids is not None:
        hidden = [number for number in ids if _hidden(call, number)]
        if hidden or not ids or len(ids) > REPOSITORIES_PER_TOKEN:
            raise invalid(NO_SUCH_REPOSITORY)
    granted = app_permissions()
    asked = body.get("permissions") or granted
    order = ("read", "write")
    for name, access in asked.items():
        if name in granted and order.index(access) > order.index(granted[name]):
            raise invalid("The permissions requested are not granted to this installation.")
    # GitHub drops what it does not know, and adds metadata.
    permissions = {name: access for name, access in asked.items() if name in granted} | {"metadata": "read"}
    now = call.store.clock()
    text, token = call.keys.issue(permissions, None if ids is None else frozenset(ids), now)
    expires = datetime.fromtimestamp(token.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    selection = "all" if ids is None else "selected"
    answer = {"token": text, "expires_at": expires, "permissions": permissions, "repository_selection": selection}
    if ids is not None:
        answer["repositories"] = [shown(call.store, call.store.repositories[str(number)]) for number in ids]
    return Reply(status=201, body=answer)


def _hidden(call: Call, number: int) -> bool:
    repository = call.store.repositories.get(str(number))
    if repository is not None and repository["hidden_reads"]:
        repository["hidden_reads"] -= 1
        return True
    return repository is None


@route("DELETE", "/installation/token", {})
def revoke_token(call: Call) -> Reply:
    """204 (docs: "Revoke an installation access token"): the token that asks ends, whatever it may do."""
    call.keys.revoke(call.authorization)
    return Reply(status=204)


@route("GET", "/users/<login>", {})
def get_user(call: Call) -> Reply:
    """200 with login, id, type; 404 (docs: "Get a user")."""
    found = next((name for name in call.store.users if name.lower() == call["login"].lower()), None)
    if found is None:
        raise not_found()
    return Reply(body=_user(found, call.store.users[found]))


@route("GET", "/user/<int:account>", {})
def get_user_by_id(call: Call) -> Reply:
    """200 or 404 (docs: "Get a user using their ID")."""
    for login, number in call.store.users.items():
        if number == int(call["account"]):
            return Reply(body=_user(login, number))
    raise not_found()


def _user(login: str, number: int) -> dict[str, object]:
    return {
        "login": login,
        "id": number,
        "node_id": f"U_{number}",
        "type": "User",
        "html_url": f"https://github.com/{login}",
    }


@route("GET", "/orgs/<org>/members/<login>", {"members": "read"})
def get_member(call: Call) -> Reply:
    """204 for a member; 404 (docs: "Check organization membership for a user", asked by who may see all members)."""
    members = {login.lower() for login in call.store.users if login not in call.store.outsiders}
    if call["org"].lower() != call.store.organization.lower() or call["login"].lower() not in members:
        raise not_found()
    return Reply(status=204)


@route("GET", "/orgs/<org>/teams/<slug>", {"members": "read"})
def get_team(call: Call) -> Reply:
    """200 with id and slug; 404 (docs: "Get a team by name")."""
    _check_team(call)
    return Reply(body={"id": call.store.teams[call["slug"]], "slug": call["slug"], "name": call["slug"]})


@route("PUT", "/orgs/<org>/teams/<slug>/repos/<owner>/<repo>", {"administration": "write", "members": "read"})
def put_team_repository(call: Call) -> Reply:
    """204 (docs: "Add or update team repository permissions")."""
    _check_team(call)
    permission = (call.body or {}).get("permission", "push")
    if permission not in TEAM_PERMISSIONS:
        raise invalid("Validation Failed", f"permission {permission} is unknown")
    call.repository["teams"][call["slug"]] = permission
    return Reply(status=204)


def _check_team(call: Call) -> None:
    if call["org"].lower() != call.store.organization.lower() or call["slug"] not in call.store.teams:
        raise not_found()


@route("GET", "/repos/<owner>/<repo>/teams", {"administration": "read"})
def list_teams(call: Call) -> Reply:
    """200 with slug and permission of each (docs: "List repository teams")."""
    teams = call.repository["teams"]
    return call.page([{"id": call.store.teams[s], "slug": s, "permission": teams[s]} for s in sorted(teams)])


@route("PUT", "/repos/<owner>/<repo>/collaborators/<login>", {"administration": "write"})
def put_collaborator(call: Call) -> Reply:
    """204 where the person is a member of the organisation or there already (docs: "Add a repository collaborator")."""
    if call["login"] not in call.store.users:
        raise not_found()
    call.repository["collaborators"][call["login"]] = (call.body or {}).get("permission", "push")
    return Reply(status=204)


@route("GET", "/repositories/<int:number>", {"metadata": "read"})
def get_by_id(call: Call) -> Reply:
    """200 or 404: the address that GitHub redirects to after a rename."""
    found = call.store.repositories.get(call["number"])
    if found is None or call.token is None:
        raise not_found()
    check_seen(call, call.token, found)
    return Reply(body=shown(call.store, found))


@route("POST", "/orgs/<org>/repos", {"administration": "write"})
def create_repository(call: Call) -> Reply:
    """201, or 422 where the name is taken (docs: "Create an organization repository")."""
    name = call.field("name", str)
    if call["org"].lower() != call.store.organization.lower():
        raise not_found()
    if call.token is not None and call.token.repository_ids is not None:
        raise not_accessible()  # as with `generate`: no token can cover a repository that does not exist yet
    if call.store.by_name(name):
        raise taken()
    private = bool(call.body.get("private", False))
    made = call.store.add_repository(name, private=private, description=call.body.get("description") or "")
    if call.body.get("auto_init"):
        blob = write_blob(call.store.objects, f"# {name}\n".encode())
        call.store.add_commit(made, "main", {"README.md": ("100644", blob)}, "Initial commit")
    return Reply(status=201, body=shown(call.store, made))
