"""Every page, for everybody: well-formed, nothing inline or foreign, and forms that work without scripts."""

import re

import pytest

from portal.access.csrf import FIELD
from portal.access.headers import content_security_policy
from portal.pages.render import TEMPLATES
from tests.portal.pages.html import Page
from tests.portal.pages.seeded import HOSTILE

PAGES = [
    "/",
    "/stacks/dev",
    "/stacks/preprod",
    "/stacks/prod",
    "/history",
    "/history?stack=prod&kind=preview&by=me&result=succeeded",
    "/history?since=2026-03-01&until=2026-03-02",
    "/stacks/prod/settings",
    "/drift",
    "/stacks/prod/models",
    "/stacks/prod/models/fraud-detector/7",
    "/stacks/prod/models/fraud-detector/6",
    "/stacks/prod/models/fraud-detector/diff?a=6&b=7",
    "/stacks/dev/projects",
    "/stacks/dev/projects/churn",
    "/reviews",
    "/tokens",
]
OPERATIONS = ["preview", "running", "lost", "failed", "clean", "deployed", "drift"]


def addresses(kept):
    return [*PAGES, *(f"/operations/{getattr(kept, name).id}" for name in OPERATIONS)]


@pytest.mark.parametrize("person", ["vera", "adam"])
def test_every_page_is_well_formed_for_who_may_least_and_most(kept, person):
    more = ["/audit", "/audit?check=true"] if person == "adam" else []
    for address in [*addresses(kept), *more]:
        text, status = kept.read(person, address)
        assert status == 200, f"{address} for {person}: {status}"
        assert not (faults := Page(text).faults), f"{address} for {person}: {faults}"


def test_pages_of_somebody_who_is_not_logged_in_are_well_formed_and_have_no_menu(kept):
    from fastapi.testclient import TestClient

    browser = TestClient(kept.app, base_url=kept.settings.url, follow_redirects=False)
    for address in ("/login?next=/history", "/signed-out"):
        answer = browser.get(address)
        assert answer.status_code == 200, f"{address} needs no login"
        assert not Page(answer.text).faults, f"{address}: {Page(answer.text).faults}"
        assert "<nav" not in answer.text, "a menu of pages that one cannot open helps nobody"
    assert browser.get("/history").headers["location"] == "/login?next=%2Fhistory", (
        "after the login one is where one was"
    )


def test_every_form_that_changes_something_posts_to_a_route_and_carries_the_token(kept):
    posts = [re.compile(route.path_regex) for route in routes(kept.app.router) if "POST" in (route.methods or ())]
    forms = 0
    for address in [*addresses(kept), "/audit"]:
        page = Page(kept.read("adam", address)[0])
        tokens = [each for each in page.all("input") if each.get("name") == FIELD]
        changing = [each for each in page.all("form") if each.get("method") == "post"]
        targets = [each["action"] for each in changing] + [
            b["formaction"] for b in page.all("button") if "formaction" in b
        ]
        assert len(tokens) == len(changing), f"{address}: each form has one token"
        assert all(each["value"] for each in tokens), f"{address}: a token is not empty"
        for target in targets:
            assert any(route.match(target) for route in posts), f"{address}: nobody answers a post to {target}"
        forms += len(changing)
    assert forms > 40, "the check looked at forms"


def routes(router):
    """All routes, also of routers that are mounted within."""
    for route in router.routes:
        if hasattr(route, "path_regex") and hasattr(route, "methods"):
            yield route
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if inner is not None:
            yield from routes(inner)


def test_every_link_within_the_portal_leads_to_a_page(kept):
    links = set()
    for address in [*addresses(kept), "/audit"]:
        links |= {
            each["href"].split("#")[0]
            for each in Page(kept.read("adam", address)[0]).all("a")
            if each["href"][0] == "/"
        }
    dead = {
        link: kept.read("adam", link)[1] for link in sorted(links) if "/stacks/review-" not in link
    }  # a review has its checkout, which no test makes
    assert not {link: code for link, code in dead.items() if code != 200}, "no link leads nowhere"


def test_what_others_wrote_is_shown_as_text_everywhere(kept):
    seen = 0
    for address in addresses(kept):
        text, _ = kept.read("adam", address)
        assert HOSTILE not in text, f"{address}: it must not become markup"
        seen += "&lt;script&gt;alert(" in text
    assert seen >= 4, "history, stacks and operations show it, as text"


def test_an_address_that_is_no_web_address_is_not_made_a_link(kept):
    page = Page(kept.browser("vera").get("/stacks/dev/projects/churn").text)
    assert not [a for a in page.all("a") if a["href"].startswith("javascript:")], "a click must run nothing"
    assert "javascript:alert(1)" in page.text, "and yet it is shown"


def test_pages_load_nothing_but_own_files_which_browsers_may_keep(kept):
    browser = kept.browser("vera")
    answer = browser.get("/")
    assert answer.headers["content-security-policy"].startswith(content_security_policy().split("; form-action")[0])
    assert answer.headers["cache-control"] == "no-store", "what a page shows is for this person"
    own = [each["src"] for each in Page(answer.text).all("script")]
    own += [each["href"] for each in Page(answer.text).all("link") if each.get("rel") == "stylesheet"]
    assert len(own) == 4, "style, htmx, its events and our own script"
    for address in own:
        asset = browser.get(address)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"], f"{address} never changes: its hash is in its name"
        old = browser.get(re.sub(r"/static/\w+/", "/static/000000000000/", address))
        assert old.status_code == 404, "another release's file is not answered with this one's"


def test_errors_are_pages_that_say_what_to_do(kept):
    browser = kept.browser("devi")
    for address, code, says in (
        ("/stacks/prod", 403, "needs the role viewer"),
        ("/nothing", 404, "Not found"),
        ("/operations/none", 404, "none"),
        ("/audit", 403, "needs the role approver"),
    ):
        answer = browser.get(address)
        assert answer.status_code == code, address
        assert says in answer.text, f"{address}: {says}"
        assert not Page(answer.text).faults, f"{address}: {Page(answer.text).faults}"


def test_an_error_leads_back_to_the_page_it_came_from_and_never_elsewhere(kept):
    browser = kept.browser("vera")
    for referer, back in (
        (f"{kept.settings.url}/history?stack=prod", "/history?stack=prod"),
        ("https://elsewhere.example/history", "/"),
        (f"{kept.settings.url}//elsewhere.example", "/"),
        ("", "/"),
    ):
        page = Page(browser.get("/operations/none", headers={"referer": referer}).text)
        assert back in [each["href"] for each in page.all("a") if each.get("class") == "button"], referer


def test_no_template_takes_a_value_for_markup():
    sources = {file.name: file.read_text() for file in TEMPLATES.rglob("*.html")}
    assert len(sources) > 20
    for name, source in sources.items():
        assert "safe" not in re.findall(r"\|\s*(\w+)", source), f"{name} trusts a value"
        assert "autoescape" not in source, f"{name} changes what is escaped"
