"""From the button to the deployed stack, by pages and forms alone, on the real services with a scripted engine."""

from datetime import timedelta

import httpx
import pytest
from fastapi.testclient import TestClient

from portal.access.csrf import FIELD
from portal.access.oidc import OidcClient
from portal.app import create_app
from portal.outcomes import State
from portal.records import SessionRecord
from portal.web.sessions import Sessions
from tests.portal.pages.html import Page
from tests.portal.world import PortalWorld


def session(world, actor):
    """Log somebody in; return the cookie's value."""
    cookie, now = f"cookie-of-{actor.name}", world.clock()
    kept = {"id": actor.id, "name": actor.name, "email": actor.email}
    roles = {stack: role.value for stack, role in actor.roles.items()}
    with world.portal.store.writing() as unit:
        unit.sessions.put(
            SessionRecord(
                hash=Sessions.name_of(cookie),
                by=actor.id,
                actor={**kept, "roles": roles},
                created=now,
                last_seen=now,
                expires=now + timedelta(hours=1),
            )
        )
    return cookie


def application(world):
    """The portal of a world as a web application."""
    login = OidcClient(world.settings.login.oidc(world.environment), httpx.Client(), world.clock)
    return create_app(world.portal, world.settings, login=login, clock=world.clock)


class Browser:
    """Somebody who reads pages and sends their forms, without scripts."""

    def __init__(self, world, app, actor):
        self.http = TestClient(app, base_url=world.settings.url, headers={"origin": world.settings.url})
        self.http.cookies.set("mlops-session", session(world, actor))
        self.page = None

    def open(self, address):
        answer = self.http.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        self.address, self.page = answer.url.path, Page(answer.text)
        return answer.text

    def send(self, action, **fields):
        """Send the form of this page that goes to `action`."""
        forms = [each["action"] for each in self.page.all("form") if each.get("method") == "post"]
        buttons = [each["formaction"] for each in self.page.all("button") if "formaction" in each]
        assert action in [*forms, *buttons], f"{self.address} offers {sorted({*forms, *buttons})}"
        token = next(each["value"] for each in self.page.all("input") if each.get("name") == FIELD)
        answer = self.http.post(action, data={FIELD: token, **fields})
        assert answer.status_code == 200, f"{action}: {answer.status_code} {answer.text[:500]}"
        self.address, self.page = answer.url.path, Page(answer.text)
        return answer.text


@pytest.fixture
def world(tmp_path):
    with PortalWorld(tmp_path) as made:
        yield made


def test_a_change_goes_from_preview_over_two_approvals_to_the_deployed_stack(world):
    app = application(world)
    developer, first, second = (
        Browser(world, app, actor) for actor in (world.developer, world.approver, world.second_approver)
    )
    assert "Never deployed" in developer.open("/")
    developer.send("/stacks/prod/preview", why="the first deployment")
    page = developer.address
    world.ended(page.removeprefix("/operations/"), State.SUCCEEDED)
    assert "0</strong> of <strong>2 approvals" in developer.open(page)
    assert "Waiting for approval" in developer.open("/")
    for approver in (first, second):
        assert "sagemaker:Pipeline" in approver.open(page), "what is approved is on the page"
        assert "Your approval is recorded." in approver.send(f"{page}/approve", comment="read it")
    developer.open(page)
    developer.send(f"{page}/deploy")
    deployment = developer.address
    told = developer.http.get(f"{deployment}/live").text
    assert "event: ended" in told, "the stream follows it to its end"
    assert "created" in told
    text = developer.open(deployment)
    assert "The stack is as it was approved." in text
    assert not developer.page.faults
    assert "Healthy" in developer.open("/")
    assert "the first deployment" in developer.open("/history?stack=prod&kind=up"), "why is kept"
