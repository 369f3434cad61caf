"""The three stack files, the files with one mistake each, and the schema by which an editor checks them."""

import json
import subprocess
import sys

import jsonschema
import pytest
import yaml

from contracts import ranges, tags
from settings import StackSettings, read_stack_file
from settings.files import stack_file_schema
from tests.settings_errors.changes import ROOT

STACKS = ("dev", "preprod", "prod")
SCHEMA = ROOT / "docs/reference/stack-settings.schema.json"
BROKEN = sorted((ROOT / "tests/settings_errors").glob("*/Pulumi.*.yaml"))


@pytest.fixture(scope="module")
def stacks():
    return {stack: read_stack_file(ROOT / f"Pulumi.{stack}.yaml") for stack in STACKS}


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_stack_files_carry_the_agreed_values(stacks):
    carried = {
        name: (
            stack.region,
            stack.account,
            stack.models["fraud-detector"].gate.accuracy,
            stack.models["fraud-detector"].schedule,
            stack.models["fraud-detector"].image,
            stack.models["fraud-detector"].approval.value,
            stack.retains_data,
        )
        for name, stack in stacks.items()
    }

    assert carried == {
        "dev": ("us-east-1", "111111111111", 0.80, "cron(0 6 * * ? *)", "dev", "automatic", False),
        "preprod": ("us-east-1", "222222222222", 0.85, "cron(0 4 * * ? *)", "v2.1.0", "manual", False),
        "prod": ("us-east-1", "333333333333", 0.90, "cron(0 2 * * ? *)", "v2.1.0", "manual", True),
    }, "the thresholds, schedules and images are a decision, not a default"


def test_what_the_environments_share_is_the_same_in_all_three_files(stacks):
    shared = {
        (stack.organisation, stack.unit, stack.accounts, stack.owner, stack.cost_center, stack.single_account)
        for stack in stacks.values()
    }

    assert len(shared) == 1, "names and trust across accounts are computed from these values in each stack"


def test_the_environments_use_address_ranges_that_do_not_overlap(stacks):
    assert len({stack.network.cidr for stack in stacks.values()}) == len(STACKS), "or they could never be peered"


def test_a_model_reads_the_prefix_that_is_set_or_its_own(stacks):
    dev = stacks["dev"]
    unset = dev.model_copy(
        update={"models": {"churn": dev.models["fraud-detector"].model_copy(update={"input_prefix": None})}}
    )

    assert dev.input_prefix("fraud-detector") == "latest/"
    assert unset.input_prefix("churn") == "churn/latest/"


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_names_its_schema_first_and_the_schema_accepts_it(stack, validator):
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    first = text.splitlines()[0]

    assert first == "# yaml-language-server: $schema=docs/reference/stack-settings.schema.json", (
        "an editor looks for the schema in the first line"
    )
    assert not list(validator.iter_errors(yaml.safe_load(text)))


def test_the_committed_schema_is_what_the_models_give():
    assert SCHEMA.read_text() == stack_file_schema(), (
        "run: python -m settings schema > docs/reference/stack-settings.schema.json"
    )


def test_every_field_of_the_schema_says_what_it_means():
    definitions = json.loads(SCHEMA.read_text())["$defs"]
    silent = [
        f"{name}.{field}"
        for name, definition in definitions.items()
        for field, schema in definition.get("properties", {}).items()
        if not schema.get("description")
    ]

    assert not silent, "a field without a description is a riddle in the editor"
    assert all(definition.get("description") for definition in definitions.values())


def test_every_field_of_the_settings_is_in_the_schema():
    properties = json.loads(SCHEMA.read_text())["$defs"]["StackSettings"]["properties"]

    assert set(properties) == set(StackSettings.model_fields)


def test_there_is_a_broken_file_for_each_kind_of_mistake():
    assert len(BROKEN) >= 9, "the list of the design has nine kinds"


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.parent.name)
def test_a_broken_stack_file_gives_its_teaching_error_and_no_traceback(file):
    done = subprocess.run(
        [sys.executable, "-m", "settings", "check", str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1, "a build must stop here"
    assert done.stdout == ""
    assert done.stderr.rstrip("\n") == (file.parent / "expected.txt").read_text().rstrip("\n")


@pytest.mark.parametrize("kind", ["unknown_key", "threshold", "region", "schedule_form", "name"])
def test_an_editor_sees_the_mistake_too(kind, validator):
    (file,) = (ROOT / "tests/settings_errors" / kind).glob("Pulumi.*.yaml")

    assert list(validator.iter_errors(yaml.safe_load(file.read_text()))), "the schema should say what it can say"


def test_the_range_rule_is_the_one_of_the_subnet_plan():
    subnet_plan = pytest.importorskip("components.subnet_plan")

    assert ranges.NARROWEST_PREFIX == subnet_plan.SMALLEST_VPC_PREFIX, "settings would promise what the plan refuses"


def test_every_tag_that_the_platform_sets_is_reserved(stacks):
    component_tags = pytest.importorskip("components.tags")

    assert set(component_tags.model_tags(stacks["dev"], "fraud-detector")) <= set(tags.RESERVED_KEYS), (
        "a stack's own tag of that name would silently lose"
    )
