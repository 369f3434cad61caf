"""What a person sees before anything is created."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from local.cli import app
from local.dag import steps_of
from local.preview import compare, preview
from local.preview_page import page, svg
from local.render_preview import render
from settings import SettingsError
from tests.harness import ROOT, STACKS, stack_graph

BROKEN = sorted(path.parent for path in (ROOT / "tests" / "settings_errors").glob("*/expected.txt"))
shown = pytest.fixture(scope="module")(lambda: {stack: preview(stack) for stack in ("dev", "prod")})


@pytest.mark.parametrize("folder", BROKEN, ids=lambda path: path.name)
def test_a_broken_stack_file_is_refused_with_what_to_mend(folder):
    (file,) = folder.glob("Pulumi.*.yaml")
    with pytest.raises(SettingsError) as caught:
        preview(file.name.split(".")[1], folder)
    assert str(caught.value).strip() == (folder / "expected.txt").read_text().strip()


def test_a_refusal_is_a_message_and_an_exit_code_and_no_trace():
    result = CliRunner().invoke(app, ["preview", "qa"])
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert "Pulumi.qa.yaml" in result.output


def test_the_counts_are_those_of_the_graph(shown):
    expected = [r for r in stack_graph("dev") if r.custom and not r.type.startswith("pulumi:")]
    assert sum(shown["dev"].counts.values()) == len(expected)
    assert shown["dev"].root.count() == len(expected), "the tree holds every resource once"


def test_two_stacks_are_compared_by_setting_and_by_resource(shown):
    difference = compare(shown["dev"], shown["prod"])
    assert ("models.fraud-detector.gate.accuracy", 0.8, 0.9) in difference.settings
    assert ("ec2:NatGateway", "platform-network-nat-us-east-1b") in difference.only_there
    assert ("ec2:NatGateway", "platform-network-nat-us-east-1a") not in difference.only_there


def test_the_pipeline_is_shown_in_an_order_in_which_it_can_run(shown):
    steps = steps_of(shown["prod"].definitions["fraud-detector"])
    assert [step.name for step in steps] == [
        "Preprocess",
        "Train",
        "Evaluate",
        "CheckAccuracy",
        "RegisterModel",
        "Fail",
    ]
    assert {step.name: step.branch for step in steps if step.branch} == {"RegisterModel": "if", "Fail": "else"}
    assert "metrics.accuracy ≥ 0.9" in steps[3].detail


def test_steps_that_wait_for_each_other_are_refused():
    step = {"Type": "Lambda", "Arguments": {}}
    definition = {"Steps": [{**step, "Name": "A", "DependsOn": ["B"]}, {**step, "Name": "B", "DependsOn": ["A"]}]}
    with pytest.raises(ValueError, match=r"wait for each other: \['A', 'B'\]"):
        steps_of(json.dumps(definition))


def test_the_page_stands_alone_and_draws_every_step(shown):
    text = page(shown["prod"])
    assert "http" not in text, "a page that needs the network is blank on a train"
    for step in steps_of(shown["prod"].definitions["fraud-detector"]):
        assert f">{step.name}</text>" in text


def test_the_page_escapes_what_a_config_says():
    steps = steps_of(json.dumps({"Steps": [{"Name": "<script>", "Type": "Lambda", "Arguments": {}}]}))
    assert "<script>" not in svg(steps)


@pytest.mark.parametrize("stack", STACKS)
def test_json_is_all_that_json_prints(stack, tmp_path):
    target = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["preview", stack, "--json", "--page", str(target)])
    document = json.loads(result.stdout)
    assert document["stack"] == stack
    assert document["resources"] == sum(document["counts"].values())
    assert Path(document["page"]).read_text().startswith("<!doctype html>")


def test_a_definition_is_printed_as_json():
    result = CliRunner().invoke(app, ["definition", "dev", "fraud-detector", "--json"])
    assert json.loads(result.stdout)["Steps"][0]["Name"] == "Preprocess"


def test_an_unknown_model_is_told_which_there_are():
    result = CliRunner().invoke(app, ["definition", "dev", "churn"])
    assert result.exit_code == 2
    assert "stack dev has no model 'churn'; it has: fraud-detector" in result.output


def test_a_definition_is_shown_to_a_person_with_what_a_run_may_set():
    result = CliRunner().invoke(app, ["definition", "prod", "fraud-detector"])
    for expected in ("MaxIterations", "Preprocess", "metrics.accuracy ≥ 0.9", "--json"):
        assert expected in result.output


def test_what_the_plan_of_github_cannot_protect_is_said_in_the_preview(tmp_path):
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    (tmp_path / "Pulumi.dev.yaml").write_text(text.replace("plan: enterprise", "plan: team"))
    console = Console(width=300, record=True, file=StringIO())
    render(console, preview("dev", tmp_path), tree=False)
    assert "notice  github.plan team: GitHub asks no reviewers in private repositories" in console.export_text()
