"""The commands as a workflow calls them: exit codes, what is said, and the summary of the job."""

import json
from types import SimpleNamespace

import boto3
import pytest

from mlops_project import traffic
from mlops_project.__main__ import main
from mlops_project.facts import Facts, example

from .aws import VARIABLES, register

TRAFFIC = """
[[case]]
name = "one"
payload = { instances = [{ age = 42 }] }
expect = { predictions = [{ label = 1 }] }

[load]
requests = 20
threads = 2
max_p99_ms = 60000
"""


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job's workspace; returns what its summary says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.delenv("DEPLOYMENT_FACTS", raising=False)
    (tmp_path / "traffic.toml").write_text(TRAFFIC)
    return (tmp_path / "summary.md").read_text


@pytest.fixture
def endpoint(job, monkeypatch):
    """An endpoint that answers with a label; returns how to choose it."""
    example("preprod").write()
    answers = {"label": 1}
    body = SimpleNamespace(read=lambda: json.dumps({"predictions": [answers]}).encode())
    runtime = SimpleNamespace(invoke_endpoint=lambda **_: {"Body": body})
    monkeypatch.setattr(boto3, "client", lambda name, **_: runtime)
    return answers


@pytest.mark.parametrize("step", ["up", "verify", "smoke", "load"])
def test_a_step_without_facts_says_which_step_comes_before_it(job, capsys, step):
    assert main([step]) == 1
    assert "`python -m mlops_project prepare` writes it" in capsys.readouterr().err


def test_preparing_writes_the_facts_and_names_the_version_in_the_summary(job, session, monkeypatch):
    arn = register(session)
    for name, value in {**VARIABLES, "VERSION_ARN": arn}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "Session", lambda: session)
    assert main(["prepare"]) == 0
    assert Facts.read().version_arn == arn
    assert f"### preprod: version {arn}" in job()


def test_an_approval_that_is_missing_ends_the_job_without_a_trace(job, session, monkeypatch, capsys):
    for name, value in {**VARIABLES, "VERSION_ARN": register(session, status="Rejected")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "Session", lambda: session)
    assert main(["prepare"]) == 1
    shown = capsys.readouterr().err
    assert "is Rejected" in shown
    assert "Traceback" not in shown


def test_smoke_and_load_that_pass_are_in_the_summary(endpoint, job):
    assert main(["smoke"]) == main(["load"]) == 0
    assert "1 recorded requests answered as expected" in job()
    assert "20 requests, 0.00% errors, p50" in job()


def test_a_wrong_answer_ends_the_job_and_shows_neither_request_nor_answer(endpoint, capsys):
    endpoint["label"] = 0
    assert main(["smoke"]) == 1
    assert capsys.readouterr().err == "one: the answer is not the one expected\n"


def test_a_load_that_breaks_a_bound_is_measured_first_and_then_ends_the_job(endpoint, job, monkeypatch):
    def lost(*_):
        raise traffic.TrafficError("p99 900 ms, 400 ms are allowed")

    monkeypatch.setattr(traffic, "check", lost)
    assert main(["load"]) == 1
    assert "p99" in job(), "what was measured helps to say why"
