"""The portal on the real engine: preview, approve, deploy, drift; what was not approved is refused; policies block."""

import asyncio
import shutil
import sys
import textwrap

import pytest
import yaml

from portal.configuration import parse
from portal.operation import Patience
from portal.outcomes import Reason, State
from portal.service.errors import ConflictError
from portal.service.portal import Portal
from tests import coroutines
from tests.portal.world import QUICK, PortalWorld, SetClock

MISSING = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
]


@pytest.fixture
def portal(world, tmp_path):
    """A portal whose only stack is the tiny project's; somebody else has to approve there."""
    settings = parse(
        {
            "url": "http://127.0.0.1:8080",
            "project": str(world.root),
            "work": str(tmp_path / "work"),
            "backend": f"file://{world.state}",
            "database": f"sqlite:///{tmp_path / 'portal.db'}",
            "login": {"issuer": "http://127.0.0.1:9/issuer", "client_id": "portal"},
            "roles": {"role": [{"claim": "groups", "value": "x", "role": "viewer"}]},
            "stacks": {"dev": {"approvals": 1, "by_others": True}},
            "plugins": [],
        },
        source="portal.toml",
        folder=tmp_path,
    ).model_copy(update={"environment": tuple(world.environment)})  # the tiny cloud's folder is one of them
    made = Portal(
        settings,
        clock=SetClock(),
        timing=QUICK,
        environment=world.environment,
        patience=Patience(deadline=120, grace=20, silence=30),
        check=lambda document, source: None,
    )
    made.start()
    yield made
    made.stop()


def ended(portal, record):
    """Wait for an operation's end as a watcher does."""

    async def watch():
        async for event in portal.feed.events(record.id):
            if event["event"] == "ended":
                return

    coroutines.run(asyncio.wait_for(watch(), 120))
    return portal.operations.get(PortalWorld.viewer, record.id)


def test_what_one_person_previews_another_approves_and_exactly_that_is_deployed(world, portal):
    preview = ended(portal, portal.operations.preview(PortalWorld.developer, "dev", "first"))
    assert preview.outcome.state is State.SUCCEEDED, preview.outcome
    plan = portal.operations.plan(PortalWorld.viewer, preview.id)
    assert plan.counts["create"] >= 1
    with pytest.raises(ConflictError, match="1 more approval"):
        portal.operations.up(PortalWorld.developer, preview.id)
    portal.operations.approve(PortalWorld.approver, preview.id, "looks right")
    up = ended(portal, portal.operations.up(PortalWorld.developer, preview.id))
    assert up.outcome.state is State.SUCCEEDED, up.outcome
    assert list(world.there()) == ["a-0"]
    view = portal.stacks.get(PortalWorld.viewer, "dev")
    assert view.health.value == "ok"
    assert view.last_deploy.id == up.id

    drift = ended(portal, portal.operations.check_drift(PortalWorld.developer, "dev"))
    assert drift.outcome.state is State.SUCCEEDED
    assert not portal.stacks.get(PortalWorld.viewer, "dev").drift.drifted


def test_what_changed_after_the_approval_is_not_deployed(world, portal):
    preview = ended(portal, portal.operations.preview(PortalWorld.developer, "dev"))
    portal.operations.approve(PortalWorld.approver, preview.id)
    world.things(a={"size": 2, "zone": "x"})  # the stack file, behind the portal's back
    up = ended(portal, portal.operations.up(PortalWorld.developer, preview.id))
    assert (up.outcome.state, up.outcome.reason) == (State.FAILED, Reason.NOT_AS_APPROVED), up.outcome
    assert world.there() == {}


def test_a_violation_of_a_policy_blocks_the_preview_and_so_the_approval(world, portal):
    pack = world.root / "policy"
    pack.mkdir()
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (pack / "PulumiPolicy.yaml").write_text(yaml.safe_dump({"description": "for a test", "runtime": runtime}))
    (pack / "__main__.py").write_text(
        textwrap.dedent(
            """
            from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

            def refuse(args, report):
                if args.name == "a":
                    report("no a here")

            PolicyPack("test", policies=[ResourceValidationPolicy(
                name="no-a", description="no a", validate=refuse, enforcement_level=EnforcementLevel.MANDATORY)])
            """
        )
    )
    preview = ended(portal, portal.operations.preview(PortalWorld.developer, "dev"))
    assert (preview.outcome.state, preview.outcome.reason) == (State.FAILED, Reason.POLICY), preview.outcome
    (finding,) = portal.operations.plan(PortalWorld.viewer, preview.id).findings
    assert "no a here" in str(finding)
    with pytest.raises(ConflictError):
        portal.operations.approve(PortalWorld.approver, preview.id)
