"""What `Engine` decides before an engine is started, and what it finds in the records of others."""

import json
import os

import pytest
import yaml

from portal import plugins, workspace
from portal.engine import Engine, RepairRefusedError
from portal.events import Heartbeat
from portal.journal import Journal
from portal.outcomes import Reason, RepairStep, State
from tests.harness import ROOT


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (root / name).write_text((ROOT / name).read_text())
    return root


@pytest.fixture
def engine(project, tmp_path):
    return Engine(project, work=tmp_path / "work", backend=f"file://{tmp_path}/state", environment={"PATH": ""})


@pytest.mark.parametrize("kind", ["preview", "up", "destroy", "refresh", "drift"])
def test_wrong_settings_never_reach_the_engine(engine, project, kind):
    file = project / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("accuracy: 0.80", "accuracy: 8").replace("10.10.0.0/16", "10.10.0.0/8"))
    operation = getattr(engine, kind)("dev")
    outcome = operation.wait(0)
    assert operation.process is None, "no process was started"
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.SETTINGS)
    assert {"network.cidr", "models.fraud-detector.gate.accuracy"} <= set(outcome.diagnostics), "every mistake at once"
    assert engine.reopen(operation.id) == outcome, "the refusal is on record"


def test_edited_settings_are_judged_instead_of_the_saved_ones(engine):
    outcome = engine.preview("dev", settings={"environment": "dev"}).wait(0)
    assert outcome.reason is Reason.SETTINGS
    assert "organisation" in outcome.message


@pytest.mark.parametrize("content", [None, "config: {}", "a: [", "[]"])
def test_a_stack_file_that_is_none_is_refused_as_settings(engine, project, content):
    file = project / "Pulumi.dev.yaml"
    file.unlink() if content is None else file.write_text(content)
    assert engine.preview("dev").wait(0).reason is Reason.SETTINGS


def test_an_unknown_operation_is_named(engine):
    with pytest.raises(LookupError, match="no record"):
        engine.reopen("20260101T000000-000000000000")


def test_repairs_that_can_do_harm_ask_first(engine):
    with pytest.raises(RepairRefusedError, match="confirm"):
        engine.repair("dev", RepairStep.CLEAR_PENDING)
    with pytest.raises(RepairRefusedError, match="confirm"):
        engine.repair("dev", RepairStep.UNLOCK)


def test_a_journal_tells_running_from_ended_and_ignores_a_line_that_was_cut_off(tmp_path):
    journal = Journal(tmp_path / "operation")
    journal.create({"id": "1"})
    assert not journal.is_held()
    journal.append(Heartbeat(sequence=1))
    (journal.folder / "events.jsonl").open("a").write('{"event": "heart')
    assert [event.sequence for event in journal.events()] == [1]
    assert journal.ended() is None
    child = os.fork()
    if child == 0:
        journal.hold()
        os._exit(0)
    os.waitpid(child, 0)
    assert not journal.is_held(), "the system lets go of the lock, however the worker ends"
    journal.hold()
    assert Journal(journal.folder).is_held()
    journal.close()


def test_plugin_versions_come_from_the_installed_packages(tmp_path):
    from importlib.metadata import version

    assert plugins.version_of("aws") == version("pulumi-aws")
    assert plugins.version_of("github") == version("pulumi-github")
    with pytest.raises(LookupError, match="pulumi-telepathy"):
        plugins.version_of("telepathy")


@pytest.mark.parametrize("place", ["attached", "path", "installed"])
def test_a_plugin_is_found_wherever_the_engine_would_find_it(tmp_path, place):
    environment = {"PATH": str(tmp_path), "PULUMI_HOME": str(tmp_path)}
    assert not plugins.is_there("aws", "7.0.0", environment)
    if place == "attached":
        environment["PULUMI_DEBUG_PROVIDERS"] = "random:1,aws:7788"
    elif place == "path":
        (tmp_path / "pulumi-resource-aws").write_text("#!/bin/sh\n")
        (tmp_path / "pulumi-resource-aws").chmod(0o755)
    else:
        (tmp_path / "plugins" / "resource-aws-v7.0.0").mkdir(parents=True)
    assert plugins.is_there("aws", "7.0.0", environment)


def test_the_engine_s_folder_points_at_the_project_and_keeps_how_secrets_are_encrypted(project, tmp_path):
    kept, folder = tmp_path / "secrets" / "dev.yaml", tmp_path / "operation" / "workspace"
    workspace.prepare(folder, project, "dev", {"config": {"a": "b"}}, kept)
    description = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    assert description["main"] == str(project)
    assert description["name"] == "mlops"
    file = folder / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump({"config": {"a": "b"}, "encryptionsalt": "v1:salt"}))
    workspace.keep_encryption(folder, "dev", kept)
    workspace.prepare(folder, project, "dev", {"config": {"a": "c"}}, kept)
    assert yaml.safe_load(file.read_text()) == {"encryptionsalt": "v1:salt", "config": {"a": "c"}}


def test_relative_places_of_a_description_start_at_the_project(tmp_path):
    description = {"name": "x", "runtime": "python", "plugins": {"providers": [{"name": "aws", "path": "./bin"}]}}
    found = workspace.described(description, tmp_path)
    assert found["plugins"]["providers"][0]["path"] == str(tmp_path / "bin")
    assert found["runtime"]["name"] == "python"
    assert json.dumps(found)
