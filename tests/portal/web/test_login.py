"""Logging in and out through the application, against the local issuer."""

import re
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest

from local.identity_provider.faults import Fault
from portal.web.sessions import Sessions
from tests.portal.web.site import COOKIE, LOGIN_COOKIE


def cookies_of(answer):
    """The cookies that an answer sets, by name."""
    found = {}
    for line in answer.headers.get_list("set-cookie"):
        cookie = SimpleCookie()
        cookie.load(line)
        found |= dict(cookie)
    return found


def in_database(site):
    """Everything that the database's file holds, as bytes."""
    return b"".join(path.read_bytes() for path in site.world.folder.glob("portal.db*"))


def test_a_person_logs_in_and_comes_to_the_page_they_wanted(site):
    browser = site.browser()
    wanted = browser.get("/history?stack=dev")
    assert wanted.status_code == 303
    assert wanted.headers["location"] == "/login?next=%2Fhistory%3Fstack%3Ddev"
    page = browser.get(wanted.headers["location"])
    assert page.status_code == 200
    next_page = re.search(r'name="next" value="([^"]*)"', page.text)[1]
    answer = site.log_in(browser, "dan", next_page)
    assert answer.headers["location"] == "/history?stack=dev"
    me = browser.get("/api/v1/me").json()
    assert (me["name"], me["roles"], me["scopes"]) == ("Dan Developer", {"*": "developer"}, None)
    assert [each.action for each in site.audited()] == ["login"]


@pytest.mark.parametrize(
    "address", ["//evil.example.com", "https://evil.example.com", "/\\evil.example.com", "javascript:1"]
)
def test_no_link_leads_to_another_site_after_the_login(site, address):
    assert site.log_in(site.browser(), "dan", address).headers["location"] == "/"
    assert site.browser("dan").get("/login", params={"next": address}).headers["location"] == "/"


def test_the_cookies_are_for_this_host_and_not_for_scripts(https_site):
    browser = https_site.browser()
    begun = browser.post("/login")
    answer = browser.get(https_site.click(begun.headers["location"], "dan"))
    login, session = cookies_of(begun)[f"__Host-{LOGIN_COOKIE}"], cookies_of(answer)[f"__Host-{COOKIE}"]
    for cookie in (login, session):
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "lax")
        assert (cookie["secure"], cookie["httponly"]) == (True, True)
    assert (login["max-age"], session["max-age"]) == ("600", "43200")
    assert cookies_of(answer)[f"__Host-{LOGIN_COOKIE}"]["max-age"] == "0", "the attempt is used up"
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_on_this_machine_alone_cookies_work_without_https(site):
    answer = site.log_in(site.browser(), "dan")
    assert not cookies_of(answer)[COOKIE]["secure"]
    assert cookies_of(answer)[COOKIE]["httponly"]


def test_a_session_that_was_planted_before_the_login_is_not_the_one_after_it(site):
    victim, attacker = site.browser(), site.browser("vera")
    planted = attacker.cookies[COOKIE]
    victim.cookies.set(COOKIE, planted)
    answer = site.log_in(victim, "ada")
    assert cookies_of(answer)[COOKIE].value != planted
    assert attacker.get("/api/v1/me").status_code == 401, "the session that was there before has ended"


def test_a_made_up_session_is_nobodys(site):
    browser = site.browser()
    browser.cookies.set(COOKIE, "x" * 43)
    assert browser.get("/api/v1/me").status_code == 401


def test_the_issuers_answer_is_good_in_the_browser_that_began_and_once(site):
    first, other = site.browser(), site.browser()
    back = site.click(first.post("/login").headers["location"], "ada")
    assert other.get(back).status_code == 403, "another browser has no attempt: nobody is logged in by a link"
    assert COOKIE not in other.cookies
    key = first.cookies[LOGIN_COOKIE]
    assert first.get(back).status_code == 303
    first.cookies.clear()
    first.cookies.set(LOGIN_COOKIE, key)
    assert first.get(back).status_code == 403, "the attempt was used"


def test_a_login_takes_ten_minutes_at_most(site):
    browser = site.browser()
    url = browser.post("/login").headers["location"]
    site.clock.forward(minutes=9, seconds=59)
    back = site.click(url, "dan")
    site.clock.forward(seconds=2)
    assert browser.get(back).status_code == 403


def test_attempts_that_nobody_ended_are_forgotten(site):
    browser = site.browser()
    for _ in range(3):
        browser.post("/login")
    site.clock.forward(minutes=11)
    browser.post("/login")
    with site.world.portal.store.writing() as unit:
        assert unit.login_attempts.prune(site.clock().replace(year=2099)) == 1, "only the newest was there"


def test_who_has_no_role_is_refused_on_a_page_and_in_the_audit_log(site):
    answer = site.log_in(site.browser(), "nils")
    assert answer.status_code == 403
    assert "none of your groups has a role" in answer.text
    assert COOKIE not in cookies_of(answer)
    (entry,) = site.audited()
    assert (entry.action, entry.details["reason"]) == ("login.refused", "no_role")


def test_strangers_write_nothing_that_is_kept_for_ever(site, monkeypatch):
    browser = site.browser()
    browser.post("/login")
    assert browser.get("/login/callback?state=wrong&code=x").status_code == 403
    site.provider.faults.add(Fault.TAMPERED)
    assert site.log_in(site.browser(), "ada").status_code == 403
    assert site.audited() == []
    monkeypatch.setattr(site.world.portal.store, "writing", None)  # nobody waits for who comes with nothing
    for cookie in ("", "made-up"):
        browser.cookies.set(LOGIN_COOKIE, cookie)
        assert browser.get("/login/callback?state=wrong&code=x").status_code == 403


def test_so_many_logins_may_have_begun_and_then_some_have_to_end_first(site, monkeypatch):
    monkeypatch.setattr("portal.web.sessions.MOST_ATTEMPTS", 3)
    site.clock.forward(minutes=11)
    answers = [site.browser().post("/login").status_code for _ in range(4)]
    refused = site.browser().post("/login")
    assert (answers, refused.status_code) == ([303, 303, 303, 503], 503)
    assert "Too many logins" in refused.text
    site.clock.forward(minutes=11)
    assert site.browser().post("/login").status_code == 303


def test_an_e_mail_address_that_the_issuer_did_not_verify_is_not_the_persons(site):
    claims = {"sub": "mallory", "name": "Mallory", "email": "ada@example.com"}
    for verified in (False, "true", None):
        assert site.login._person({**claims, "email_verified": verified}, "").email == ""
    assert site.login._person({**claims, "email_verified": True}, "").email == "ada@example.com"


@pytest.mark.parametrize("fault", [Fault.TAMPERED, Fault.ALG_NONE, Fault.WRONG_AUDIENCE, Fault.SERVER_ERROR])
def test_an_answer_that_cannot_be_trusted_logs_nobody_in(site, fault):
    site.provider.faults.add(fault)
    answer = site.log_in(site.browser(), "ada")
    assert answer.status_code == 403
    assert COOKIE not in cookies_of(answer)


def test_another_site_cannot_start_a_login(site):
    for headers in ({"origin": "https://evil.example.com"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        answer = site.browser(**headers).post("/login")
        assert (answer.status_code, LOGIN_COOKIE in answer.cookies) == (403, False), headers


def test_a_session_ends_two_hours_after_the_last_request(site):
    browser = site.browser("dan")
    for _ in range(4):
        site.clock.forward(hours=1, minutes=50)
        assert browser.get("/api/v1/me").status_code == 200, "each request keeps it"
    site.clock.forward(hours=2)
    assert browser.get("/api/v1/me").status_code == 401


def test_a_session_ends_twelve_hours_after_the_login_whatever_happens(site):
    browser = site.browser("dan")
    for _ in range(11):
        site.clock.forward(hours=1)
        assert browser.get("/api/v1/me").status_code == 200
    site.clock.forward(minutes=59)
    assert browser.get("/api/v1/me").status_code == 200
    site.clock.forward(minutes=1)
    assert browser.get("/api/v1/me").status_code == 401
    assert browser.get("/").headers["location"] == "/login?next=%2F"


def test_logging_out_ends_the_session_here_and_at_the_issuer(site):
    browser = site.browser("dan")
    kept = browser.cookies[COOKIE]
    assert browser.post("/logout").status_code == 403, "not without the token of a page"
    answer = browser.post("/logout", data={"csrf_token": site.csrf(browser)})
    target = urlsplit(answer.headers["location"])
    assert (answer.status_code, target.path) == (303, "/logout")
    assert parse_qs(target.query)["post_logout_redirect_uri"] == [f"{site.url}/signed-out"]
    assert COOKIE not in browser.cookies
    browser.cookies.set(COOKIE, kept)
    assert browser.get("/api/v1/me").status_code == 401, "a cookie that somebody copied is worth nothing any more"
    assert browser.get("/signed-out").status_code == 200
    assert [each.action for each in site.audited()] == ["login", "logout"]


def test_logging_out_works_while_the_issuer_is_away(site, monkeypatch):
    browser = site.browser("dan")
    token = site.csrf(browser)

    def away(*_, **__):
        from portal.access.errors import LoginError, Reason

        raise LoginError(Reason.ISSUER_UNREACHABLE)

    monkeypatch.setattr(site.login, "logout_url", away)
    assert browser.post("/logout", data={"csrf_token": token}).headers["location"] == "/signed-out"
    assert browser.get("/api/v1/me").status_code == 401


def test_cookies_and_tokens_are_in_the_database_as_hashes_only(site):
    browser = site.browser()
    attempt = browser.post("/login")
    key = browser.cookies[LOGIN_COOKIE]
    held = in_database(site)
    assert key.encode() not in held
    assert Sessions.name_of(key).encode() in held, "this look at the file finds what is there"
    browser.get(site.click(attempt.headers["location"], "dan"))
    plain = site.token(site.world.developer, "read")
    held = in_database(site)
    for secret in (browser.cookies[COOKIE], plain, plain[-49:]):
        assert secret.encode() not in held
