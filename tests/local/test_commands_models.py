"""The operator's verbs on the command line: text for people in 80 columns, one JSON document for programs."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from local import operator_access
from local.aws import credentials
from local.aws.server import EmbeddedAws
from local.cli import app
from settings import read_stack_file
from tests.harness import ROOT
from tests.operations.world import MODEL, World

pytestmark = pytest.mark.stories  # whole worlds behind the command line

WIDTH = 80


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project with the dev stack, whose embedded AWS holds two approved versions, one of them in service."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    with EmbeddedAws(tmp_path / ".mlops") as aws:
        world = World(aws, read_stack_file("Pulumi.dev.yaml")).bring_up()
        world.version(status="Approved", metadata={"approved_by": "grace", "delivery_state": "InService"})
        world.version(accuracy=0.95, rate="0.3")
        world.deployed(1, at="2026-03-01T10:00:00Z", by="arn:aws:sts::1:assumed-role/lead/grace")
        world.endpoint(1)
        world.failed_event()
    return tmp_path


@pytest.fixture
def nothing_listens(monkeypatch):
    """As in a checkout without `local.delivery`: bringing stacks up has tests of its own."""
    monkeypatch.setattr(operator_access.importlib.util, "find_spec", lambda _: None)


def mlops(*words, code=0):
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


def as_json(*words, code=0):
    return json.loads(mlops(*words, "--json", code=code))


VERBS = [
    ("models", "list", "dev", "--local"),
    ("models", "show", "dev", MODEL, "--version", "1", "--local"),
    ("models", "diff", "dev", MODEL, "1", "2", "--local"),
    ("deployments", "list", "dev", "--local"),
    ("trace", "dev", MODEL, "--local"),
    ("replay", "dev", "deploy", "--dry-run", "--local"),
]


@pytest.mark.parametrize("words", VERBS, ids=lambda words: " ".join(words[:2]))
def test_looking_fits_80_columns_and_its_json_is_one_document(here, words):
    text = mlops(*words)
    assert max(len(line) for line in text.splitlines()) <= WIDTH, text
    assert "secret" not in text
    document = as_json(*words)
    assert "secret" not in json.dumps(document)


def test_a_list_shows_status_and_what_serves(here):
    text = mlops("models", "list", "dev", "--local")
    assert "serves" in text
    (model,) = as_json("models", "list", "dev", "--local")["models"]
    assert [(v["version"], v["status"]) for v in model["versions"]] == [(2, "PendingManualApproval"), (1, "Approved")]


def test_a_version_shows_who_approved_and_where_it_comes_from(here):
    text = mlops("models", "show", "dev", MODEL, "--version", "1", "--local")
    for words in ("approved by grace", "c0de1", "learning_rate", "1200 rows", "sha256:"):
        assert words in text


def test_a_comparison_shows_changes_only_and_counts_the_rest(here):
    text = mlops("models", "diff", "dev", MODEL, "1", "2", "--local")
    assert "+0.05" in text
    assert "LearningRate" in text
    assert "equal: metrics recall" in text


def test_a_trace_is_a_tree_from_endpoint_to_approver(here):
    text = mlops("trace", "dev", MODEL, "--local")
    assert [
        word for word in ("config", "model", "version", "run", "manifest", "code", "image") if word not in text
    ] == []
    assert "approved by grace" in text


def test_approving_where_nothing_listens_says_so_and_keeps_the_approval(here, nothing_listens):
    text = mlops("models", "approve", "dev", MODEL, "2", "--reason", "reviewed", "--local")
    assert "pending → approved by" in text
    assert "nothing listens" in text
    found = as_json("models", "show", "dev", MODEL, "--local")
    assert (found["version"], found["status"], found["reason"]) == (2, "Approved", "reviewed")
    again = mlops("models", "approve", "dev", MODEL, "2", "--reason", "again", "--local")
    assert "already; nothing was written" in " ".join(again.split())


def test_rejecting_is_written_too(here, nothing_listens):
    found = as_json("models", "reject", "dev", MODEL, "2", "--reason", "drifts", "--local")
    assert (found["version"]["status"], found["before"]) == ("Rejected", "PendingManualApproval")


def test_a_rollback_is_recorded_and_listed(here, nothing_listens):
    mlops("models", "approve", "dev", MODEL, "2", "--reason", "reviewed", "--local")
    text = mlops("rollback", "dev", MODEL, "--to", "2", "--reason", "better", "--local")
    assert "version 2 is wanted in place of version 1" in text
    listed = mlops("deployments", "list", "dev", "--local")
    assert "version 2, requested" in listed
    assert "better" in listed


def test_a_replay_that_no_function_takes_keeps_the_message(here, nothing_listens):
    said = as_json("replay", "dev", "deploy", "--local", code=2)
    assert "Function not found" in said["error"]
    waiting = as_json("replay", "dev", "deploy", "--dry-run", "--local")
    assert [m["outcome"] for m in waiting["functions"][0]["messages"]] == ["waiting"]


def test_what_cannot_work_is_told_without_a_trace(here, nothing_listens):
    for words, said in (
        (("models", "show", "dev", "churn", "--local"), "It has: fraud-detector"),
        (("models", "list", "staging", "--local"), "This project has: dev"),
        (("trace", "dev", "other", "--local"), "Its endpoints:"),
        (("rollback", "dev", MODEL, "--to", "9", "--reason", "r", "--local"), "does not exist"),
        (("rollback", "dev", MODEL, "--to", "2", "--reason", "r", "--local"), "only approved versions are deployed"),
    ):
        text = mlops(*words, code=2)
        assert said in text
        assert "Traceback" not in text
        assert as_json(*words, code=2)["error"]


def test_looking_changes_nothing_and_takes_no_lock(here):
    state = here / ".mlops" / "aws" / "state"
    before = state.read_bytes()
    with EmbeddedAws(here / ".mlops") as _:
        pass  # a lock that is free again
    kept = state.read_bytes()
    for words in VERBS:
        mlops(*words)
    assert state.read_bytes() == kept
    assert len(before) > 0


def test_without_local_the_usual_credentials_reach_aws_and_those_of_others_are_refused(here, tmp_path, monkeypatch):
    with EmbeddedAws(tmp_path / "aws-of-its-own") as aws:
        world = World(aws, read_stack_file("Pulumi.dev.yaml")).bring_up()
        world.version()
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.SECRET)
        for account in ("111111111111", "999999999999"):
            credentials.enable(account)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key("111111111111"))
        (model,) = as_json("models", "list", "dev")["models"]
        assert [v["version"] for v in model["versions"]] == [1], "not the versions of the folder's embedded AWS"
        text = mlops("models", "approve", "dev", MODEL, "1", "--reason", "fine")
        assert "mlops deployments list dev" in text
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key("999999999999"))
        assert "is account 111111111111" in mlops("models", "list", "dev", code=2)


def test_an_approval_and_a_replay_reach_the_stacks_real_functions(here):
    text = mlops("models", "approve", "dev", MODEL, "2", "--reason", "reviewed", "--local")
    assert "deploy in dev: accepted" in " ".join(text.split()), "the program's own rule leads to its own function"
    document = as_json("replay", "dev", "deploy", "--local")
    assert [m["outcome"] for m in document["functions"][0]["messages"]] == ["replayed"]
    assert [line for line in document["heard"] if line.startswith("deploy in dev")], "it ran after it was accepted"
