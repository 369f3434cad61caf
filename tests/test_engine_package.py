"""Other repositories use the components through the package, with the real engine, in Python and in TypeScript.

The AWS provider is a test double (tests/package/aws_double.py); engine, language hosts, component host and components
are the real ones. The generated SDKs need a library or two that pip and npm fetch; without them a test is skipped, and
fails in `make test-engine`, which skips nothing.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.harness import ROOT
from tests.package import aws_double

PROGRAMS = ROOT / "tests" / "package"
SUPPLIED = ("components", "contracts", "package")
"""What the host needs of a checkout; it is copied, so that a test fails when a component begins to need more."""


def missing(*commands: str) -> list[str]:
    return [name for name in commands if shutil.which(name) is None]


ABSENT = missing("pulumi", "pulumi-language-python")
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(ABSENT), reason=f"not on PATH: {', '.join(ABSENT)}"),
]


class Repository:
    """A repository with one Pulumi project that uses the package."""

    def __init__(self, folder: Path, *, runtime: dict, program: Path, package: Path) -> None:
        shutil.copytree(program, folder)
        (folder.parent / "state").mkdir()
        description = {"name": "fraud", "runtime": runtime, "packages": {"mlops": str(package)}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(description))
        self.folder, self.variables = folder, {}
        aws_double.install(folder.parent / "home", version("pulumi-aws"))

    def run(self, *command: str, expect: int | None = 0) -> subprocess.CompletedProcess:
        environment = {
            **os.environ,
            "PULUMI_HOME": str(self.folder.parent / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder.parent / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **self.variables,
        }
        done = subprocess.run(
            command, cwd=self.folder, env=environment, text=True, capture_output=True, check=False, timeout=300
        )
        if expect is not None:
            assert done.returncode == expect, (command, done.stdout[-4000:], done.stderr[-4000:])
        return done

    def pulumi(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess:
        return self.run("pulumi", *arguments, "--non-interactive", expect=expect)

    def preview(self) -> list[dict]:
        """The resources that a preview would create."""
        shown = json.loads(self.pulumi("preview", "--stack", "dev", "--json").stdout)
        return [step["newState"] for step in shown["steps"]]

    def fetch(self, *command: str) -> None:
        """Run an installer, and skip the test with its last words where it finds no index."""
        done = self.run(*command, expect=None)
        if done.returncode:
            pytest.skip(f"{' '.join(command[:3])} failed: {(done.stderr or done.stdout).strip()[-300:]}")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The supplied folders alone, in a checkout whose environment is this interpreter's."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in SUPPLIED:
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    plugin = checkout / "package" / "PulumiPlugin.yaml"
    description = yaml.safe_load(plugin.read_text())
    description["runtime"]["options"]["virtualenv"] = sys.prefix
    plugin.write_text(yaml.safe_dump(description))
    return checkout / "package"


@pytest.fixture(scope="module")
def python(tmp_path_factory, package):
    repository = Repository(
        tmp_path_factory.mktemp("python") / "repository",
        runtime={"name": "python", "options": {"virtualenv": sys.prefix}},
        program=PROGRAMS / "python",
        package=package,
    )
    schema, libraries = str(package / "schema.json"), str(repository.folder / "libraries")
    repository.pulumi("package", "gen-sdk", schema, "--language", "python", "--local", "--out", "sdks")
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--target", libraries)
    repository.run(*install, "--no-deps", "--no-build-isolation", "./sdks/python")
    if find_spec("parver") is None:  # what SDKs read versions with, unless the CLI is newer
        repository.fetch(*install, "parver")
    repository.variables["PYTHONPATH"] = libraries
    repository.pulumi("stack", "init", "dev")
    return repository


@pytest.fixture(scope="module")
def typescript(tmp_path_factory, package):
    if lacking := missing("node", "npm", "pulumi-language-nodejs"):
        pytest.skip(f"not on PATH: {', '.join(lacking)}")
    repository = Repository(
        tmp_path_factory.mktemp("typescript") / "repository",
        runtime={"name": "nodejs"},
        program=PROGRAMS / "typescript",
        package=package,
    )
    schema = str(package / "schema.json")
    repository.pulumi("package", "gen-sdk", schema, "--language", "nodejs", "--local", "--out", "sdks")
    repository.fetch("npm", "install", "--no-audit", "--no-fund")
    repository.pulumi("stack", "init", "dev")
    return repository


@pytest.fixture(scope="module")
def previewed(python):
    return python.preview()


def below(resources: list[dict], name: str) -> list[dict]:
    """The resources of a component, by the name of the component."""
    return [found for found in resources if found["urn"].split("::")[-1].startswith(f"{name}-")]


def named(resources: list[dict]) -> set[str]:
    """The URNs, without those of providers: only the program in Python makes its own."""
    return {found["urn"] for found in resources if not found["type"].startswith("pulumi:providers:")}


def test_a_python_program_gets_network_and_endpoint_from_the_package(previewed):
    types = {found["type"] for found in previewed}
    assert {"mlops:index:Network", "mlops:index:ModelEndpoint", "mlops:index:Encryption"} <= types
    subnets = [found for found in below(previewed, "network") if found["type"] == "aws:ec2/subnet:Subnet"]
    assert len(subnets) == 6, "two zones, three tiers"
    groups = [found for found in previewed if found["type"] == "aws:cloudwatch/logGroup:LogGroup"]
    assert [group["inputs"]["retentionInDays"] for group in groups] == [30]
    [endpoint] = [found for found in previewed if found["type"] == "aws:sagemaker/endpoint:Endpoint"]
    assert endpoint["inputs"]["name"] == "acme-fraudteam-dev-us-east-1-fraud-detector"


def test_the_urns_are_those_that_the_platform_itself_would_have(previewed):
    [vpc] = [found["urn"] for found in previewed if found["type"] == "aws:ec2/vpc:Vpc"]
    assert vpc.endswith("::mlops:index:Network$aws:ec2/vpc:Vpc::network-vpc"), (
        "a wrapper around the component would show here, and moving to the package would replace the VPC"
    )


def test_everything_below_a_component_goes_to_the_provider_that_was_handed_over(previewed):
    ours = {found["provider"].split("::")[-2] for found in previewed if found["type"].startswith("aws:")}
    assert ours == {"aws"}, "a child at a default provider would land in whatever account and region that one has"


def test_a_mistake_comes_back_as_the_property_the_rule_and_the_fix(python):
    python.pulumi("config", "set", "unit", "fraud-team", "--stack", "dev")
    try:
        done = python.pulumi("preview", "--stack", "dev", expect=None)
    finally:
        python.pulumi("config", "rm", "unit", "--stack", "dev")
    shown = done.stdout + done.stderr
    assert done.returncode != 0
    assert "property unit" in shown, shown
    assert "no hyphen" in shown, shown
    assert "components/packaged" not in shown, "a mistake in args is no crash of the package"


def test_what_is_created_is_stable_in_the_next_preview(python):
    done = python.pulumi("up", "--yes", "--stack", "dev")
    assert "created" in done.stdout
    outputs = json.loads(python.pulumi("stack", "output", "--json", "--stack", "dev").stdout)
    assert outputs["vpcId"].startswith("vpc-"), "an output of the component did not reach the program"
    python.pulumi("preview", "--expect-no-changes", "--stack", "dev")


@pytest.mark.npm
def test_a_typescript_program_gets_the_same_resources(typescript, previewed):
    resources = typescript.preview()
    assert named(resources) == named(previewed)
    inputs = {found["urn"]: found.get("inputs") for found in previewed if found["type"].startswith("aws:")}
    differing = [
        found["urn"] for found in resources if found.get("inputs") != inputs.get(found["urn"], found.get("inputs"))
    ]
    assert differing == [], "the same arguments in two languages are the same resources"
