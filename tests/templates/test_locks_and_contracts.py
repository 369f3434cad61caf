"""Locks, and the ends of contracts that templates share with the platform by value, as they cannot import it."""

import json
import re
import tomllib
from dataclasses import fields

import pytest
from mlops_project import endpoint, facts, published, variables
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from components.packaged.coordinates import Coordinates as PackagedCoordinates
from components.template_content import ROOT, available, rendered
from contracts.parameters import ParameterPaths
from contracts.version_metadata import OF_PIPELINE

every_template = pytest.mark.parametrize("name", available())


def pins(text):
    """Each pinned distribution: version and number of hashes."""
    blocks = re.findall(
        r"(?m)^([A-Za-z0-9._-]+)(?:\[.*?\])?==(\S+)[^\n]*((?:\n +--hash=sha256:[0-9a-f]{64}[ \\]*)*)", text
    )
    return {canonicalize_name(name): (version, hashes.count("--hash")) for name, version, hashes in blocks}


@every_template
def test_every_line_of_the_lock_is_a_pin_with_hashes_and_no_address(name):
    text = rendered(name, "acme")["requirements.txt"].decode()
    assert "://" not in text, "a lock that names an index works where that index is"
    other = [
        line for line in text.splitlines() if not re.match(r"[A-Za-z0-9._-]+(\[.*\])?==\S+|    --hash=sha256:", line)
    ]
    assert other == [], other
    assert all(hashes for _, hashes in pins(text).values())


@every_template
def test_the_lock_satisfies_the_project_file_and_is_what_this_suite_runs_with(name):
    files = rendered(name, "acme")
    project = tomllib.loads(files["pyproject.toml"].decode())["project"]
    locked = pins(files["requirements.txt"].decode())
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)][0]), line
    ours = pins((ROOT / "requirements-dev.txt").read_text())
    differing = {name: (v, ours[name][0]) for name, (v, _) in locked.items() if name in ours and v != ours[name][0]}
    assert differing == {}, "the tests below would prove something else than what projects install"


def test_the_arguments_of_the_endpoint_are_those_of_the_package():
    schema = json.loads((ROOT / "package/schema.json").read_text())["resources"]["mlops:index:ModelEndpoint"]
    assert {endpoint._camel(name) for name in endpoint.ARGUMENTS} == set(schema["inputProperties"])
    assert set(endpoint.OUTPUTS) == set(schema["properties"])
    given = {endpoint._camel(name) for name in facts.example("prod").of_endpoint}
    assert set(schema["requiredInputs"]) <= given


def test_templates_read_the_parameters_that_the_platform_publishes():
    paths = ParameterPaths(organisation="o", unit="u", environment="e", region="r")
    ours = (paths.private_subnet_ids, paths.job_security_group_id, paths.data_key_arn, paths.data_bucket)
    assert [f"{paths.root}/{path}" for path in published.PATHS.values()] == list(ours)


def test_the_coordinates_are_those_of_the_package():
    wanted = {name for name in vars(PackagedCoordinates) if not name.startswith("_")}
    assert {field.name for field in fields(variables.Coordinates)} == wanted


def test_a_version_of_the_training_template_says_what_every_version_of_the_platform_says():
    source = rendered("model-training", "acme")["src/training/pipeline.py"].decode()
    assert [key for key in OF_PIPELINE if f'"{key}":' not in source] == []
