"""Every kind of operation on the real engine, through workers, on a cloud that is a folder."""

import json
import os
import shutil
from importlib.metadata import version

import pytest

from portal.events import Diagnostic, Ended, Heartbeat, ResourceChanged, ResourceFailed
from portal.fingerprints import Fingerprint
from portal.outcomes import Reason, State

MISSING = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}"),
]


def named(events, kind):
    """Operation by resource name, of one kind of event."""
    return {event.urn.split("::")[-1]: event.operation for event in events if isinstance(event, kind)}


def test_preview_up_change_replace_drift_refresh_and_destroy(world):
    preview = world.engine.preview("dev")
    assert preview.wait().counts == {"create": 2}, preview.outcome.message
    assert world.there() == {}, "a preview makes nothing"
    assert {event.urn.split("::")[-1] for event in preview.planned} >= {"a", "tiny-dev"}

    assert world.up().counts == {"create": 2}
    assert world.there() == {"a-0": {"size": 1, "zone": "x"}}
    assert world.up().changes == 0, "a second run changes nothing"

    world.things(a={"size": 2, "zone": "x"})
    change = world.engine.preview("dev")
    assert change.wait().counts == {"update": 1, "same": 1}
    (planned,) = [event for event in change.planned if event.urn.endswith("::a")]
    (difference,) = planned.changes
    assert (difference.path, difference.kind, difference.old, difference.new) == ("size", "update", 1, 2)
    world.up()

    world.things(a={"size": 2, "zone": "y"})
    replacement = world.engine.preview("dev")
    assert replacement.wait().counts == {"replace": 1, "same": 1}
    assert any(event.replacing == ("zone",) for event in replacement.planned), "what makes it necessary is named"
    world.up()
    assert list(world.there()) == ["a-1"], "the old one is gone"

    (world.cloud / "a-1.json").write_text(json.dumps({"size": 99, "zone": "y"}))
    drift = world.engine.drift("dev")
    assert drift.wait().changes == 1
    (seen,) = drift.planned
    assert [(each.path, each.old, each.new) for each in seen.changes] == [("size", 2, 99)]
    assert world.engine.preview("dev").wait().changes == 0, "a look for drift does not touch the state"
    assert world.engine.refresh("dev").wait().changes == 1
    assert world.engine.preview("dev").wait().counts == {"update": 1, "same": 1}, "a refresh did"

    destroyed = world.engine.destroy("dev", remove=True).wait()
    assert (destroyed.state, destroyed.resources) == (State.SUCCEEDED, 0)
    assert world.there() == {}
    assert not list(world.state.rglob("stacks/**/dev.json")), "the stack is gone, too"
    assert world.engine.destroy("dev").wait().reason is Reason.NO_STACK


def test_a_failed_creation_is_told_and_the_next_run_resumes(world):
    world.things(a={"size": 1, "zone": "x"}, b={"size": 1, "zone": "x"}, c={"size": 1, "zone": "x"})
    world.order(fail={"b": "quota of b exceeded"})
    operation = world.engine.up("dev")
    events = list(operation.events())
    outcome = operation.outcome
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.RESOURCES), outcome
    assert any("quota of b exceeded" in each for each in outcome.diagnostics), outcome.diagnostics
    assert named(events, ResourceFailed) == {"b": "create"}
    assert named(events, ResourceChanged)["a"] == "create"
    assert isinstance(events[-1], Ended)
    assert outcome.pending == (), "a provider that answered leaves nothing in doubt"
    world.order()
    assert world.up().counts["create"] == 2, "only what was missing is made"
    assert sorted(world.there()) == ["a-0", "b-0", "c-0"]


def test_events_are_numbered_without_gaps_kept_on_disk_and_readable_from_any_place(world):
    operation = world.engine.up("dev")
    events = list(operation.events())
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert list(operation.events(after=3)) == events[3:], "a reader resumes where it was"
    assert list(operation.journal.events()) == events
    assert world.with_patience().reopen(operation.id) == operation.outcome, "another service reads the same end"


def test_up_does_what_was_approved_and_nothing_else(world):
    approved = world.engine.preview("dev").wait().fingerprint
    assert world.engine.preview("dev").wait().fingerprint == approved, "nothing differs, so the fingerprint is equal"

    world.things(a={"size": 7, "zone": "x"})
    refused = world.engine.up("dev", approved=approved).wait()
    assert (refused.state, refused.reason) == (State.FAILED, Reason.NOT_AS_APPROVED)
    assert "settings changed" in refused.message

    world.things(a={"size": 1, "zone": "x"})
    program = world.root / "__main__.py"
    text = program.read_text()
    program.write_text(text + "pulumi.export('more', 1)\n")
    assert "files of the program changed" in world.engine.up("dev", approved=approved).wait().message
    program.write_text(text)
    assert world.there() == {}, "a refusal comes before anything is made"

    done = world.engine.up("dev", approved=approved).wait()
    assert done.state is State.SUCCEEDED, (done.message, done.diagnostics)
    assert list(world.there()) == ["a-0"]
    again = world.engine.up("dev", approved=approved).wait()
    assert "another operation was here" in again.message, "an approval is used once"


def test_a_name_that_the_provider_makes_up_anew_in_each_preview_is_no_difference(world):
    world.things(a={"size": 1, "zone": "x", "named": True})
    approved = world.engine.preview("dev").wait().fingerprint
    assert approved is not None
    assert world.up(approved=approved).counts["create"] >= 1
    (made,) = world.there().values()
    assert made["label"].startswith("a-")


def test_a_plan_that_differs_is_refused_although_program_settings_and_state_are_equal(world):
    approved = world.engine.preview("dev").wait().fingerprint
    other = Fingerprint(**{**approved.to_json(), "plan": "0" * 64})
    assert "other changes" in world.engine.up("dev", approved=other).wait().message
    assert world.there() == {}


def test_edited_settings_are_previewed_before_they_are_saved(world):
    before = (world.root / "Pulumi.dev.yaml").read_text()
    world.things(a={"size": 1, "zone": "x"})
    outcome = world.engine.preview("dev", settings={"organisation": "other"}).wait()
    assert outcome.state is State.SUCCEEDED, outcome.message
    assert outcome.fingerprint.config != world.engine.preview("dev").wait().fingerprint.config
    assert (world.root / "Pulumi.dev.yaml").read_text() == before, "the engine never writes into the project"
    assert sorted(path.name for path in world.root.iterdir() if path.suffix == ".yaml") == [
        "Pulumi.dev.yaml",
        "Pulumi.yaml",
    ]


def test_a_broken_program_fails_with_its_own_words(world):
    world.config({"tiny:broken": "true"})
    operation = world.engine.preview("dev")
    assert (operation.wait().state, operation.outcome.reason) == (State.FAILED, Reason.PROGRAM)
    assert any("broken on order" in each for each in operation.outcome.diagnostics), operation.outcome
    assert any(isinstance(event, Diagnostic) for event in operation.events())


def test_no_secret_leaves_the_worker_even_if_a_provider_repeats_it(world):
    secret = "correct horse battery staple"
    assert world.pulumi("stack", "init", "dev").returncode == 0
    assert world.pulumi("config", "set", "--secret", "tiny:password", secret, "--stack", "dev").returncode == 0
    stack_file = world.root / "Pulumi.dev.yaml"
    assert secret not in stack_file.read_text()
    world.order(fail={"a": f"the password {secret} is too long"})
    failed = world.engine.up("dev")
    assert failed.wait().reason is Reason.RESOURCES, failed.outcome
    assert any("the password [secret] is too long" in each for each in failed.outcome.diagnostics)
    world.order()
    world.up()
    assert world.there()["a-0"]["password"] == secret, "the cloud got it"
    world.engine.refresh("dev").wait()
    left = [path for path in (world.folder / "work").rglob("*") if path.is_file() and secret in path.read_text()]
    assert left == [], "neither events nor requests nor logs hold it"


def test_a_worker_gives_signs_of_life_while_the_cloud_is_slow(world):
    world.order(hang=["a"])
    operation = world.engine.up("dev")
    world.hanging(operation, "a")
    last = max(event.sequence for event in operation.journal.events())
    beats = (event for event in operation.events(after=last) if isinstance(event, Heartbeat))
    assert next(beats), "the next event is no news, but it is a sign"
    world.order()
    assert operation.wait().state is State.SUCCEEDED


def test_a_missing_plugin_is_named_with_its_version_before_the_engine_starts(world):
    outcome = world.with_patience(plugins=("aws",)).preview("dev").wait()
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.NO_PLUGIN)
    assert f"pulumi plugin install resource aws v{version('pulumi-aws')}" in outcome.message
    assert not list(world.state.rglob("dev.json")), "not even the stack was made"


def test_without_a_cli_the_installer_is_tried_and_its_failure_is_clear(world, tmp_path, unused_port):
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "git").symlink_to(shutil.which("git") or os.devnull)
    world.environment |= {"PATH": str(bare), "https_proxy": f"http://127.0.0.1:{unused_port}"}
    outcome = world.with_patience().preview("dev").wait()
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.NO_CLI)
    assert "not on PATH" in outcome.message
    assert "refused" in outcome.message, outcome.message
    assert "https://www.pulumi.com/docs/install/" in outcome.message, "it says what to do by hand"
