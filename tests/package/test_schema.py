"""What the host tells the engine: the schema, committed as `package/schema.json`."""

import ast
import json
import re
import subprocess
import sys

import grpc
import pytest
import yaml
from pulumi.provider.experimental.util import camel_case
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from components.packaged import COMPONENTS, NAME, VERSION
from components.packaged.coordinates import ENVIRONMENTS
from components.packaged.host import PackageProvider
from settings.models import Environment, Nat
from tests.harness import ROOT
from tests.package import requirements

PACKAGE = ROOT / "package"


@pytest.fixture(scope="module")
def schema():
    return json.loads(PackageProvider().schema)


def test_the_committed_schema_is_what_the_components_say():
    current = PackageProvider().pretty_schema
    assert (PACKAGE / "schema.json").read_text() == current, (
        "other repositories see this file's difference as their interface's: read it, then "
        "`.venv/bin/python package schema > package/schema.json`"
    )


def test_the_host_process_answers_with_that_schema():
    """As the engine does it: start the folder as a program, read the port, ask."""
    command = [sys.executable, str(PACKAGE), "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PACKAGE) as host:
        try:
            port = int(host.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                answer = stub.GetSchema(provider_pb2.GetSchemaRequest(), timeout=30).schema
        finally:
            host.terminate()
    assert json.loads(answer) == json.loads(PackageProvider().schema)


def test_every_component_has_its_token_and_every_field_a_description(schema):
    assert set(schema["resources"]) == {f"{NAME}:index:{component.__name__}" for component in COMPONENTS}
    silent = [
        f"{token}.{name}"
        for token, resource in schema["resources"].items()
        for kind in ("inputProperties", "properties")
        for name, found in resource[kind].items()
        if not found.get("description")
    ]
    assert silent == [], "the SDKs carry these descriptions into editors"


def test_only_fields_without_a_default_are_required(schema):
    network = schema["resources"]["mlops:index:Network"]
    assert network["requiredInputs"] == sorted(
        ["organisation", "unit", "environment", "region", "account", "cidr", "zones", "logsKeyArn"]
    )


def test_what_decides_the_resources_is_plain_and_ids_may_wait(schema):
    network = schema["resources"]["mlops:index:Network"]["inputProperties"]
    assert network["zones"]["plain"]
    assert network["zones"]["items"]["plain"]
    assert not network["logsKeyArn"].get("plain")
    endpoint = schema["resources"]["mlops:index:ModelEndpoint"]["inputProperties"]
    assert not endpoint["securityGroupIds"]["items"].get("plain"), "a list of ids may hold a new group's id"
    assert not endpoint["environmentVariables"]["additionalProperties"].get("plain")


def test_the_package_has_the_version_of_the_project():
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()


def test_the_words_of_the_settings_are_those_of_the_package():
    assert tuple(Environment) == ENVIRONMENTS
    found = json.loads(PackageProvider().schema)["types"]["mlops:index:NatMode"]["enum"]
    assert [entry["value"] for entry in found] == list(Nat)


def test_the_plugin_file_stands_alone_and_names_the_checkouts_environment():
    plugin = yaml.safe_load((PACKAGE / "PulumiPlugin.yaml").read_text())
    assert plugin["runtime"] == {"name": "python", "options": {"virtualenv": "../.venv"}}
    assert not (PACKAGE / "Pulumi.yaml").exists(), "Pulumi refuses a folder with both files"


def test_the_documents_example_uses_arguments_that_exist(schema):
    text = (ROOT / "docs/using-the-components.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    calls = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Call)]
    made = {call.func.attr: call for call in calls if ast.unparse(call.func).startswith("mlops.")}
    assert set(made) == {"ModelEndpoint"}
    for kind, call in made.items():
        resource = schema["resources"][f"mlops:index:{kind}"]
        given = {camel_case(keyword.arg) for keyword in call.keywords if keyword.arg} - {"opts"}
        assert given <= set(resource["inputProperties"]), "a reader who copies it gets a TypeError"
        coordinates = {"organisation", "unit", "environment", "region", "account"}
        assert set(resource["requiredInputs"]) <= given | coordinates, "the example leaves something out"


def test_the_hosts_requirements_are_the_projects_own_pins():
    assert (PACKAGE / "requirements.txt").read_text() == requirements.text(), (
        "`.venv/bin/python -m tests.package.requirements > package/requirements.txt`"
    )
