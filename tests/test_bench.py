"""The table of `make bench`, from numbers that were written down: nothing is measured here."""

import copy
import io

import pytest
from rich.console import Console

from bench.environment import size
from bench.rows import TIMES, rows
from bench.run_cold_start import FUNCTIONS
from bench.scenarios import ROOT, raw_settings, used_aws_classes
from bench.table import render
from bench.terraform_stack import configuration, snake, terraform_type
from bench.tools import TERRAFORM_PLUGINS, missing
from local.recorder import record
from settings import load_settings


def program(seconds, *, peak_mb=150.0):
    phases = {"imports": seconds / 2, "settings": 0.01, "definitions": seconds / 4, "registration": seconds / 4}
    return {"seconds": seconds, "cpu": 1.5 * seconds, "peak_mb": peak_mb, "phases": phases}


COLD_STARTS = {"boto3": {"seconds": 0.2}} | {name: {"seconds": 0.5} for name in FUNCTIONS}
ROUND = {
    "cold starts": COLD_STARTS,
    "bare": {"seconds": 0.8, "cpu": 0.8},
    "bare uncollected": {"seconds": 0.6, "cpu": 0.6},
    "none": program(1.0),
    "one cold": program(1.5, peak_mb=165.0),
    "one warm": program(1.05),
    "hundred cold": program(6.0),
    "hundred warm": program(2.0),
}
MEASURED = {
    "rounds": [ROUND, ROUND, {**ROUND, "one warm": program(9.0)}],
    "runs": [
        {
            "seconds": 10.0,
            "steps": {
                "Train": {"seconds": 4.0, "process_seconds": 3.7},
                "CheckAccuracy": {"seconds": 0.02, "process_seconds": 0.0},
            },
        }
    ],
    "engine": {
        "preview": [6.0, 9.0, 6.0],
        "plan": [4.0, 4.0, 4.0],
        "registered": 414,
        "resources": 349,
        "planned": 349,
    },
    "environment": {
        "megabytes": 700.4,
        "distributions": 128,
        "largest": {"pulumi-aws": 119.3},
        "left_out": ["mlflow"],
        "left_out_but_installed": [],
    },
}
FACTS = {"python": "3.11.7", "system": "Linux x86_64", "cores": 2, "load": 0.5, "versions": {"pulumi": "3.272.0"}}


def by_name(measured):
    return {row.what: row for row in rows(measured)}


def test_every_bound_of_the_issue_is_in_the_table_with_its_verdict():
    found = {row.what: (round(row.value, 2), row.bound, row.holds) for row in rows(MEASURED) if row.bound is not None}
    assert found == {
        "1 model cold / no model": (1.5, 1.8, True),
        "1 model warm / no model": (1.05, 1.1, True),
        "100 models cold / 1 model cold": (4.0, 5.0, True),
        "100 models warm / 1 model warm": (1.9, 2.0, True),
        "peak memory, 1 model cold / no model": (1.1, 1.3, True),
        "no model / bare import of pulumi and its AWS modules": (1.25, 1.5, True),
        "beyond the step's process, mean of the steps": (0.16, 0.2, True),
        "beyond the step's process, worst step": (0.3, 0.2, False),
        "left out by overrides, yet installed": (0, 0, True),
    }


def test_one_slow_round_does_not_move_a_ratio():
    assert by_name(MEASURED)["1 model warm / no model"].value == 1.05, "the third round took nine seconds"


def test_a_missed_bound_is_told_as_such():
    slow = copy.deepcopy(MEASURED)
    for one in slow["rounds"]:
        one["one cold"] = program(1.9)
    assert by_name(slow)["1 model cold / no model"].holds is False
    wrong = {**MEASURED, "environment": {**MEASURED["environment"], "left_out_but_installed": ["mlflow"]}}
    assert by_name(wrong)["left out by overrides, yet installed"].holds is False


def test_each_functions_cold_start_is_told_beside_boto3s():
    found = by_name(MEASURED)
    for name in ("deploy", "promote", "verify", "sweep"):
        row = found[f"{name} / boto3 alone"]
        assert (round(row.value, 2), row.bound, row.note) == (2.5, None, "0.50 s / 0.20 s")


def test_what_is_measured_are_all_functions_of_delivery():
    assert {path.parent.name for path in (ROOT / "lambda_src").glob("*/handler.py")} == set(FUNCTIONS)


@pytest.mark.parametrize("width", [170, 100])
def test_the_table_can_be_read(width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render(rows(MEASURED), FACTS, 3))
    text = console.export_text()
    assert f"1.50 {TIMES}" in text
    assert f"≤ 1.80 {TIMES}" in text
    for words in ("holds", "misses", "700 MB", "Medians of 3", "2 cores", "pulumi 3.272.0"):
        assert words in text, words


@pytest.mark.parametrize("models", [0, 1, 100])
def test_the_scenarios_are_settings_that_the_program_accepts(models):
    assert len(load_settings(raw_settings(models), source="Pulumi.dev.yaml").models) == models


def test_the_base_line_follows_the_components_and_loads_before_registration():
    from wiring import LOADED

    used = {name.split(".")[0] for name in used_aws_classes()}
    loaded = {loaded.__module__.split(".")[1] for loaded in LOADED}
    assert {"s3", "ec2", "sagemaker", "kms"} <= used
    assert used == loaded, "wiring.LOADED holds one class of each AWS module that the program's components use"


def test_the_environment_has_a_size_and_nothing_that_was_left_out():
    found = size()
    assert found["megabytes"] > 100, "RECORD files were not found"
    assert found["left_out"], "pyproject.toml lists what the SDK drags in"
    assert found["left_out_but_installed"] == []


def test_the_engine_is_told_beside_terraform_or_not_at_all():
    row = by_name(MEASURED)["preview / terraform plan of the same AWS resources"]
    assert (row.value, row.bound) == (1.5, None)
    assert row.note == "6.0 s / 4.0 s; 414 registered, 349 of them AWS's / 349 planned"
    without = by_name({**MEASURED, "engine": {"missing": ["terraform is not on PATH"]}})
    assert not any("terraform" in what for what in without)


def test_every_missing_tool_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.delenv("PULUMI_DEBUG_PROVIDERS", raising=False)
    monkeypatch.delenv(TERRAFORM_PLUGINS, raising=False)
    said = "\n".join(missing())
    for words in (
        "pulumi is not",
        "pulumi-language-python is not",
        "terraform is not",
        "no aws plugin",
        TERRAFORM_PLUGINS,
    ):
        assert words in said, words
    monkeypatch.setenv(TERRAFORM_PLUGINS, str(tmp_path))
    assert "holds no hashicorp/aws provider" in "\n".join(missing())


SCHEMAS = {
    "aws_s3_bucket": {"block": {"attributes": {"bucket": {"type": "string", "optional": True}}}},
    "aws_s3_bucket_lifecycle_configuration": {
        "block": {
            "attributes": {
                "bucket": {"type": "string", "required": True},
                "id": {"type": "string", "computed": True},
                "tags": {"type": ["map", "string"], "optional": True},
            },
            "block_types": {
                "rule": {"block": {"attributes": {"noncurrent_days": {"type": "number", "optional": True}}}}
            },
        }
    },
}


def test_a_resource_becomes_terraform_s_with_its_inputs_and_its_order():
    import pulumi

    class Resource(pulumi.CustomResource):
        pass

    def program():
        bucket = Resource("aws:s3/bucket:Bucket", "logs", {"bucket": "b-${x}", "more": 1})
        inputs = {"bucket": bucket.id, "rules": [{"noncurrentDays": 30.0}], "tags": {"costCenter": "a"}, "id": "i"}
        Resource("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "life", inputs)
        Resource("aws:fancy/newThing:NewThing", "new", {})

    made = configuration(record(program, stack="dev"), SCHEMAS, region="us-east-1")
    assert made.document["resource"]["aws_s3_bucket"] == {"logs": {"bucket": "b-$${x}"}}
    life = made.document["resource"]["aws_s3_bucket_lifecycle_configuration"]["life"]
    assert life["rule"] == [{"noncurrent_days": 30}], "a list of Pulumi's is a block that repeats"
    assert life["tags"] == {"costCenter": "a"}, "keys of a map are nobody's names"
    assert life["depends_on"] == ["aws_s3_bucket.logs"]
    assert made.resources == 2
    assert made.left_out == {
        "aws_s3_bucket.more": 1,
        "aws_s3_bucket_lifecycle_configuration.id": 1,
        "aws:fancy/newThing:NewThing": 1,
    }


def test_names_follow_terraform_s_rules():
    assert snake("autoMountHomeEFS") == "auto_mount_home_efs"
    assert snake("retentionInDays") == "retention_in_days"
    known = {"aws_vpc": {}, "aws_s3_object": {}, "aws_cloudwatch_log_group": {}}
    assert terraform_type("aws:ec2/vpc:Vpc", known) == "aws_vpc"
    assert terraform_type("aws:s3/bucketObjectv2:BucketObjectv2", known) == "aws_s3_object"
    assert terraform_type("aws:cloudwatch/logGroup:LogGroup", known) == "aws_cloudwatch_log_group"
    assert terraform_type("github:index/repository:Repository", known) is None
