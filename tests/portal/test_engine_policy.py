"""A policy pack stops the engine: what breaks a rule is named by the preview, and an update does not make it."""

import shutil
import sys

import pytest
import yaml

from portal.engine import Engine
from portal.events import PolicyViolation
from portal.outcomes import Reason, State

MISSING = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
]
PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def small(args, report):
    if args.resource_type == "cloud:index:Thing" and args.props["size"] > 10:
        report("a thing has at most size 10")

PolicyPack("sizes", [ResourceValidationPolicy(name="small", description="Nothing large.", validate=small,
                                              enforcement_level=EnforcementLevel.MANDATORY)])
"""


@pytest.fixture
def engine(world, tmp_path):
    """The engine of the tiny project, with a pack of one rule."""
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "__main__.py").write_text(PACK)
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (pack / "PulumiPolicy.yaml").write_text(yaml.safe_dump({"description": "sizes", "runtime": runtime}))
    return Engine(
        world.root,
        work=tmp_path / "work",
        backend=f"file://{world.state}",
        environment=world.environment,
        policy_packs=(pack,),
        check=lambda document, source: None,
    )


def violations(operation):
    return [event for event in operation.events() if isinstance(event, PolicyViolation)]


def test_a_preview_that_breaks_a_rule_fails_and_says_which_and_where(world, engine):
    world.things(a={"size": 11, "zone": "x"})
    preview = engine.preview("dev")
    outcome = preview.wait()
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.POLICY), outcome
    (found,) = violations(preview)
    assert (found.pack, found.policy, found.level) == ("sizes", "small", "mandatory")
    assert "at most size 10" in found.message
    assert found.urn.endswith("::a")
    assert outcome.fingerprint is None, "what is blocked cannot be approved"


def test_an_update_that_breaks_a_rule_is_not_made(world, engine):
    world.things(a={"size": 1, "zone": "x"})
    made = engine.up("dev").wait()
    assert made.state is State.SUCCEEDED, (made.message, made.diagnostics)
    world.things(a={"size": 11, "zone": "x"}, b={"size": 1, "zone": "x"})
    refused = engine.up("dev").wait()
    assert (refused.state, refused.reason) == (State.FAILED, Reason.POLICY), refused
    assert [each["size"] for each in world.there().values()] == [1], "neither the change nor anything after it"
