"""Each operation of the API has a method of the typed client, which asks for it and expects what it answers."""

import json
import re

import httpx
import pytest

from portal.api import account, openapi, operations, stacks
from portal.api.router import PREFIX
from portal.client import PortalClient, PortalError
from portal.client_http import Transport
from portal.outcomes import RepairStep

STACK, MODEL = "/stacks/{stack}", "/stacks/{stack}/models/{model}"
OPERATION = "/operations/{operation}"
METHODS = {
    ("GET", "/me"): lambda client: client.me(),
    ("GET", "/stacks"): lambda client: client.stacks(),
    ("GET", STACK): lambda client: client.stack("a b"),
    ("POST", f"{STACK}/repairs"): lambda client: client.repair("dev", RepairStep.UNLOCK),
    ("GET", "/drift"): lambda client: client.drift(),
    ("GET", "/settings-schema"): lambda client: client.settings_schema(),
    ("GET", f"{STACK}/settings"): lambda client: client.settings("dev"),
    ("PUT", f"{STACK}/settings"): lambda client: client.save_settings("dev", "text", base_hash="0", why="why"),
    ("POST", f"{STACK}/settings/check"): lambda client: client.check_settings("dev", "text"),
    ("GET", "/operations"): lambda client: client.history(),
    ("POST", "/operations"): lambda client: client.preview("dev"),
    ("GET", OPERATION): lambda client: client.operation("../x"),
    ("GET", f"{OPERATION}/plan"): lambda client: client.plan("x"),
    ("GET", f"{OPERATION}/approvals"): lambda client: client.approvals("x"),
    ("POST", f"{OPERATION}/approvals"): lambda client: client.decide("x", approved=True),
    ("POST", f"{OPERATION}/cancel"): lambda client: client.cancel("x"),
    ("GET", f"{OPERATION}/events"): lambda client: list(client.events("x")),
    ("GET", f"{STACK}/models"): lambda client: client.models("dev"),
    ("GET", f"{MODEL}/versions/{{version}}"): lambda client: client.model_version("dev", "m", 1),
    ("GET", f"{MODEL}/diff"): lambda client: client.compare_versions("dev", "m", 1, 2),
    ("POST", f"{MODEL}/versions/{{version}}/decision"): lambda client: client.decide_version(
        "dev", "m", 1, approved=False, reason="worse"
    ),
    ("POST", f"{MODEL}/rollback"): lambda client: client.roll_back("dev", "m", to=1, reason="worse"),
    ("GET", f"{STACK}/deployments"): lambda client: client.deployments("dev"),
    ("GET", f"{STACK}/projects"): lambda client: client.projects("dev", archived=True),
    ("GET", f"{STACK}/projects/{{project}}"): lambda client: client.project("dev", "churn"),
    ("GET", "/reviews"): lambda client: client.reviews(),
    ("POST", "/reviews"): lambda client: client.create_review("feature/x"),
    ("PATCH", "/reviews/{review}"): lambda client: client.extend_review("x", 1),
    ("DELETE", "/reviews/{review}"): lambda client: client.remove_review("x"),
    ("GET", "/audit"): lambda client: client.audit(),
    ("GET", "/audit/state"): lambda client: client.audit_state(),
    ("GET", "/audit/export"): lambda client: list(client.audit_export()),
}
WITHOUT = {("GET", "/tokens"), ("DELETE", "/tokens/{token}")}
"""Only for a person with a session: no token makes, sees or revokes tokens, and the client has nothing but a token."""
STREAMS = {f"{OPERATION}/events", "/audit/export"}
ROUTES = {
    (method, route.path): route
    for part in (stacks.routes, operations.routes, stacks.model_routes, account.routes)
    for route in part.routes
    for method in route.methods
}


def test_every_operation_of_the_description_has_a_method():
    paths = json.loads(openapi.document())["paths"]
    described = {(method.upper(), path.removeprefix(PREFIX)) for path, methods in paths.items() for method in methods}
    assert described == METHODS.keys() | WITHOUT, "a route came or went: give the client its method, and this table"
    assert not METHODS.keys() & WITHOUT


@pytest.mark.parametrize("key", METHODS, ids=" ".join)
def test_a_method_asks_for_its_operation_and_expects_its_type(key, monkeypatch):
    asked, expected = [], []

    def answer(request):
        asked.append(request)
        return httpx.Response(404, json={"detail": "none"})

    monkeypatch.setattr(Transport, "_read", staticmethod(lambda kind, _: expected.append(kind)))
    with PortalClient("http://127.0.0.1:1", "t", transport=httpx.MockTransport(answer)) as client:
        if key[1] in STREAMS:
            with pytest.raises(PortalError, match="none"):
                METHODS[key](client)
        else:
            METHODS[key](client)
            assert expected == [ROUTES[key].response_model]
    (request,) = asked
    path = request.url.raw_path.decode().partition("?")[0]
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(PREFIX + key[1]))
    assert (request.method, bool(re.fullmatch(pattern, path))) == (key[0], True), path
