"""Whether a request may be believed: CSRF, tokens, sizes."""

import json
from datetime import timedelta

import pytest

from portal.access.tokens import TokenRequestError
from portal.web.middleware import LARGEST_BODY
from tests.portal.world import PortalWorld

OTHER = "https://evil.example.com"


@pytest.fixture
def dan(site):
    return site.browser("dan")


def test_a_form_needs_its_pages_token_and_origin(site, dan):
    token, fields = site.csrf(dan), {"name": "ci", "days": "7", "scope_read": "yes"}
    vera = site.csrf(site.browser("vera"))
    refused = [
        ({}, fields),
        ({}, fields | {"csrf_token": ""}),
        ({}, fields | {"csrf_token": token[:-1] + "x"}),
        ({}, fields | {"csrf_token": vera}),
        ({"origin": OTHER}, fields | {"csrf_token": token}),
        ({"origin": "null"}, fields | {"csrf_token": token}),
        ({"sec-fetch-site": "cross-site"}, fields | {"csrf_token": token}),
    ]
    for headers, form in refused:
        answer = dan.post("/tokens", data=form, headers=headers)
        assert answer.status_code == 403, (headers, form)
        assert "did not come from a page of this portal" in answer.text
    assert not [each for each in site.audited() if each.action == "token.create"]
    assert dan.post("/tokens", data=fields | {"csrf_token": token}).status_code == 200
    assert [each.action for each in site.audited()][-1] == "token.create"


def test_the_api_takes_a_session_with_the_token_in_a_header(site, dan):
    body, token = {"text": "config: {}\n"}, site.csrf(dan)
    path = "/api/v1/stacks/dev/settings/check"
    assert dan.post(path, json=body).status_code == 403
    assert dan.post(path, json=body, headers={"x-csrf-token": token, "origin": OTHER}).status_code == 403
    assert dan.post(path, json=body, headers={"x-csrf-token": token}).status_code == 200


def test_a_form_cannot_stand_in_for_json(site, dan):
    """Another site's form can send text/plain that is JSON."""
    body = json.dumps({"kind": "preview", "stack": "dev"})
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = dan.post("/api/v1/operations", content=body, headers={"content-type": content_type, "origin": OTHER})
        assert answer.status_code in {403, 422}, content_type
    assert not [each for each in site.audited() if each.action.startswith("operation")]


def test_a_request_with_a_token_is_never_answered_by_its_cookie(site, dan):
    assert dan.get("/api/v1/me").status_code == 200
    for given in ("Bearer nonsense", "Bearer", "", "Basic ZGFuOmRhbg==", "Bearer mlops_0_0"):
        answer = dan.get("/api/v1/me", headers={"authorization": given})
        assert answer.status_code == 401, given
        assert answer.headers["www-authenticate"].startswith("Bearer"), "RFC 9110: a 401 says how"
    plain = site.token(PortalWorld.viewer, "read")
    assert dan.get("/api/v1/me", headers={"authorization": f"Bearer {plain}"}).json()["id"].startswith("token:")


def test_a_page_is_never_answered_by_a_token(site):
    assert site.program(PortalWorld.admin, "read").get("/history").headers["location"].startswith("/login")


def test_a_token_may_what_its_scopes_say_within_its_owners_roles(site):
    reads = site.program(PortalWorld.developer, "read")
    assert reads.get("/api/v1/stacks").status_code == 200
    refused = reads.post("/api/v1/operations", json={"kind": "preview", "stack": "dev"})
    assert (refused.status_code, "needs the scope preview" in refused.json()["detail"]) == (403, True)
    beyond = site.program(PortalWorld.viewer, "read", "preview")
    refused = beyond.post("/api/v1/operations", json={"kind": "preview", "stack": "dev"})
    assert (refused.status_code, "needs the role developer" in refused.json()["detail"]) == (403, True)
    assert reads.get("/api/v1/tokens").status_code == 403, "a token sees and makes no tokens"


def test_a_token_ends_when_it_is_revoked_and_when_its_time_is_over(site, dan):
    token = site.csrf(dan)
    made = dan.post("/tokens", data={"csrf_token": token, "name": "ci", "days": "1", "scope_read": "yes"})
    identity = dan.get("/api/v1/tokens").json()[0]["id"]
    assert identity in made.text
    assert "hash" not in dan.get("/api/v1/tokens").json()[0]
    plain = site.token(PortalWorld.developer, "read", days=1)
    program = site.program(token=plain)
    assert program.get("/api/v1/me").status_code == 200
    site.clock.forward(hours=23, minutes=59)
    assert program.get("/api/v1/me").status_code == 200
    site.clock.forward(minutes=1)
    assert program.get("/api/v1/me").status_code == 401

    plain = site.token(PortalWorld.developer, "read")
    program = site.program(token=plain)
    assert program.get("/api/v1/me").status_code == 200
    site.sessions.revoke_token(PortalWorld.developer, plain.split("_")[1])
    assert program.get("/api/v1/me").status_code == 401
    assert not site.sessions.revoke_token(PortalWorld.developer, plain.split("_")[1]), "it is revoked once"


def test_a_person_revokes_their_own_tokens_by_the_api_and_nobody_elses(site, dan):
    identity = site.token(PortalWorld.viewer, "read").split("_")[1]
    headers = {"x-csrf-token": site.csrf(dan)}
    assert dan.delete(f"/api/v1/tokens/{identity}", headers=headers).status_code == 403
    assert dan.delete("/api/v1/tokens/000000000000", headers=headers).status_code == 404
    admin = site.browser("ada")
    headers = {"x-csrf-token": site.csrf(admin)}
    assert admin.delete(f"/api/v1/tokens/{identity}", headers=headers).status_code == 204
    entry = site.audited()[-1]
    assert (entry.action, entry.subject, entry.by_name) == ("token.revoke", f"token:{identity}", "Ada Admin")


def test_tokens_with_a_wrong_name_scope_or_time_are_not_made(site):
    for wrong in ({"name": ""}, {"name": "x" * 101}, {"name": "a\x07b"}, {"days": 0}, {"days": 91}, {"scopes": ["all"]},
                  {"scopes": []}):  # fmt: skip
        with pytest.raises(TokenRequestError):
            site.sessions.make_token(PortalWorld.developer, **{"name": "ci", "scopes": ["read"], "days": 1, **wrong})


def test_the_use_of_a_token_is_noted_every_few_minutes(site):
    plain = site.token(PortalWorld.developer, "read")
    program = site.program(token=plain)

    def noted():
        return site.sessions.tokens_of(PortalWorld.developer)[0].last_used

    assert noted() is None
    program.get("/api/v1/me")
    first = noted()
    program.get("/api/v1/me")
    assert noted() == first, "not each request is a write"
    site.clock.forward(minutes=5)
    program.get("/api/v1/me")
    assert noted() - first >= timedelta(minutes=5)


def test_nobody_sends_more_than_a_megabyte(site, dan):
    headers = {"x-csrf-token": site.csrf(dan)}
    path = "/api/v1/stacks/dev/settings/check"
    big = b'{"text": "' + b"x" * LARGEST_BODY + b'"}'
    announced = dan.post(path, content=big, headers=headers)
    assert (announced.status_code, announced.json()["title"]) == (413, "Content too large")
    pieces = dan.post(path, content=iter([big[:1000]] * 1100), headers=headers)
    assert pieces.status_code == 413, "also where no length was announced"
    form = dan.post("/tokens", data={"name": "x" * LARGEST_BODY})
    assert (form.status_code, "larger than anything" in form.text) == (413, True)


def test_a_form_with_what_no_page_sends_is_refused(site, dan):
    token = site.csrf(dan)
    long = dan.post("/tokens", data={"csrf_token": token, "name": "x" * (512 * 1024 + 1)})
    assert long.status_code in {400, 422}
    many = dan.post("/tokens", data={"csrf_token": token, **{f"f{i}": "" for i in range(300)}})
    assert many.status_code in {400, 422}
    file = dan.post("/tokens", data={"csrf_token": token}, files={"name": ("a.txt", b"x")})
    assert file.status_code in {400, 422}
