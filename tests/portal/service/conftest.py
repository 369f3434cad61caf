"""The world of these tests, made small: four resources per stack, and stack files that are parsed in no time."""

from functools import cache

import pytest
import yaml

from tests.portal.world import ROOT, STACKS, PortalWorld

KEPT = {"vpc", "data", "fraud-detector", "fraud-endpoint"}
"""Enough to stop between, to fail at, and to differ in."""
LEFT_OUT = {"studio", "github", "projects", "catalog"}


@cache
def small(stack):
    """A stack's file without what none of these tests is about."""
    document = yaml.safe_load((ROOT / f"Pulumi.{'dev' if stack == 'sandbox' else stack}.yaml").read_text())
    settings = {k: part for k, part in document["config"]["mlops:settings"].items() if k not in LEFT_OUT}
    for model in settings["models"].values():
        model.pop("delivery", None)
    if stack == "sandbox":
        settings["unit"] = "sand"
    return yaml.safe_dump({"config": {"mlops:settings": settings}}, sort_keys=False)


def few(world):
    for stack in STACKS:
        resources = world.scenario.stacks[stack]["resources"]
        world.scenario.set(stack, resources=[each for each in resources if each["name"] in KEPT])
        (world.project / f"Pulumi.{stack}.yaml").write_text(small(stack))
    return world


@pytest.fixture
def world(tmp_path):
    with PortalWorld(tmp_path) as made:
        yield few(made)


@pytest.fixture
def still(tmp_path):
    """A world whose service was not started: what is asked for stays queued."""
    with PortalWorld(tmp_path, start=False) as made:
        yield few(made)
