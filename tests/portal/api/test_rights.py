"""Each route of the API by role and scope, and whether the table below has them all."""

import json

import pytest

from operations.deployments import Asked
from portal.access.roles import Action, Role
from portal.api import openapi
from tests.portal.pages import aws_values
from tests.portal.world import PortalWorld, person

PEOPLE = {
    Role.VIEWER: PortalWorld.viewer,
    Role.DEVELOPER: PortalWorld.developer,
    Role.APPROVER: PortalWorld.approver,
    Role.ADMIN: PortalWorld.admin,
}
ALL = ("read", "preview", "edit", "deploy", "approve", "models", "reviews", "repair", "destroy", "audit")
VIEWER, DEVELOPER, APPROVER, ADMIN = Role
NOBODY = None
"""No token at all: a person with a session only."""
ANYBODY = "anybody"

ROUTES = {
    ("GET", "/me"): (ANYBODY, None, None),
    ("GET", "/stacks"): (ANYBODY, None, None),
    ("GET", "/stacks/dev"): (VIEWER, "read", None),
    ("GET", "/settings-schema"): (ANYBODY, None, None),
    ("GET", "/drift"): (ANYBODY, None, None),
    ("GET", "/operations"): (ANYBODY, None, None),
    ("GET", "/operations/{preview}"): (VIEWER, "read", None),
    ("GET", "/operations/{preview}/plan"): (VIEWER, "read", None),
    ("GET", "/operations/{preview}/approvals"): (VIEWER, "read", None),
    ("GET", "/operations/{preview}/events"): (VIEWER, "read", None),
    ("POST", "/operations"): (DEVELOPER, "preview", {"kind": "preview", "stack": "dev"}),
    ("POST", "/operations#drift"): (DEVELOPER, "preview", {"kind": "drift", "stack": "dev"}),
    ("POST", "/operations#destroy"): (DEVELOPER, "preview", {"kind": "preview_destroy", "stack": "dev"}),
    ("POST", "/operations#refresh"): (APPROVER, "deploy", {"kind": "refresh", "stack": "dev"}),
    ("POST", "/operations#up"): (DEVELOPER, "deploy", {"kind": "up", "preview": "{preview}"}),
    ("POST", "/operations#away"): (ADMIN, "destroy", {"kind": "up", "preview": "{destroy}"}),
    ("POST", "/operations/{preview}/approvals"): (APPROVER, "approve", {"approved": True}),
    ("POST", "/operations/{preview}/cancel"): (DEVELOPER, "deploy", None),
    ("POST", "/stacks/dev/repairs"): (ADMIN, "repair", {"step": "unlock"}),
    ("GET", "/stacks/dev/settings"): (VIEWER, "read", None),
    ("POST", "/stacks/dev/settings/check"): (VIEWER, "read", {"text": "config:\n"}),
    ("PUT", "/stacks/dev/settings"): (DEVELOPER, "edit", {"text": "a: 1\n", "base_hash": "0", "why": "a try"}),
    ("GET", "/stacks/dev/models"): (VIEWER, "read", None),
    ("GET", "/stacks/dev/models/fraud-detector/versions/1"): (VIEWER, "read", None),
    ("GET", "/stacks/dev/models/fraud-detector/diff?a=1&b=2"): (VIEWER, "read", None),
    ("POST", "/stacks/dev/models/fraud-detector/versions/1/decision"): (
        APPROVER, "models", {"approved": True, "reason": "good enough"},
    ),
    ("POST", "/stacks/dev/models/fraud-detector/rollback"): (APPROVER, "models", {"to": 1, "reason": "worse now"}),
    ("GET", "/stacks/dev/deployments"): (VIEWER, "read", None),
    ("GET", "/stacks/dev/projects"): (VIEWER, "read", None),
    ("GET", "/stacks/dev/projects/churn"): (VIEWER, "read", None),
    ("GET", "/reviews"): (VIEWER, "read", None),
    ("POST", "/reviews"): (DEVELOPER, "reviews", {"branch": "feature/x"}),
    ("PATCH", "/reviews/x"): (DEVELOPER, "reviews", {"hours": 1}),
    ("DELETE", "/reviews/x"): (DEVELOPER, "reviews", None),
    ("GET", "/audit"): (APPROVER, "audit", None),
    ("GET", "/audit/state"): (APPROVER, "audit", None),
    ("GET", "/audit/export"): (APPROVER, "audit", None),
    ("GET", "/tokens"): (NOBODY, None, None),
    ("DELETE", "/tokens/x"): (NOBODY, None, None),
}  # fmt: skip
CASES = [pytest.param(*key, *row, id=" ".join(key)) for key, row in ROUTES.items()]


class Models(aws_values.Models):
    """Models that answer the API as the library does."""

    def deployments(self, actor, stack, model=None, newest=10):
        actor.require(Action.VIEW, stack)
        return super().deployments(actor, stack, model, newest)

    def rollback(self, actor, stack, model, to, reason):
        actor.require(Action.DECIDE_MODELS, stack)
        return Asked(
            model=model, version=to, before=None, recorded=True, requested_at=reason, superseded=None, event_id=""
        )


@pytest.fixture(scope="module")
def programs(shared):
    """A program of each role, with all scopes; and the ids that the paths below stand for."""
    world = shared.begun().world
    portal = world.portal
    portal.models, portal.projects = Models(), aws_values.Projects()
    operations = portal.operations
    # Cancelled before they began, so that they have an end without an engine.
    made = {"preview": operations.preview(world.developer, "dev").id,
            "destroy": operations.preview_destroy(world.developer, "dev").id}  # fmt: skip
    for each in made.values():
        operations.cancel(world.developer, each)
    return {role: shared.program(who, *ALL) for role, who in PEOPLE.items()}, made


def asked(program, made, method, path, body):
    """The answer's status."""
    path = path.partition("#")[0].format(**made)
    filled = body if body is None else {k: v.format(**made) if isinstance(v, str) else v for k, v in body.items()}
    return program.request(method, f"/api/v1{path}", **({} if body is None else {"json": filled}))


@pytest.mark.parametrize(("method", "path", "least", "scope", "body"), CASES)
def test_a_route_is_for_its_role_and_scope(site, programs, method, path, least, scope, body):
    by_role, made = programs
    nobody = asked(site.browser(), made, method, path, body)
    assert nobody.status_code == 401, "nobody is anonymous here"
    # On both sides of where the right begins; that a higher role may do what a lower one may, tests/portal/access says.
    edge = {ANYBODY: [VIEWER], NOBODY: [VIEWER, ADMIN]}.get(least) or [*list(Role)[: least.rank][-1:], least]
    for role in edge:
        program = by_role[role]
        answer = asked(program, made, method, path, body)
        allowed = least == ANYBODY or (least is not NOBODY and role >= least)
        assert (answer.status_code != 403) == allowed, (role, answer.text)
        assert answer.status_code < 500, answer.text
    if scope is not None:
        others = [each for each in ALL if each not in {scope, "read"}] + (["read"] if scope != "read" else [])
        answer = asked(site.program(PortalWorld.admin, *others), made, method, path, body)
        assert (answer.status_code, f"scope {scope}" in answer.text) == (403, True), answer.text


def test_the_table_has_every_route():
    known = json.loads(openapi.document())["paths"]  # test_openapi: it is what a portal serves
    listed = {(method, path.partition("#")[0].partition("?")[0]) for method, path in ROUTES}
    concrete = {
        "dev": "{stack}",
        "fraud-detector": "{model}",
        "1": "{version}",
        "churn": "{project}",
        "{preview}": "{operation}",
    }

    def pattern(path):
        first = path.split("/")[1]
        names = concrete | {"x": {"reviews": "{review}", "tokens": "{token}"}.get(first, "x")}
        return "/api/v1" + "/".join(names.get(part, part) for part in path.split("/"))

    there = {(method.upper(), path) for path, methods in known.items() for method in methods}
    assert {(method, pattern(path)) for method, path in listed} == there


def test_a_stack_that_is_none_of_ones_own_is_not_shown(site):
    program = site.program(PortalWorld.dev_only, *ALL)
    assert [each["name"] for each in program.get("/api/v1/stacks").json()] == ["dev"]
    assert [each["stack"] for each in program.get("/api/v1/drift").json()] == ["dev"]
    assert {each["stack"] for each in program.get("/api/v1/operations").json()["items"]} <= {"dev"}
    assert program.get("/api/v1/stacks/prod").status_code == 403
    assert program.get("/api/v1/operations", params={"stack": "prod"}).status_code == 403
    assert program.get("/api/v1/audit").status_code == 403


def test_who_has_no_role_sees_nothing(site):
    stranger = person("sam", {"sandbox": Role.VIEWER})
    program = site.program(stranger, "read")
    assert [each["name"] for each in program.get("/api/v1/stacks").json()] == ["sandbox"]
    assert program.get("/api/v1/reviews").status_code == 403, "they have the rights of their base stack"
