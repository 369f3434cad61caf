"""What every answer has: headers, an id, a form that its reader understands, and nothing that is nobody's business."""

import io
import json
import logging

import pytest

from portal import logging_setup
from portal.service.errors import ConflictError, InvalidError, UnavailableError
from portal.store.errors import StoreDownError
from tests.portal.web.site import COOKIE, SECRET
from tests.portal.world import PortalWorld

EVERY = {
    "content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "permissions-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy", "x-request-id", "cache-control",
}  # fmt: skip
HIDDEN = "hunter2-in-an-error"


def raising(error):
    def act(*_, **__):
        raise error

    return act


@pytest.fixture
def log():
    """The portal's log of one test, as JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging_setup.JsonFormatter())
    loggers = [logging.getLogger("portal")]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    for each in loggers:
        each.removeHandler(handler)
        each.setLevel(logging.NOTSET)


def test_every_answer_has_the_security_headers(site):
    dan = site.browser("dan")
    static = dan.get("/login")  # a redirect, since somebody is logged in
    page = site.browser().get("/login").text
    style = page[page.index("/static/") :].partition('"')[0]
    answers = [
        static,
        *(dan.get(path) for path in ("/", "/nowhere", "/healthz", "/api/v1/me", "/api/v1/nowhere", style)),
    ]
    answers += [site.browser().get("/"), site.browser().get("/api/v1/me"), dan.post("/healthz"), dan.put("/tokens")]
    for answer in answers:
        missing = EVERY - set(answer.headers)
        assert not missing, (answer.url, answer.status_code, missing)
    assert "immutable" in dan.get(style).headers["cache-control"], "its address holds its hash"
    assert all(a.headers["cache-control"] == "no-store" for a in answers if "/static/" not in str(a.url))
    policy = dan.get("/").headers["content-security-policy"]
    assert f"form-action 'self' {site.provider.url}" in policy, "the login's form ends at the issuer"
    assert "unsafe" not in policy


def test_no_path_leads_elsewhere_by_the_host_header(site):
    answer = site.browser("dan").get("/history/", headers={"host": "evil.example.com"})
    assert (answer.status_code, answer.headers.get("location")) == (404, None)


def test_an_answer_names_its_request_and_so_does_the_log(site, log):
    given = site.browser().get("/login", headers={"x-request-id": "proxy-0123456789"})
    assert given.headers["x-request-id"] == "proxy-0123456789"
    for wrong in ("short", "x" * 65, 'in"jected{}0123'):
        made = site.browser().get("/login", headers={"x-request-id": wrong}).headers["x-request-id"]
        assert made != wrong
        assert len(made) == 32
    line = next(each for each in log() if each.get("request") == "proxy-0123456789")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/login", "200")


def test_the_log_has_who_asked_and_no_secret_of_theirs(site, log):
    browser = site.browser()
    answer = site.log_in(browser, "dan")
    code = str(answer.url).partition("code=")[2].partition("&")[0]
    plain = site.token(PortalWorld.developer, "read")
    site.program(token=plain).get("/api/v1/me")
    browser.get("/api/v1/me")
    text = json.dumps(log())
    assert code
    for secret in (code, browser.cookies[COOKIE], plain, SECRET):
        assert secret not in text
    actors = [line.get("actor") for line in log() if line.get("path") == "/api/v1/me"]
    assert actors[0] == f"token:{plain.split('_')[1]}"
    assert actors[1].endswith("#dan")


def test_a_failure_nobody_thought_of_is_told_without_its_words(site, log, monkeypatch):
    dan = site.browser("dan")
    monkeypatch.setattr(site.world.portal.stacks, "all", raising(RuntimeError(HIDDEN)))
    for path, kind in (("/", "text/html"), ("/api/v1/stacks", "application/problem+json")):
        answer = dan.get(path)
        assert answer.status_code == 500
        assert answer.headers["content-type"].startswith(kind)
        assert not EVERY - set(answer.headers), "an answer like any other"
        for word in (HIDDEN, "Traceback", "RuntimeError", ".py"):
            assert word not in answer.text
        identity = answer.headers["x-request-id"]
        assert identity in answer.text, "it can be told to who runs the portal"
        failed = next(line for line in log() if line["message"] == "failed" and line["request"] == identity)
        assert HIDDEN in failed["trace"], "there it is found"


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (ConflictError("It runs.", "Wait."), 409, "It runs. Wait."),
        (InvalidError.of("why", "x", "it is short", "shorten it"), 422, "why: it is short; shorten it"),
        (UnavailableError("AWS is away."), 503, "AWS is away."),
        (StoreDownError("host=db user=portal password=x"), 503, "The database cannot be reached"),
    ],
)
def test_failures_of_services_are_pages_for_people_and_problems_for_programs(site, monkeypatch, error, status, word):
    dan = site.browser("dan")
    monkeypatch.setattr(site.world.portal.stacks, "all", raising(error))
    page, problem = dan.get("/"), dan.get("/api/v1/stacks")
    assert (page.status_code, problem.status_code) == (status, status)
    assert word in page.text
    document = problem.json()
    assert problem.headers["content-type"] == "application/problem+json"
    assert (document["type"], document["status"]) == ("about:blank", status)
    assert word in document["detail"]
    assert document["request_id"] == problem.headers["x-request-id"]
    for answer in (page, problem):
        assert "password" not in answer.text
        assert (answer.headers.get("retry-after") is not None) == (status == 503)


def test_what_is_not_there_and_what_is_not_done_so_is_said(site):
    dan = site.browser("dan")
    assert dan.get("/operations/none").status_code == 404
    assert dan.get("/api/v1/operations/none").json()["status"] == 404
    answer = dan.put("/healthz")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_a_malformed_request_is_told_by_field(site):
    program = site.program(PortalWorld.developer, "read", "preview")
    for body, path in (({"kind": "nonsense"}, "body"), ({"kind": "preview", "stack": 1}, "stack"),
                       ({"kind": "preview", "stack": "dev", "more": 1}, "more")):  # fmt: skip
        answer = program.post("/api/v1/operations", json=body)
        assert answer.status_code == 422
        assert any(path in each["path"] for each in answer.json()["problems"]), answer.text
    answer = program.post("/api/v1/operations", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_without_its_database_the_portal_says_so_everywhere(own_site):
    dan = own_site.browser("dan")
    assert dan.get("/readyz").json() == {"status": "ok", "database": "ok", "runs_operations": False}
    for file in own_site.world.folder.glob("portal.db*"):
        file.rename(file.with_name("away-" + file.name))
    own_site.world.portal.store.close()
    assert dan.get("/healthz").status_code == 200, "a restart would not help"
    assert (dan.get("/readyz").status_code, dan.get("/readyz").json()["database"]) == (503, "down")
    for path in ("/", "/api/v1/stacks", "/login"):
        answer = dan.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), path
        assert str(own_site.world.folder) not in answer.text
    assert own_site.browser().post("/login").status_code == 503
