"""Lambda's API on this machine: a function that calls another one, over accounts, as provisioning calls vending."""

import json

import boto3
import pytest

from local.functions import Function, Functions
from tests.local.conftest import ACCOUNT, REGION

OTHER = "555555555555"
ASK = """
import json, os
import boto3

def handler(event, context):
    keys = boto3.client("sts").assume_role(RoleArn=event["role"], RoleSessionName="asking")["Credentials"]
    there = boto3.client("lambda", aws_access_key_id=keys["AccessKeyId"],
                         aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])
    answer = there.invoke(FunctionName=event["function"], Payload=json.dumps({"n": 1}).encode())
    return {"mine": os.environ["COLOUR"], "theirs": json.loads(answer["Payload"].read()),
            "failed": answer.get("FunctionError"), "after": os.environ["COLOUR"]}
"""
TELL = """
import os
import boto3

def handler(event, context):
    if event.get("fail"):
        raise ValueError("as asked")
    return {"by": context.invoked_function_arn,
            "colour": os.environ["COLOUR"], "who": boto3.client("sts").get_caller_identity()["Account"], **event}
"""


def arn(name, account):
    return f"arn:aws:lambda:{REGION}:{account}:function:{name}"


@pytest.fixture
def functions(aws, tmp_path, monkeypatch):
    root = tmp_path / "code"
    for name, text in (("ask", ASK), ("tell", TELL)):
        folder = root / "lambda_src" / name
        folder.mkdir(parents=True)
        (root / "lambda_src" / "__init__.py").touch()
        (folder / "handler.py").write_text(text)
    monkeypatch.setattr("local.functions.ROOT", root)
    deployed = Functions(aws)
    for name, account, colour in (("ask", ACCOUNT, "red"), ("tell", OTHER, "blue")):
        deployed.add(
            Function(
                arn=arn(name, account),
                handler=f"lambda_src.{name}.handler.handler",
                role=name,
                environment={"COLOUR": colour},
                aliases=frozenset({"direct"}),
                code_sha256="abc",
            )
        )
    return deployed


def test_a_function_calls_one_of_another_account_and_keeps_its_own_environment(functions):
    event = {"role": f"arn:aws:iam::{OTHER}:role/request", "function": arn("tell", OTHER)}
    answer = functions.invoke(arn("ask", ACCOUNT), event)
    assert answer["theirs"] == {"by": arn("tell", OTHER), "colour": "blue", "who": OTHER, "n": 1}
    assert (answer["mine"], answer["after"], answer["failed"]) == ("red", "red", None)
    assert [run.function for run in functions.log] == ["tell", "ask"]


def test_a_client_calls_by_name_and_an_error_is_an_answer(aws, functions):
    client = aws.client("lambda", OTHER, REGION)
    answer = client.invoke(FunctionName="tell", Payload=json.dumps({"fail": True}).encode())
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {"errorMessage": "as asked", "errorType": "ValueError"}
    assert len(functions.log) == 1, "a caller who waits gets the error; nothing is tried again"


def test_a_function_learns_by_which_alias_it_was_called(aws, functions):
    client = aws.client("lambda", OTHER, REGION)
    answer = client.invoke(FunctionName="tell", Qualifier="direct", Payload=b"{}")
    assert json.loads(answer["Payload"].read())["by"] == f"{arn('tell', OTHER)}:direct"
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="tell:other"):
        client.invoke(FunctionName="tell", Qualifier="other", Payload=b"{}")


def test_a_function_is_described_and_one_that_is_not_there_is_not_found(aws, functions):
    assert functions.deployed[1].arn == arn("tell", OTHER)
    described = aws.client("lambda", OTHER, REGION).get_function_configuration(FunctionName="tell")
    assert (described["State"], described["CodeSha256"]) == ("Active", "abc")
    here = aws.client("lambda", ACCOUNT, REGION)  # another account has no such function
    for call in (here.get_function_configuration, here.invoke):
        with pytest.raises(here.exceptions.ResourceNotFoundException):
            call(FunctionName="tell")


def test_what_this_machine_does_not_do_is_refused(aws, functions):
    client = aws.client("lambda", OTHER, REGION)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="RequestResponse only"):
        client.invoke(FunctionName="tell", InvocationType="Event", Payload=b"{}")
    assert functions.log == []


def test_the_process_is_as_before(aws, functions):
    before = boto3.DEFAULT_SESSION
    aws.client("lambda", OTHER, REGION).invoke(FunctionName="tell", Payload=b"{}")
    assert boto3.DEFAULT_SESSION is before
