"""`mlops up --local` without an engine: what it refuses, and what its embedded AWS keeps."""

import io
import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from typer.testing import CliRunner

from local.aws.server import EmbeddedAws
from local.cli import app
from local.engine_functions import DeployedFunctions, kept
from tests.harness import ROOT

ACCOUNT, REGION = "111111111111", "us-east-1"


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("function.py", "def handler(event, context): return event")
    return buffer.getvalue()


def test_up_without_local_is_refused_with_what_deploys_to_aws():
    done = CliRunner().invoke(app, ["up", "dev"])
    assert done.exit_code == 2
    assert "pulumi up --stack dev" in done.output


def test_wrong_settings_end_the_command_before_anything_is_started(tmp_path, monkeypatch):
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.dev.yaml").write_text(
        (ROOT / "Pulumi.dev.yaml").read_text().replace("accuracy: 0.80", "accuracy: 8")
    )
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["up", "dev", "--local"])
    assert done.exit_code == 2, done.output
    assert "models.fraud-detector.gate.accuracy" in done.output
    assert not (tmp_path / ".mlops").exists()


def test_without_cli_the_command_says_what_is_missing_and_names_the_demo(tmp_path, monkeypatch, unused_port):
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{unused_port}")
    done = CliRunner().invoke(app, ["up", "dev", "--local"])
    assert done.exit_code == 1, done.output
    assert "the Pulumi CLI is not on PATH" in done.output
    assert "make demo" in done.output


def test_functions_and_layers_are_there_in_the_next_command(tmp_path):
    with EmbeddedAws(tmp_path) as aws, kept(tmp_path / "functions"):
        role = aws.client("iam", ACCOUNT, REGION).create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"][
            "Arn"
        ]
        functions = aws.client("lambda", ACCOUNT, REGION)
        layer = functions.publish_layer_version(LayerName="layer", Content={"ZipFile": archive()})["LayerVersionArn"]
        functions.create_function(
            FunctionName="f", Runtime="python3.12", Role=role, Handler="function.handler", Code={"ZipFile": archive()},
            Layers=[layer],
        )  # fmt: skip
    with EmbeddedAws(tmp_path) as aws, kept(tmp_path / "functions"):
        functions = aws.client("lambda", ACCOUNT, REGION)
        assert functions.get_function(FunctionName="f")["Configuration"]["Layers"][0]["Arn"] == layer
        functions.update_function_configuration(FunctionName="f", MemorySize=256)
        functions.delete_function(FunctionName="f")
        assert functions.list_functions()["Functions"] == []


@pytest.fixture
def deployed(tmp_path):
    """A client of Lambda whose functions `one` and `two` run when they are invoked."""
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda"}}]}
    with EmbeddedAws(tmp_path) as aws:
        DeployedFunctions(aws)
        iam, functions = (aws.client(service, ACCOUNT, REGION) for service in ("iam", "lambda"))
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        for name, seconds in (("one", 60), ("two", 1)):
            functions.create_function(
                FunctionName=name, Runtime="python3.12", Role=role, Handler="tests.portal.echo_function.handler",
                Code={"ZipFile": archive()}, Environment={"Variables": {"MODE": name}}, Timeout=seconds,
            )  # fmt: skip
        yield functions


def invoked(functions, name, event):
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def test_functions_that_the_engine_invokes_at_once_run_apart_from_each_other_and_from_this_process(deployed, tmp_path):
    before = dict(os.environ)
    first, second = tmp_path / "first", tmp_path / "second"
    events = [{"write": str(first), "wait_for": str(second)}, {"write": str(second), "wait_for": str(first)}]
    with ThreadPoolExecutor(2) as pool:  # neither ends before the other one has begun
        answers = list(pool.map(lambda event: invoked(deployed, "one", event), events))
    for found, error in answers:
        assert error is None, found
        assert (found["name"], found["mode"]) == ("one", "one")
        assert found["arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:one"
        assert found["home"] is None, "nothing of this process's environment is a function's"
        assert 0 < found["milliseconds"] <= 60_000
    assert dict(os.environ) == before


def test_a_function_s_error_and_its_timeout_are_answers(deployed, tmp_path):
    found, error = invoked(deployed, "one", {"raise": "on order"})
    assert (found, error) == ({"errorMessage": "on order", "errorType": "ValueError"}, "Unhandled")
    found, error = invoked(deployed, "two", {"wait_for": str(tmp_path / "never")})
    assert error == "Unhandled"
    assert "timed out after 1 seconds" in found["errorMessage"]
