"""Every route of the local GitHub answers as GitHub documents it, and asks of a token what GitHub asks.

Source of status codes and fields: GitHub docs, REST API (version 2022-11-28), the page that each handler names. Source
of the permissions: "Permissions required for GitHub Apps".
"""

import re
from typing import NamedTuple

import pytest

from contracts.github import app_permissions
from lambda_src.github_client.app import app_jwt
from lambda_src.github_client.transport import HttpTransport
from local.github import routing
from local.github.credentials import Token
from tests.github_world import DEPLOY, KEY, github_world

P, R = "/repos/<owner>/<repo>", "/repos/acme/one"
"""A repository in routes, and the one of the cases."""
RULESET = {"name": "new", "enforcement": "active", "target": "branch", "rules": []}
POLICY = {"protected_branches": False, "custom_branch_policies": True}


class Case(NamedTuple):
    """A request that succeeds: what documented status it has, and which fields its body must have."""

    route: str
    path: str
    body: object = None
    status: int = 200
    fields: str = ""
    inside: str = ""
    """The list whose first item has the fields; `[]` where the body is the list."""


REPOSITORY = "id node_id name full_name owner private html_url default_branch archived is_template created_at"
VARIABLE = "name value created_at updated_at"
RUN = "id name display_title head_branch head_sha event status conclusion html_url created_at"
CASES = [
    Case("DELETE /installation/token", "/installation/token", status=204),
    Case("GET /users/<login>", "/users/ada", fields="login id node_id type"),
    Case("GET /user/<int:account>", "/user/1001", fields="login id node_id type"),
    Case("GET /orgs/<org>/members/<login>", "/orgs/acme/members/ada", status=204),
    Case("GET /orgs/<org>/teams/<slug>", "/orgs/acme/teams/risk", fields="id slug name"),
    Case("PUT /orgs/<org>/teams/<slug>/repos/<owner>/<repo>", "/orgs/acme/teams/risk/repos/acme/one", {}, 204),
    Case("POST /orgs/<org>/repos", "/orgs/acme/repos", {"name": "made", "auto_init": True}, 201, REPOSITORY),
    Case("GET /repositories/<int:number>", "/repositories/{one}", fields=REPOSITORY),
    Case(f"GET {P}", R, fields=REPOSITORY),
    Case(f"PATCH {P}", R, {"description": "x"}, fields=REPOSITORY),
    Case(f"DELETE {P}", R, status=204),
    Case(f"POST {P}/generate", f"{R}/generate", {"name": "new", "private": True}, 201, REPOSITORY),
    Case(f"GET {P}/teams", f"{R}/teams", fields="id slug permission", inside="[]"),
    Case(f"PUT {P}/collaborators/<login>", f"{R}/collaborators/ada", {"permission": "push"}, 204),
    Case(f"GET {P}/branches", f"{R}/branches", fields="name commit", inside="[]"),
    Case(f"GET {P}/commits", f"{R}/commits", fields="sha commit", inside="[]"),
    Case(f"GET {P}/contents/<path:path>", f"{R}/contents/src/a.py", fields="type path sha encoding content"),
    Case(f"GET {P}/git/ref/<path:ref>", f"{R}/git/ref/heads/main", fields="ref node_id object"),
    Case(f"POST {P}/git/refs", f"{R}/git/refs", {"ref": "refs/heads/n", "sha": "{commit}"}, 201, "ref object"),
    Case(f"PATCH {P}/git/refs/<path:ref>", f"{R}/git/refs/heads/main", {"sha": "{commit}"}, 200, "ref object"),
    Case(f"DELETE {P}/git/refs/<path:ref>", f"{R}/git/refs/heads/feature", status=204),
    Case(f"POST {P}/git/blobs", f"{R}/git/blobs", {"content": "eA==", "encoding": "base64"}, 201, "sha url"),
    Case(f"GET {P}/git/blobs/<sha>", f"{R}/git/blobs/{{blob}}", fields="sha content encoding size"),
    Case(f"POST {P}/git/trees", f"{R}/git/trees", {"base_tree": "{tree}", "tree": [
        {"path": "b", "mode": "100644", "type": "blob", "content": "b"}]}, 201, "sha url tree truncated"),
    Case(f"GET {P}/git/trees/<path:sha>", f"{R}/git/trees/main", fields="path mode type sha", inside="tree"),
    Case(f"POST {P}/git/commits", f"{R}/git/commits",
         {"message": "x", "tree": "{tree}", "parents": ["{commit}"]}, 201, "sha message tree parents author"),
    Case(f"GET {P}/git/commits/<sha>", f"{R}/git/commits/{{commit}}", fields="sha message tree parents"),
    Case(f"GET {P}/actions/variables", f"{R}/actions/variables", fields=VARIABLE, inside="variables"),
    Case(f"POST {P}/actions/variables", f"{R}/actions/variables", {"name": "NEW", "value": "1"}, 201),
    Case(f"GET {P}/actions/variables/<name>", f"{R}/actions/variables/OLD", fields=VARIABLE),
    Case(f"PATCH {P}/actions/variables/<name>", f"{R}/actions/variables/OLD", {"value": "2"}, 204),
    Case(f"DELETE {P}/actions/variables/<name>", f"{R}/actions/variables/OLD", status=204),
    Case(f"GET {P}/environments/<environment>/variables", f"{R}/environments/prod/variables",
         fields=VARIABLE, inside="variables"),
    Case(f"POST {P}/environments/<environment>/variables", f"{R}/environments/prod/variables",
         {"name": "NEW", "value": "1"}, 201),
    Case(f"GET {P}/environments/<environment>/variables/<name>", f"{R}/environments/prod/variables/OLD",
         fields=VARIABLE),
    Case(f"PATCH {P}/environments/<environment>/variables/<name>",
         f"{R}/environments/prod/variables/OLD", {"value": "2"}, 204),
    Case(f"DELETE {P}/environments/<environment>/variables/<name>",
         f"{R}/environments/prod/variables/OLD", status=204),
    Case(f"POST {P}/actions/workflows/<workflow>/dispatches", f"{R}/actions/workflows/deploy.yml/dispatches",
         {"ref": "main", "inputs": {"version_arn": "v"}}, 204),
    Case(f"GET {P}/actions/workflows/<workflow>/runs", f"{R}/actions/workflows/deploy.yml/runs",
         fields=RUN, inside="workflow_runs"),
    Case(f"GET {P}/actions/runs", f"{R}/actions/runs", fields=RUN, inside="workflow_runs"),
    Case(f"GET {P}/actions/workflows", f"{R}/actions/workflows", fields="id name path state", inside="workflows"),
    Case(f"PUT {P}/environments/<environment>", f"{R}/environments/prod",
         {"reviewers": [{"type": "User", "id": 1001}], "deployment_branch_policy": POLICY}, 200,
         "id name created_at protection_rules deployment_branch_policy"),
    Case(f"GET {P}/environments/<environment>", f"{R}/environments/prod", fields="id name protection_rules"),
    Case(f"GET {P}/environments", f"{R}/environments", fields="id name", inside="environments"),
    Case(f"DELETE {P}/environments/<environment>", f"{R}/environments/prod", status=204),
    Case(f"GET {P}/environments/<environment>/deployment-branch-policies",
         f"{R}/environments/prod/deployment-branch-policies", fields="id name", inside="branch_policies"),
    Case(f"POST {P}/environments/<environment>/deployment-branch-policies",
         f"{R}/environments/prod/deployment-branch-policies", {"name": "release/*"}, 200, "id name"),
    Case(f"DELETE {P}/environments/<environment>/deployment-branch-policies/<int:policy>",
         f"{R}/environments/prod/deployment-branch-policies/{{policy}}", status=204),
    Case(f"GET {P}/rulesets", f"{R}/rulesets", fields="id name enforcement", inside="[]"),
    Case(f"GET {P}/rulesets/<int:ruleset>", f"{R}/rulesets/{{ruleset}}", fields="id name enforcement rules"),
    Case(f"POST {P}/rulesets", f"{R}/rulesets", RULESET, 201, "id name enforcement"),
    Case(f"PUT {P}/rulesets/<int:ruleset>", f"{R}/rulesets/{{ruleset}}", {"rules": []}, 200, "id name"),
    Case(f"GET {P}/pulls", f"{R}/pulls", fields="number state head base html_url user", inside="[]"),
    Case(f"POST {P}/pulls", f"{R}/pulls", {"title": "t", "head": "other", "base": "main"}, 201,
         "number state head base html_url"),
]  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.route)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One filled GitHub for all cases; each case starts from the same content."""
    with github_world(tmp_path_factory.mktemp("routes")) as world:
        hub = world.hub
        hub.add_user("ada", 1001)
        hub.add_team("risk")
        content = {"src/a.py": b"a", ".github/workflows/deploy.yml": DEPLOY}
        one = hub.add_repository("one", content, template=True)
        hub.add_repository("two", content)
        hub.push("one", {"b.py": b"b"}, branch="feature")
        hub.push("one", {"c.py": b"c"}, branch="other")
        one["teams"]["risk"] = "push"
        send = sender(world, full(world))
        send("PUT", f"{R}/environments/prod", {"deployment_branch_policy": POLICY})
        for path in ("actions/variables", "environments/prod/variables"):
            send("POST", f"{R}/{path}", {"name": "OLD", "value": "1"})
        policy = send("POST", f"{R}/environments/prod/deployment-branch-policies", {"name": "main"}).body["id"]
        ruleset = send("POST", f"{R}/rulesets", {**RULESET, "name": "old"}).body["id"]
        send("POST", f"{R}/actions/workflows/deploy.yml/dispatches", {"ref": "main", "inputs": {"version_arn": "v"}})
        send("POST", f"{R}/pulls", {"title": "t", "head": "feature", "base": "main"})
        commit = one["refs"]["refs/heads/main"]
        tree = hub.store.objects[commit]["tree"]
        blob = hub.store.files(one, "main")["src/a.py"][1]
        known = {"one": one["id"], "commit": commit, "tree": tree, "blob": blob, "policy": policy, "ruleset": ruleset}
        world.known = known
        world.saved = copied(hub.store.repositories)
        yield world


@pytest.fixture
def world(served):
    served.hub.store.repositories.clear()
    served.hub.store.repositories.update(copied(served.saved))
    return served


def copied(value):
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def full(world):
    return issue(world, app_permissions(), None)


def issue(world, permissions, ids):
    return world.hub._keys.issue(permissions, None if ids is None else frozenset(ids), world.clock())[0]


def sender(world, token):
    transport = HttpTransport(world.hub.url)
    return lambda method, path, body=None: transport.send(method, path, token, body)


def filled(world, value):
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: str(world.known[match.group(1)]), value)
    if isinstance(value, list):
        return [filled(world, item) for item in value]
    return {key: filled(world, item) for key, item in value.items()} if isinstance(value, dict) else value


def ask(world, case, token):
    method = case.route.partition(" ")[0]
    return sender(world, token)(method, filled(world, case.path), filled(world, case.body))


def test_every_route_has_a_case():
    app = {"POST /app/installations/<int:installation>/access_tokens"}
    assert {case.route for case in CASES} | app == set(routing.routes())


@every_case
def test_a_route_answers_with_the_documented_status_and_fields(world, case):
    answer = ask(world, case, full(world))
    assert answer.status == case.status, answer.body
    body = answer.body if not case.inside else (answer.body if case.inside == "[]" else answer.body[case.inside])
    if case.inside:
        assert body, "an empty list shows no field"
        body = body[0]
        assert case.inside == "[]" or case.inside == "tree" or "total_count" in answer.body
    assert set(case.fields.split()) <= set(body or {})
    assert answer.status != 204 or answer.body is None, "204 has no body"


@every_case
def test_a_token_without_one_of_the_permissions_is_refused(world, case):
    needs = routing._ROUTES[case.route].needs
    if case.route.startswith(("DELETE /installation/token", "GET /user", "GET /users")):
        assert needs == {}, "everybody may look people up, and end the own token"
        return
    assert needs, "a route without a need is open to every token"
    for missing in needs:
        if missing == "metadata":
            continue  # every token has it
        rest = {name: access for name, access in app_permissions().items() if name != missing}
        answer = ask(world, case, issue(world, rest, None))
        assert (answer.status, answer.body["message"]) == (403, "Resource not accessible by integration"), missing


@every_case
def test_a_token_that_may_read_cannot_write(world, case):
    needs = routing._ROUTES[case.route].needs
    if "write" not in needs.values():
        return
    reading = dict.fromkeys(app_permissions(), "read")
    assert ask(world, case, issue(world, reading, None)).status == 403


@every_case
def test_a_token_of_another_repository_sees_nothing_of_this_one(world, case):
    if "<repo>" not in case.route and "<int:number>" not in case.route:
        return
    other = world.hub.repository("two")["id"]
    assert ask(world, case, issue(world, app_permissions(), [other])).status == 404


@every_case
def test_without_a_token_nothing_is_answered(world, case):
    assert ask(world, case, "ghs_" + "x" * 36).status == 401


def test_a_revoked_token_is_none_and_no_other_token_ends_with_it(world):
    ended, other = full(world), full(world)
    assert sender(world, ended)("DELETE", "/installation/token").status == 204
    for method, path in (("GET", R), ("DELETE", "/installation/token")):
        answer = sender(world, ended)(method, path)
        assert (answer.status, answer.body["message"]) == (401, "Bad credentials")
    assert sender(world, other)("GET", R).status == 200


def test_a_token_that_is_limited_to_repositories_makes_no_other(world):
    limited = issue(world, app_permissions(), [world.known["one"]])
    assert sender(world, limited)("POST", "/orgs/acme/repos", {"name": "made"}).status == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/repos/acme/nothing", None, 404, "Not Found"),
        ("GET", "/repos/other/one", None, 404, "Not Found"),
        ("GET", "/nothing", None, 404, "Not Found"),
        ("GET", "/users/nobody", None, 404, "Not Found"),
        ("GET", "/orgs/acme/teams/nobody", None, 404, "Not Found"),
        ("POST", "/repos/acme/one/generate", {"name": "two"}, 422, "Name already exists"),
        ("POST", "/repos/acme/two/generate", {"name": "x"}, 422, "not a template"),
        ("POST", "/orgs/acme/repos", {"name": "TWO"}, 422, "already exists"),
        ("POST", f"{R}/actions/variables", {"name": "OLD", "value": "x"}, 409, "already exists"),
        ("POST", f"{R}/actions/variables", {"name": "GITHUB_X", "value": "x"}, 422, "invalid"),
        ("POST", f"{R}/actions/variables", {"name": "A"}, 422, "value"),
        ("PATCH", f"{R}/actions/variables/NEW", {"value": "x"}, 404, "Not Found"),
        ("GET", f"{R}/environments/dev/variables", None, 404, "Not Found"),
        ("POST", f"{R}/git/refs", {"ref": "refs/heads/main", "sha": "{commit}"}, 422, "Reference already exists"),
        ("POST", f"{R}/git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}, 422, "Object does not exist"),
        ("PATCH", f"{R}/git/refs/heads/feature", {"sha": "{commit}"}, 422, "not a fast forward"),
        ("POST", f"{R}/git/trees", {"base_tree": "{commit}", "tree": []}, 422, "base_tree"),
        ("POST", f"{R}/pulls", {"title": "t", "head": "feature", "base": "main"}, 422, "already exists"),
        ("POST", f"{R}/pulls", {"title": "t", "head": "nothing", "base": "main"}, 422, "Validation Failed"),
        ("POST", f"{R}/rulesets", {**RULESET, "name": "old"}, 422, "unique"),
        ("POST", f"{R}/environments/prod/deployment-branch-policies", {"name": "main"}, 303, ""),
        ("PUT", f"{R}/environments/prod", {"deployment_branch_policy": {"protected_branches": True,
         "custom_branch_policies": True}}, 422, "same value"),
        ("PUT", f"{R}/environments/prod", {"reviewers": [{"type": "User", "id": 5}]}, 422, "Invalid reviewer"),
    ],
)  # fmt: skip
def test_a_refusal_has_githubs_status_and_words(world, method, path, body, status, words):
    answer = sender(world, full(world))(method, path, filled(world, body))
    assert answer.status == status
    text = str(answer.body)
    assert words in text
    assert status == 303 or {"message", "documentation_url", "status"} <= set(answer.body)


def test_an_archived_repository_is_read_only_and_comes_back_on_request(world):
    send = sender(world, full(world))
    assert send("PATCH", R, {"archived": True}).status == 200
    for method, path, body in (
        ("POST", f"{R}/actions/variables", {"name": "A", "value": "1"}),
        ("PATCH", f"{R}/actions/variables/OLD", {"value": "2"}),
        ("DELETE", f"{R}/git/refs/heads/feature", None),
        ("PATCH", R, {"description": "x"}),
        ("POST", f"{R}/actions/workflows/deploy.yml/dispatches", {"ref": "main"}),
    ):
        answer = send(method, path, body)
        assert (answer.status, answer.body["message"]) == (403, "Repository was archived so is read-only.")
    assert send("GET", R).status == 200
    assert send("PATCH", R, {"archived": False}).status == 200


def test_a_token_is_given_with_its_expiry_permissions_and_repositories(world):
    path = f"/app/installations/{world.hub.installation_id}/access_tokens"
    send = sender(world, app_jwt(world.kms, KEY, world.hub.app_id, world.clock()))
    body = {"permissions": {"contents": "read", "unknown": "write"}, "repository_ids": [world.known["one"]]}
    answer = send("POST", path, body)
    assert answer.status == 201
    assert answer.body["permissions"] == {"contents": "read", "metadata": "read"}, "what GitHub does not know it drops"
    assert answer.body["expires_at"] == "2027-01-15T09:00:00Z"
    assert [r["name"] for r in answer.body["repositories"]] == ["one"]
    assert re.match(rf"ghs_{world.hub.app_id}_eyJ", answer.body["token"])
    assert send("POST", path, {"repository_ids": []}).status == 422
    assert send("POST", "/app/installations/1/access_tokens", {}).status == 404
    assert sender(world, full(world))("POST", path, {}).status == 401, "a token mints no token"


def test_write_includes_read_and_read_is_no_write():
    token = Token(permissions={"contents": "write", "actions": "read"}, repository_ids=frozenset({1}), expires=0)
    assert token.allows("contents", "read")
    assert not token.allows("actions", "write")
    assert not token.allows("administration", "read")
    assert not token.sees(2)
