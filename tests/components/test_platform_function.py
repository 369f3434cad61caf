"""Every function runs under its own role, keeps what it could not do, and says so."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import boto3
import pulumi_aws as aws
import pytest

from components.function_archive import FunctionArchive
from components.function_layer import ARCHITECTURE, RUNTIME, layer_files
from components.platform_function import PlatformFunction, PlatformFunctionArgs
from components.policy_document import allow
from tests.components.test_job_guardrails import KEY, NAMES
from tests.harness import STACKS, deploy, stack_graph, stack_settings

every_stack = pytest.mark.parametrize("stack", STACKS)
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"
RULES = "arn:aws:events:us-east-1:123456789012:rule/acme-*"


def args(tmp_path, **changes):
    code = tmp_path / "code.zip"
    code.write_bytes(b"")
    return PlatformFunctionArgs(
        layer_arn="arn:aws:lambda:us-east-1:111111111111:layer:libraries:1",
        **(
            {
                "names": NAMES,
                "function": "deploy",
                "description": "Deploys",
                "archive": FunctionArchive(path=code, sha256="hash", handler="lambda_src.deploy.handler.handler"),
                "statements": [allow("Work", ["sns:Publish"], [TOPIC])],
                "environment": {"TABLE_NAME": "table"},
                "data_key_arn": KEY,
                "logs_key_arn": KEY,
                "messages_key_arn": KEY,
                "alert_topic_arn": TOPIC,
                "log_retention_days": 30,
                "retain": True,
                "invoked_by_rules": [RULES],
            }
            | changes
        ),
    )


@pytest.fixture
def graph(tmp_path):
    return deploy(lambda: PlatformFunction("function", args(tmp_path)))


def test_runtime_and_architecture_are_ones_that_lambda_and_the_provider_know():
    model = boto3.client("lambda", region_name="us-east-1").meta.service_model
    assert RUNTIME in model.shape_for("Runtime").enum
    assert ARCHITECTURE in model.shape_for("Architecture").enum
    assert RUNTIME in {runtime.value for runtime in aws.lambda_.Runtime}


def test_the_function_is_traced_encrypted_and_limited(graph):
    function = graph.one("lambda:Function").inputs
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["kmsKeyArn"] == KEY, "variables hold no secret, and are nobody else's business"
    assert function["reservedConcurrentExecutions"] == 5
    assert function["sourceCodeHash"] == "hash"
    assert "vpcConfig" not in function, "it calls services only, and needs no leftover interfaces in a subnet"


def test_what_fails_is_kept_and_alarmed(graph):
    function = graph.one("lambda:Function").inputs
    assert function["deadLetterConfig"]["targetArn"].endswith(f":{NAMES.queue('deploy-failed')}")
    retries = graph.one("lambda:FunctionEventInvokeConfig").inputs
    assert (retries["maximumRetryAttempts"], retries["maximumEventAgeInSeconds"]) == (2, 21600)
    alarm = graph.one("cloudwatch:MetricAlarm").inputs
    assert alarm["dimensions"] == {"QueueName": NAMES.queue("deploy-failed")}
    assert alarm["alarmActions"] == [TOPIC]
    assert graph.one("sqs:Queue").inputs["kmsMasterKeyId"] == KEY


def test_its_logs_are_its_own_encrypted_and_kept_as_long_as_asked(graph):
    group = graph.one("cloudwatch:LogGroup")
    assert graph.one("lambda:Function").inputs["loggingConfig"]["logGroup"] == group.inputs["name"]
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (30, KEY)
    assert group.protect
    assert group.retain_on_delete


def test_the_role_has_what_it_was_given_and_what_running_takes(graph):
    policies = {p.inputs["name"]: json.loads(p.inputs["policy"]) for p in graph.of_type("iam:RolePolicy")}
    assert [s["Sid"] for s in policies["work"]["Statement"]] == ["Work"]
    runtime = {s["Sid"]: s for s in policies["runtime"]["Statement"]}
    assert runtime.keys() == {
        "WriteOwnLogs",
        "WriteTraces",
        "KeepFailedEvents",
        "EncryptFailedEvents",
        "ReadOwnVariables",
    }
    assert runtime["KeepFailedEvents"]["Resource"] == NAMES.queue_arn("deploy-failed")
    assert "logs:CreateLogGroup" not in runtime["WriteOwnLogs"]["Action"], "a group it made would be kept for ever"


def test_only_the_rules_named_may_invoke_it_and_only_of_this_account(graph):
    permission = graph.one("lambda:Permission").inputs
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["sourceAccount"] == NAMES.account
    assert permission["sourceArn"] == RULES


def test_the_function_waits_for_its_role(graph):
    policies = {p.urn for p in graph.of_type("iam:RolePolicy")}
    assert policies <= set(graph.one("lambda:Function").dependencies)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timeout_seconds": 901}, "timeout_seconds is 901; set 1 to 900"),
        ({"memory_mb": 64}, "memory_mb is 64; set 128 to 10240"),
        ({"reserved_concurrency": 0}, "0 would stop it"),
    ],
)
def test_what_lambda_refuses_is_refused_before(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        args(tmp_path, **changes)


class TestFunctionLayer:
    def test_the_libraries_are_the_ones_that_the_tests_run_with_in_python_alone(self):
        files = layer_files()
        assert {"python/aws_lambda_powertools/__init__.py", "python/jmespath/__init__.py"} <= files.keys()
        assert {path.rsplit(".", 1)[1] for path in files} == {"py"}, "a compiled file runs on one architecture only"

    def test_the_functions_imports_work_from_the_layer_alone(self, tmp_path):
        for path, content in layer_files().items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
        botocore = Path(importlib.util.find_spec("botocore").origin).parents[1]
        runtime = tmp_path / "runtime"  # what Lambda brings: the AWS SDK and what it needs
        runtime.mkdir()
        for name in ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six.py"):
            (runtime / name).symlink_to(botocore / name)
        code = (
            "import aws_lambda_powertools.logging, aws_lambda_powertools.tracing, aws_xray_sdk, wrapt\n"
            "import aws_lambda_powertools.utilities.idempotency as i; print(i.__file__)"
        )
        done = subprocess.run(
            [sys.executable, "-S", "-c", code],
            env={"PYTHONPATH": f"{tmp_path / 'python'}:{runtime}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith(str(tmp_path / "python")), done.stderr[-2000:]

    @every_stack
    def test_every_function_has_the_stacks_own_layer(self, stack):
        graph = stack_graph(stack)
        layer = graph.one("lambda:LayerVersion")
        for function in graph.of_type("lambda:Function"):
            assert layer.urn in function.property_dependencies["layers"], function.name


@every_stack
def test_reserved_concurrency_leaves_the_account_room(stack):
    reserved = sum(f.inputs["reservedConcurrentExecutions"] for f in stack_graph(stack).of_type("lambda:Function"))
    assert reserved <= 100, "Lambda keeps 100 of an account's 1,000 unreserved, and others live there too"


@every_stack
def test_every_function_gets_its_coordinates_and_no_secret(stack):
    settings = stack_settings(stack)
    for function in stack_graph(stack).of_type("lambda:Function"):
        variables = function.inputs["environment"]["variables"]
        assert not [value for value in variables.values() if "ghs_" in value or "PRIVATE KEY" in value]
        purpose = function.inputs["name"].removeprefix(f"{settings.names.prefix}-")
        if purpose not in ("promote", "deploy", "verify"):
            continue  # the others read no delivery's config and no deliveries table
        assert json.loads(variables["NAMES"])["environment"] == stack
        assert variables["PARAMETER_ROOT"] == settings.parameters.root
        assert variables["TABLE_NAME"] == settings.names.table("deliveries")
        assert variables["RESULT_TOPIC_ARN"] == settings.names.topic_arn("deliveries")
        assert "POWERTOOLS_SERVICE_NAME" not in variables, "it adds a dimension, and the alarm would see no metric"
