"""`make demo-project` without the minutes: a project of one repository, in dev alone, and what nobody else may do."""

import io
import json

import pytest
from rich.console import Console

from local import demo_project, project_scenes
from local.github.server import STATE
from local.project_jobs import JobError, _filled, run_tests

WIDTH = 80


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    text = io.StringIO()
    demo_project.play(Console(file=text, width=WIDTH), folder, product="model-training", stacks=("dev",), works=False)
    return folder, text.getvalue()


@pytest.mark.stories
def test_it_tells_the_story_in_80_columns_and_ends_by_saying_where_things_lie(played):
    _, text = played
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    assert (
        text.index("A lead makes a project") < text.index("mlops project show churn") < text.index("Where everything")
    )
    assert "risk-churn-training  private; mlops-platform (admin); kate-ml (maintain)" in text
    assert "docs/projects.md" in text
    assert "ghs_" not in text, "no token in what people read"


@pytest.mark.stories
def test_the_clashes_left_no_trace(played):
    folder, text = played
    assert "a project of this name exists" in " ".join(text.split())
    repositories = json.loads((folder / ".mlops" / STATE).read_text())["repositories"].values()
    bystander = next(each for each in repositories if each["name"] == "risk-ledger-training")
    assert (bystander["teams"], bystander["environments"], bystander["template_id"]) == ({}, {}, None)
    assert sum(each["name"].startswith("risk-churn") for each in repositories) == 1


def test_a_scene_that_ends_otherwise_ends_the_demonstration(tmp_path, monkeypatch, capsys):
    def play(_console):
        raise project_scenes.UnexpectedError("2 runs where one was to start")

    monkeypatch.setattr(demo_project, "play", play)
    assert demo_project.main() == 1
    assert "not as it must be: 2 runs" in capsys.readouterr().out


def test_a_jobs_expressions_are_filled_as_on_github():
    given = {"vars": {"A": "1"}, "inputs": {"environment": "dev"}, "github": {}}
    assert _filled("${{ vars.A }}-${{ inputs.environment }}${{ vars.MISSING }}", given) == "1-dev"


def test_a_failing_suite_is_told_with_its_end(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert 1 == 2\n")
    with pytest.raises(JobError, match="assert 1 == 2"):
        run_tests(tmp_path)


@pytest.mark.stories
def test_the_whole_story_ends_with_one_deployment_of_the_approved_version(tmp_path):
    text = io.StringIO()
    demo_project.play(Console(file=text, width=WIDTH), tmp_path / "demo")
    told = " ".join(text.getvalue().split())
    assert "registered, pending approval" in told
    repositories = json.loads((tmp_path / "demo" / ".mlops" / STATE).read_text())["repositories"].values()
    runs = {each["name"]: each["runs"] for each in repositories if each["runs"]}
    assert list(runs) == ["risk-churn-inference"]
    assert [run["path"] for run in runs["risk-churn-inference"]] == [".github/workflows/deploy.yml"]
