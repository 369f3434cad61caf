"""A preview of the real engine, made a view: what it reports is what the view takes for granted."""

import pytest

from portal.events import ResourcePlanned
from portal.plan.resources import resources
from tests.portal.plan.events import view

pytestmark = pytest.mark.engine

BEFORE = {
    "kept": {"size": 1, "zone": "x"},
    "changed": {"size": 1, "zone": "x", "tags": {"a b": "1", "gone": "2"}, "rules": ["one", "two", "three"]},
    "moved": {"size": 1, "zone": "x"},
    "removed": {"size": 1, "zone": "x"},
}
AFTER = {
    "kept": {"size": 1, "zone": "x"},
    "changed": {"size": 2, "zone": "x", "tags": {"a b": "3", "new": "4"}, "rules": ["one", "zwei"]},
    "moved": {"size": 1, "zone": "y"},
    "added": {"size": 1, "zone": "x"},
}


def test_a_real_preview_gives_one_node_per_resource_and_the_inputs_before(world):
    world.things(**BEFORE)
    world.up()
    world.things(**AFTER)
    preview = world.engine.preview("dev")
    events = [event for event in preview.events() if isinstance(event, ResourcePlanned)]
    preview.wait()
    found = {each.name: each for each in resources(events)}
    operations = {name: found[name].operation for name in BEFORE | AFTER}
    assert operations == {
        "kept": "same", "changed": "update", "moved": "replace", "removed": "delete", "added": "create",
    }  # fmt: skip
    for name in ("kept", "changed", "moved"):
        before = {key: value for key, value in found[name].before.items() if not key.startswith("__")}
        assert before == BEFORE[name], f"{name}, from {found[name].changes}"
    assert view(*events).counts["replace"] == 1
