"""A day at the portal, and the pictures of it that the documentation shows.

`python -m tests.browser.pictures` takes them over into docs/images after this has run.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.accessibility import violations
from tests.browser.portals import opened
from tests.browser.window import PHONE, expect
from tests.portal.scenario import definition, platform
from tests.portal.world import PortalWorld

pytestmark = pytest.mark.browser
DAN = replace(PortalWorld.developer, name="Dan Developer")
BEN = replace(PortalWorld.second_approver, name="Ben Approver")


def reach(clock, moment):
    clock.forward(seconds=(moment - clock()).total_seconds())


@pytest.fixture
def portal(tmp_path, provider):
    """A portal whose clock says what the machine's does, as the scripted worker stamps its events by that one."""
    with opened(tmp_path, provider, start=False) as site:
        world = site.world
        reach(world.clock, datetime.now(UTC) - timedelta(days=2))
        world.scenario.set("prod", resources=platform("prod", protected=True))
        world.portal.start()
        for stack in ("dev", "prod", "sandbox"):
            world.ended(world.portal.operations.up(DAN, world.approved(stack).id, "weekly"))
        world.clock.forward(days=1, hours=20)
        world.scenario.set("sandbox", drift={"key": {"enableKeyRotation": False}})
        world.ended(world.portal.operations.check_drift(DAN, "sandbox"))
        reach(world.clock, datetime.now(UTC))
        yield site


def looked_at(window, name, album):
    faults = violations(window.page) + violations(window.page, scheme="dark")
    assert not faults, "\n".join(faults)
    assert window.overflow() <= 0, f"{name} is wider than a {window.screen.name}"
    album.take(window, f"docs-{name}", whole=False)


def test_a_day_at_the_portal(visit, portal, album):
    world, scenario = portal.world, portal.world.scenario
    lower = definition(gate="0.85", instance="ml.m5.2xlarge", extra=("Bias",))
    changed = platform("prod", gateways=2, endpoint="ml.m5.xlarge", protected=True, pipeline=lower)
    scenario.set("prod", resources=changed)
    dan = visit("dan")
    plan = dan.start_preview("prod", "a gateway per zone, a larger endpoint, and a check for bias")
    dan.is_titled("Succeeded")
    world.portal.operations.approve(BEN, plan, "the gate is lower on purpose")
    scenario.stop("preprod", "up-fraud-endpoint")
    preview = world.preview("preprod", by=DAN, why="the first deployment")
    world.portal.operations.approve(BEN, preview.id, "")
    deployment = world.portal.operations.up(DAN, preview.id, "the first deployment")
    scenario.reached("preprod", "up-fraud-endpoint")

    dan.open("/").sees("Waiting for approval").sees("Changing").sees("Drifted").sees("Healthy")
    looked_at(dan, "stacks", album)
    ana = visit("ana", f"/operations/{plan}")
    ana.sees("A model would have to pass less than before").sees("1 of 2 approvals given")
    looked_at(ana, "plan", album)
    phone = visit("dan", f"/operations/{deployment.id}", screen=PHONE, scale=2)
    expect(phone.page.get_by_label("Log")).to_contain_text("created fraud-endpoint-config")
    looked_at(phone, "live", album)
    dan.open("/stacks/dev/settings")
    area = dan.page.get_by_label("Pulumi.dev.yaml")
    area.fill(area.input_value().replace("accuracy: 0.80", "accuracy: 1.80"))
    dan.click("Check")
    dan.sees("1 mistake")
    dan.page.evaluate("scrollTo(0, 0)")
    looked_at(dan, "editor", album)
    scenario.go("preprod")
    phone.is_titled("Succeeded")
