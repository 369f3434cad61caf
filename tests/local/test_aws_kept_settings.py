"""Settings that moto forgets and the embedded AWS gives back: otherwise a provider sees them change."""

import io
import zipfile

import pytest

from tests.local.conftest import ACCOUNT, REGION

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
LOGGING = {"LogFormat": "JSON", "LogGroup": "/functions/f"}


@pytest.fixture
def functions(aws):
    role = aws.client("iam", ACCOUNT, REGION).create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("function.py", "def handler(event, context): return event")
    client = aws.client("lambda", ACCOUNT, REGION)
    for name, more in (("f", {"DeadLetterConfig": {"TargetArn": QUEUE}, "LoggingConfig": LOGGING}), ("bare", {})):
        client.create_function(
            FunctionName=name, Runtime="python3.12", Role=role, Handler="function.handler",
            Code={"ZipFile": buffer.getvalue()}, **more,
        )  # fmt: skip
    return client


def kept(functions, name="f"):
    found = functions.get_function(FunctionName=name)["Configuration"]
    return {name: found[name] for name in ("DeadLetterConfig", "LoggingConfig") if name in found}


def test_a_function_knows_its_queue_and_its_log(functions):
    assert kept(functions) == {"DeadLetterConfig": {"TargetArn": QUEUE}, "LoggingConfig": LOGGING}
    assert kept(functions, "bare") == {}


def test_an_update_changes_what_it_names_and_an_empty_target_takes_the_queue_away(functions):
    functions.update_function_configuration(FunctionName="f", LoggingConfig={**LOGGING, "LogGroup": "/other"})
    assert kept(functions)["LoggingConfig"]["LogGroup"] == "/other"
    assert kept(functions)["DeadLetterConfig"] == {"TargetArn": QUEUE}
    functions.update_function_configuration(FunctionName="f", DeadLetterConfig={"TargetArn": ""}, MemorySize=256)
    assert "DeadLetterConfig" not in kept(functions)


def test_a_bucket_knows_that_it_sends_its_events(aws):
    s3 = aws.client("s3", ACCOUNT, REGION)
    s3.create_bucket(Bucket="sends")
    aws.client("sqs", ACCOUNT, REGION).create_queue(QueueName="failed")

    def found():
        answer = s3.get_bucket_notification_configuration(Bucket="sends")
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    assert found() == {}
    s3.put_bucket_notification_configuration(
        Bucket="sends",
        NotificationConfiguration={
            "EventBridgeConfiguration": {},
            "QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}],
        },
    )
    assert found()["EventBridgeConfiguration"] == {}
    assert [each["QueueArn"] for each in found()["QueueConfigurations"]] == [QUEUE]
    s3.put_bucket_notification_configuration(Bucket="sends", NotificationConfiguration={})
    assert found() == {}
