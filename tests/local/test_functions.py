"""Functions in this process as Lambda runs them: environment, identity, warm starts, retries, dead-letter queue."""

import json
import os
import sys

import boto3
import pytest

from local.aws.notices import OUTBOX
from local.events import EventBridge
from local.functions import Function, FunctionError, Functions
from tests.local.conftest import ACCOUNT, REGION

OTHER = "555555555555"
SHARED = """
import functools, os
import boto3

@functools.cache
def client(service):
    return boto3.client(service)

def who():
    return client("sts").get_caller_identity()["Arn"]
"""
WHO = """
import os
from lambda_src.shared.clients import who

starts = 0

def handler(event, context):
    global starts
    starts += 1
    print("handled", event["n"])
    return {
        "who": who(), "starts": starts, "colour": os.environ.get("COLOUR"), "region": os.environ["AWS_REGION"],
        "name": context.function_name, "request": context.aws_request_id, "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(), "secret": os.environ.get("OUTSIDE"),
    }
"""
FAIL = """
calls = []

def handler(event, context):
    calls.append(context.aws_request_id)
    if len(calls) <= event["failures"]:
        raise ValueError("x" * 3000)
    return len(set(calls))
"""


@pytest.fixture
def functions(aws, tmp_path, monkeypatch):
    root = tmp_path / "code"
    for name, text in (("who", WHO), ("fail", FAIL)):
        folder = root / "lambda_src" / name
        folder.mkdir(parents=True)
        (folder / "handler.py").write_text(text)
    (root / "lambda_src" / "__init__.py").write_text("")
    (root / "lambda_src" / "shared").mkdir()
    (root / "lambda_src" / "shared" / "clients.py").write_text(SHARED)
    monkeypatch.setattr("local.functions.ROOT", root)
    return Functions(aws)


def add(functions, name, account=ACCOUNT, **more):
    arn = f"arn:aws:lambda:{REGION}:{account}:function:acme-{name}"
    handler = f"lambda_src.{name}.handler.handler"
    functions.add(Function(arn=arn, handler=handler, role=f"role-{name}", timeout_seconds=30, **more))
    return arn


def test_a_function_runs_under_its_own_role_in_its_own_account_and_environment(functions, monkeypatch):
    monkeypatch.setenv("OUTSIDE", "not for functions")
    here, there = add(functions, "who", environment={"COLOUR": "red"}), add(functions, "who", OTHER)
    first, second = functions.invoke(here, {"n": 1}), functions.invoke(there, {"n": 2})
    assert first["who"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/role-who/acme-who"
    assert second["who"] == f"arn:aws:sts::{OTHER}:assumed-role/role-who/acme-who", "no cached client leaks"
    assert (first["colour"], second["colour"]) == ("red", None)
    assert first["secret"] is None, "nothing of the user's environment"
    assert (first["name"], first["arn"], first["region"], first["left"]) == ("acme-who", here, REGION, 30_000)
    assert functions.output(here) == "handled 1\n"


def test_a_warm_function_keeps_its_modules_and_another_account_starts_cold(functions):
    here, there = add(functions, "who"), add(functions, "who", OTHER)
    assert [functions.invoke(here, {"n": n})["starts"] for n in range(3)] == [1, 2, 3]
    assert functions.invoke(there, {"n": 0})["starts"] == 1
    add(functions, "who")
    assert functions.invoke(here, {"n": 0})["starts"] == 1, "deploying again is a cold start"


def test_nothing_of_a_function_stays_in_the_process(functions):
    arn = add(functions, "who", environment={"COLOUR": "red"})
    before, modules, path, session = dict(os.environ), set(sys.modules), list(sys.path), boto3.DEFAULT_SESSION
    functions.invoke(arn, {"n": 1})
    assert dict(os.environ) == before
    assert (sys.path, boto3.DEFAULT_SESSION) == (path, session)
    assert not [name for name in set(sys.modules) - modules if name.startswith("lambda_src")]


def test_an_error_of_the_handler_and_an_answer_that_is_no_json_are_told(functions, tmp_path):
    with pytest.raises(FunctionError, match="ValueError: xxx"):
        functions.invoke(add(functions, "fail"), {"failures": 9})
    (tmp_path / "code" / "lambda_src" / "fail" / "handler.py").write_text("def handler(event, context): return {1, 2}")
    with pytest.raises(FunctionError, match="not JSON serializable"):
        functions.invoke(add(functions, "fail"), {})


@pytest.fixture
def queue(aws):
    client = aws.client("sqs", ACCOUNT, REGION)
    return client.create_queue(QueueName="failed")["QueueUrl"]


def deliver(aws, functions, failures):
    arn = add(functions, "fail", dead_letter_queue=f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed")
    bridge = EventBridge(aws, functions)
    bridge.rule("all", account=ACCOUNT, region=REGION, pattern={"source": ["aws.sagemaker"]}, targets=[arn])
    OUTBOX.send(ACCOUNT, REGION, "Something", "arn:thing", {})
    event = OUTBOX.take()[0]
    event["failures"] = failures
    bridge.publish(event)
    bridge.settle()
    return bridge, event


def test_an_asynchronous_event_is_tried_three_times_with_one_request_id(aws, functions, queue):
    bridge, _ = deliver(aws, functions, failures=2)
    assert [run.attempt for run in functions.log] == [1, 2, 3]
    assert len({run.request_id for run in functions.log}) == 1
    assert functions.log[-1].result == 1
    assert bridge.log[-1].what == "delivered"
    assert "Messages" not in aws.client("sqs", ACCOUNT, REGION).receive_message(QueueUrl=queue)


def test_after_two_retries_the_event_lies_unchanged_in_the_dead_letter_queue(aws, functions, queue):
    bridge, event = deliver(aws, functions, failures=3)
    assert [record.what for record in bridge.log][-3:] == ["failed", "failed", "dead-lettered"]
    message = aws.client("sqs", ACCOUNT, REGION).receive_message(QueueUrl=queue, MessageAttributeNames=["All"])
    found = message["Messages"][0]
    assert json.loads(found["Body"]) == event, "so that it can be replayed"
    attributes = {name: (a["DataType"], a["StringValue"]) for name, a in found["MessageAttributes"].items()}
    assert attributes["RequestID"] == ("String", functions.log[-1].request_id)
    assert attributes["ErrorCode"] == ("Number", "200")
    assert attributes["ErrorMessage"][1].startswith("ValueError: xxx")
    assert len(attributes["ErrorMessage"][1]) == 1024
