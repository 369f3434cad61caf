"""The embedded AWS: accounts, and what stays between two processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.aws.errors import AwsStateError
from local.aws.server import EmbeddedAws
from local.runner.storage import Storage

pytestmark = pytest.mark.stories  # other processes read what this one wrote

ROOT = Path(__file__).parents[2]
DEV, PROD = "111111111111", "333333333333"

FILL = """
import sys
from pathlib import Path
from local.aws.server import EmbeddedAws
with EmbeddedAws(Path(sys.argv[1])) as aws:
    for account in ("111111111111", "333333333333"):
        client = lambda service: aws.client(service, account, "us-east-1")
        s3 = client("s3")
        s3.create_bucket(Bucket=f"data-{account}")
        s3.put_bucket_versioning(Bucket=f"data-{account}", VersioningConfiguration={"Status": "Enabled"})
        for content in (b"old", b"new"):
            s3.put_object(Bucket=f"data-{account}", Key="k", Body=content)
        client("sagemaker").create_model_package_group(ModelPackageGroupName=f"group-{account}")
        client("ssm").put_parameter(Name="/a", Value=account, Type="String")
        client("sns").create_topic(Name="topic")
        client("dynamodb").create_table(
            TableName="t", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
        client("events").put_rule(Name="rule", EventPattern='{"source": ["aws.s3"]}')
        client("sqs").create_queue(QueueName="queue")
        key = client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        client("kms").create_alias(AliasName="alias/signing", TargetKeyId=key)
        client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        client("logs").create_log_group(logGroupName="/a")
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    subprocess.run([sys.executable, "-c", FILL, str(folder)], cwd=ROOT, check=True)
    return folder


def test_another_process_finds_every_account_as_it_was_left(filled):
    with EmbeddedAws(filled, read_only=True) as aws:
        for account in (DEV, PROD):
            s3 = aws.client("s3", account, "us-east-1")
            assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == [f"data-{account}"], "accounts are apart"
            assert s3.get_object(Bucket=f"data-{account}", Key="k")["Body"].read() == b"new"
            versions = s3.list_object_versions(Bucket=f"data-{account}")["Versions"]
            old = next(v for v in versions if not v["IsLatest"])
            body = s3.get_object(Bucket=f"data-{account}", Key="k", VersionId=old["VersionId"])["Body"].read()
            assert body == b"old", "older versions survive with their ids"
            groups = aws.client("sagemaker", account, "us-east-1").list_model_package_groups()
            names = [g["ModelPackageGroupName"] for g in groups["ModelPackageGroupSummaryList"]]
            assert names == [f"group-{account}"]


def test_services_with_locks_lambdas_and_keys_survive_too(filled):
    with EmbeddedAws(filled, read_only=True) as aws:

        def client(service):
            return aws.client(service, DEV, "us-east-1")

        assert client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == DEV
        queue = client("sqs").get_queue_url(QueueName="queue")["QueueUrl"]
        client("sqs").send_message(QueueUrl=queue, MessageBody="x")
        assert client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "x", "its lock works"
        signed = client("kms").sign(
            KeyId="alias/signing", Message=b"m", MessageType="RAW", SigningAlgorithm="RSASSA_PSS_SHA_256"
        )
        assert signed["Signature"], "the private key is back"
        assert client("dynamodb").list_tables()["TableNames"] == ["t"]
        assert client("events").list_rules()["Rules"][0]["Name"] == "rule"


def test_an_account_is_who_its_key_says(aws):
    identity = aws.client("sts", PROD, "us-east-1").get_caller_identity()
    assert identity["Account"] == PROD


def test_state_of_another_moto_is_refused_with_the_way_out(tmp_path):
    with EmbeddedAws(tmp_path) as aws:
        Storage(aws.client("s3", DEV, "us-east-1")).ensure_bucket("bucket")
    file = tmp_path / "aws" / "state"
    head, _, body = file.read_bytes().partition(b"\n")
    file.write_bytes(json.dumps({**json.loads(head), "moto": "1.0"}).encode() + b"\n" + body)
    with pytest.raises(AwsStateError, match=r"moto 1\.0 then, .* now.*mlops reset"), EmbeddedAws(tmp_path):
        pass
    assert file.exists(), "refusing must not destroy what is there"


@pytest.mark.parametrize("content", [b"", b"junk", b"{}\nx"])
def test_a_file_that_is_no_state_is_refused(tmp_path, content):
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "state").write_bytes(content)
    with pytest.raises(AwsStateError, match="mlops reset"), EmbeddedAws(tmp_path):
        pass


def test_a_second_writer_is_told_who_is_working_and_a_reader_is_not_stopped(aws, tmp_path):
    code = (
        "import sys; from pathlib import Path; from local.aws.server import EmbeddedAws\n"
        "from local.aws.errors import AwsStateError\n"
        "with EmbeddedAws(Path(sys.argv[1]), read_only=True): print('read')\n"
        "try:\n    EmbeddedAws(Path(sys.argv[1])).__enter__()\n"
        "except AwsStateError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / ".mlops")], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("read\n")
    assert "another mlops command (process" in done.stdout


def test_a_failed_save_leaves_the_old_state(tmp_path, monkeypatch):
    with EmbeddedAws(tmp_path) as aws:
        Storage(aws.client("s3", DEV, "us-east-1")).ensure_bucket("kept")
    before = (tmp_path / "aws" / "state").read_bytes()
    monkeypatch.setattr("local.aws.pickling.dumps", lambda _: (_ for _ in ()).throw(TypeError("no")))
    with pytest.raises(AwsStateError, match="cannot be stored"), EmbeddedAws(tmp_path):
        pass
    assert (tmp_path / "aws" / "state").read_bytes() == before
    assert [p.name for p in (tmp_path / "aws").iterdir() if p.name.startswith(".")] == [], "no temporary file stays"


def test_the_state_is_readable_by_its_owner_only(aws, tmp_path):
    aws.__exit__(None, None, None)
    assert (tmp_path / ".mlops" / "aws" / "state").stat().st_mode & 0o077 == 0
    aws.__enter__()
