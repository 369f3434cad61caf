"""What is asked of the Pulumi CLI; a stand-in on PATH writes down how it is called."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_project import stack
from mlops_project.facts import example
from mlops_project.variables import VariableError

STAND_IN = """#!{python}
import json, os, sys
words = [word for word in sys.argv[1:] if word != "--non-interactive"]
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps([words, os.environ["PULUMI_BACKEND_URL"], os.environ["PULUMI_CONFIG_PASSPHRASE"]]) + "\\n")
if words[:2] == ["stack", "ls"]:
    print(os.environ["STACKS"])
elif words[:2] == ["stack", "output"]:
    print(json.dumps({{"endpoint_name": "acme-ml-prod-us-east-1-example", "endpoint_config_name": "c"}}))
elif words[0] == "preview":
    facts = json.load(open(os.environ["DEPLOYMENT_FACTS"]))
    alone = not any(name.startswith("AWS_") for name in os.environ)
    print(f"seen without AWS: {{alone}}, facts for {{facts['environment']}}, offline {{os.environ['MLOPS_OFFLINE']}}")
elif words[:2] == ["stack", "init"] and os.environ["PULUMI_BACKEND_URL"].startswith("file:"):
    open(f"Pulumi.{{words[2]}}.yaml", "a").write("encryptionsalt: written by Pulumi")
elif words[0] == "up" and os.environ.get("FAIL"):
    sys.exit(255)
"""


@pytest.fixture
def cli(tmp_path):
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    calls = tmp_path / "calls"
    environ = {"PATH": str(program.parent), "CALLS": str(calls), "STACKS": "[]", "STATE_BUCKET": "acme-state"}
    return environ, lambda: [json.loads(line) for line in calls.read_text().splitlines()]


def test_the_first_deployment_makes_the_stack_without_a_key_of_its_own(cli):
    environ, calls = cli
    assert stack.up(example("prod"), environ)["endpoint_config_name"] == "c"
    words = [found for found, *_ in calls()]
    assert words[1] == ["stack", "init", "prod", "--secrets-provider", "passphrase"]
    assert words[2] == ["up", "--stack", "prod", "--yes", "--diff", "--suppress-outputs"]
    backend = "s3://acme-state/projects/example?region=us-east-1&awssdk=v2"
    assert {found for _, found, _ in calls()} == {backend}, "the state is in the project's part of the bucket"
    assert {found for *_, found in calls()} == {""}, "the platform's key refuses Pulumi, and there is no secret to keep"


def test_a_later_deployment_takes_the_stack_that_is_there(cli):
    environ, calls = cli
    stack.up(example("prod"), {**environ, "STACKS": '[{"name": "organization/realtime-inference/prod"}]'})
    assert calls()[1][0] == ["stack", "select", "prod"]


def test_an_update_that_fails_ends_the_step(cli):
    with pytest.raises(stack.PulumiError, match="`pulumi up --stack` ended with 255"):
        stack.up(example("prod"), {**cli[0], "FAIL": "yes"})


def test_an_endpoint_of_another_name_than_callers_know_is_told(cli):
    with pytest.raises(stack.PulumiError, match="callers and tests would ask another one"):
        stack.up(replace(example("prod"), endpoint_name="other"), cli[0])


def test_without_a_state_bucket_nothing_is_called(cli):
    with pytest.raises(VariableError, match="STATE_BUCKET"):
        stack.up(example("prod"), {**cli[0], "STATE_BUCKET": ""})


def test_a_cli_that_is_not_there_is_told(tmp_path):
    with pytest.raises(stack.PulumiError, match="not on PATH"):
        stack.pulumi(["version"], {"PATH": str(tmp_path)})


class TestPreview:
    """What is asked for, and what may not be known there."""

    @pytest.fixture
    def shown(self, cli, tmp_path, monkeypatch):
        repository = tmp_path / "repository"
        (repository / "mlops_project").mkdir(parents=True)
        for name in ("Pulumi.yaml", "Pulumi.prod.yaml", "__main__.py"):
            (repository / name).write_text(name)
        for name, value in {**cli[0], "AWS_SESSION_TOKEN": "of a person"}.items():
            monkeypatch.setenv(name, value)
        return stack.preview(example("prod"), repository), cli[1](), repository

    def test_it_shows_what_the_cli_prints(self, shown):
        assert shown[0] == "seen without AWS: True, facts for prod, offline true\n"

    def test_its_state_is_a_folder_that_is_gone_afterwards(self, shown):
        assert [words[:2] for words, *_ in shown[1]] == [["stack", "init"], ["preview", "--stack"]]
        ((backend,),) = [{backend for _, backend, _ in shown[1]}]
        assert backend.startswith("file://")
        assert not Path(backend.removeprefix("file://")).exists()

    def test_the_repository_stays_as_it_is(self, shown):
        found = sorted(path.name for path in shown[2].iterdir())
        assert found == ["Pulumi.prod.yaml", "Pulumi.yaml", "__main__.py", "mlops_project"]
        assert (shown[2] / "Pulumi.prod.yaml").read_text() == "Pulumi.prod.yaml"
