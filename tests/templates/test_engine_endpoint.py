"""The deployment template with the real engine: state in S3, no secret in it, and the platform's package.

AWS is moto on loopback; the AWS provider is a test double (tests/package/aws_double.py).
"""

import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import boto3
import pytest
from mlops_project.facts import example
from moto.server import ThreadedMotoServer

from components.template_content import ROOT
from tests.package import aws_double
from tests.templates.conftest import python, write

ABSENT = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(ABSENT), reason=f"not on PATH: {', '.join(ABSENT)}"),
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The repository after the action `mlops-package`, with this interpreter's environment as both of its own."""
    folder = write("realtime-inference", tmp_path_factory.mktemp("endpoint") / "repository")
    package = write("workflows", folder.parent / "workflows") / "actions" / "mlops-package"
    for name in ("package", "components", "contracts"):
        shutil.copytree(package / name, folder / ".platform" / name)
    for place in (folder, folder / ".platform"):
        (place / ".venv").symlink_to(sys.prefix)
    aws_double.install(folder.parent / "home", version("pulumi-aws"))
    return folder


def run(repository, *words, **variables):
    done = python(
        repository,
        "-m",
        "mlops_project",
        *words,
        PULUMI_HOME=str(repository.parent / "home"),
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION="true",
        **variables,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_a_preview_shows_what_prod_would_get_without_credentials_and_leaves_no_trace(repository):
    before = (repository / "Pulumi.prod.yaml").read_bytes()
    shown = run(repository, "preview", "prod")
    assert "+ mlops:index:ModelEndpoint: (create)" in shown
    assert "+ aws:sagemaker/endpoint:Endpoint: (create)" in shown, "a reader sees what is inside the component"
    assert "CANARY" in shown
    assert "modelDataUrl" in shown
    assert (repository / "Pulumi.prod.yaml").read_bytes() == before, "Pulumi writes keys into the stack's file"


@pytest.fixture
def aws(monkeypatch):
    """S3 on loopback, and the variables that lead there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    values = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    yield values
    server.stop()


def test_a_deployment_keeps_its_state_in_the_projects_place_and_a_new_checkout_changes_nothing(repository, aws):
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="acme-state")
    example("preprod").write(repository / "deployment.json")
    fresh = (repository / "Pulumi.preprod.yaml").read_bytes()
    summary = repository / "summary.md"
    variables = {**aws, "STATE_BUCKET": "acme-state", "GITHUB_STEP_SUMMARY": str(summary)}
    run(repository, "up", **variables)
    assert "endpoint `acme-ml-preprod-us-east-1-example`" in summary.read_text()
    keys = {found["Key"] for found in s3.list_objects_v2(Bucket="acme-state")["Contents"]}
    assert all(found.startswith("projects/example/.pulumi/") for found in keys), (
        "the bucket is not this project's alone"
    )
    assert not [found for found in keys if "/locks/" in found], "the next deployment would wait for ever"
    place = "projects/example/.pulumi/stacks/realtime-inference/preprod.json"
    state = json.loads(s3.get_object(Bucket="acme-state", Key=place)["Body"].read())
    assert state["checkpoint"]["latest"]["secrets_providers"]["type"] == "passphrase", "the data key refuses Pulumi"
    secret = "1b47061264138c4ac30d75fd1eb44270"  # by it Pulumi marks a secret in a state
    assert secret not in json.dumps(state), "the empty passphrase is right only while there is no secret"

    (repository / "Pulumi.preprod.yaml").write_bytes(fresh)  # what Pulumi wrote there is gone with the runner
    assert "8 unchanged" in run(repository, "up", **variables)


def test_the_action_installs_what_it_copies():
    script = (ROOT / "templates/workflows/actions/mlops-package/action.yml").read_text()
    assert os.fspath(Path("package") / "requirements.txt") in script
    assert (ROOT / "package" / "requirements.txt").is_file()
