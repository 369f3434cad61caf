"""Operations where the Pulumi CLI is missing: previews of the real program, and clear words for everything else."""

import os
from pathlib import Path

import pulumi
import pytest

from local import offline_worker
from local.recorder import ROOT, record
from policy.recorded import SECRET, SIGNATURE
from portal.engine import Engine
from portal.events import Diagnostic, Ended, Phase, PolicyViolation, ResourcePlanned, Summary
from portal.outcomes import Outcome, Reason, State
from portal.redaction import HIDDEN
from settings.files import parsed


@pytest.fixture
def engine(tmp_path):
    def made(root=ROOT):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        return Engine(
            root, work=tmp_path, backend=f"file://{tmp_path}", environment=environment, worker="local.offline_worker"
        )

    return made


def test_what_needs_the_engine_says_so_and_what_to_install(engine):
    outcome = engine().up("dev").wait(60)
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.NO_CLI)
    assert "https://www.pulumi.com/docs/install/" in outcome.message


def test_a_preview_that_is_cancelled_ends_at_once(engine):
    operation = engine().preview("dev")
    next(operation.events())
    operation.cancel()
    outcome = operation.wait(60)
    assert (outcome.state, outcome.reason) == (State.CANCELLED, Reason.ASKED)
    assert operation.journal.ended().outcome == outcome, "its record says so too"


def test_only_the_program_of_this_checkout_is_previewed(engine, tmp_path):
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "__main__.py").write_text("raise SystemExit('another program')\n")
    outcome = engine(tmp_path).preview("dev").wait(60)
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.NO_CLI)


class Thing(pulumi.CustomResource):
    def __init__(self, name, kind="test:index:Thing", opts=None, **properties):
        super().__init__(kind, name, properties, opts)


def test_a_recorded_graph_becomes_events_of_creations_with_secrets_hidden():
    def program():
        top = pulumi.ComponentResource("mlops:index:Top", "top")
        first = Thing("first", opts=pulumi.ResourceOptions(parent=top, protect=True), size=3, made=None)
        Thing("second", password=pulumi.Output.secret("hunter2"), of=first.id, names=["a"])

    events = list(offline_worker._planned(record(program, stack="dev", preview=True), "dev"))
    root, top, first, second = events
    assert {each.operation for each in events} == {"create"}
    assert (root.type, root.parent, top.parent) == ("pulumi:pulumi:Stack", "", root.urn)
    assert (first.parent, first.protected, first.inputs["size"]) == (top.urn, True, 3)
    assert second.inputs == {"password": HIDDEN, "of": "[unknown]", "names": ["a"]}
    assert offline_worker._shown({"deep": [{SIGNATURE: SECRET, "value": "hunter2"}]}) == {"deep": [HIDDEN]}


def test_what_breaks_a_rule_blocks():
    def program():
        Thing("open", "aws:ec2/securityGroup:SecurityGroup", ingress=[{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 22}])

    settings = parsed(ROOT / "Pulumi.dev.yaml")["config"]["mlops:settings"]
    found = list(offline_worker._violations(record(program, stack="dev", preview=True), settings))
    assert found
    assert {(each.pack, each.level) for each in found} == {("mlops", "mandatory")}
    assert {Path(each.urn.rpartition("::")[2]).name for each in found} == {"open"}


@pytest.mark.stories
def test_a_draft_is_previewed_as_the_engine_would_and_can_not_be_approved(engine):
    draft = parsed(ROOT / "Pulumi.dev.yaml")["config"]["mlops:settings"] | {"owner": "draft-people@example.com"}
    operation = engine().preview("dev", settings=draft)
    events = list(operation.events())
    outcome = operation.wait(60)
    assert outcome.state is State.SUCCEEDED, outcome
    assert outcome.fingerprint is None, "so that it can never be approved"
    assert "without the Pulumi engine" in outcome.message
    planned = [each for each in events if isinstance(each, ResourcePlanned)]
    assert outcome.counts == {"create": len(planned)}
    assert len(planned) > 300
    assert any(each.inputs.get("tags", {}).get("owner") == "draft-people@example.com" for each in planned)
    assert {Phase, Diagnostic, Summary, Ended} <= {type(each) for each in events}
    assert not [each for each in events if isinstance(each, PolicyViolation)], "the committed stacks pass the policies"
    urns = {each.urn for each in planned}
    assert {each.parent for each in planned} - {""} <= urns, "the tree is whole"


@pytest.mark.stories
def test_a_program_that_fails_ends_the_preview(engine, monkeypatch):
    wrong = parsed(ROOT / "Pulumi.dev.yaml")["config"]["mlops:settings"] | {"unit": "x" * 60}
    permissive = engine()
    monkeypatch.setattr(permissive, "_check", lambda *_: None)
    outcome = permissive.preview("dev", settings=wrong).wait(60)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.PROGRAM)
    assert "unit" in outcome.message
