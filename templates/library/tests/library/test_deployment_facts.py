"""From the ARN of an approved version to the facts of a deployment."""

import json

import pytest
from botocore.exceptions import ClientError

from mlops_project import artifacts, facts, variables, versions

from .aws import ACCOUNT, DIGEST, GROUP_ARN, KEY_ARN, VARIABLES, register


def test_the_facts_hold_the_approved_image_the_copy_and_what_the_environment_publishes(session):
    found = facts.prepare(session, register(session), VARIABLES)
    assert found.image.endswith(f"churn@{DIGEST}")
    assert found.environment_variables == {"SAGEMAKER_PROGRAM": "inference.py"}
    assert found.model_data_url.startswith("s3://preprod-artifacts/projects/churn/versions/")
    assert found.subnet_ids == ["subnet-11111111", "subnet-22222222"]
    assert found.capture_bucket == "preprod-data"


def test_facts_survive_the_file(tmp_path):
    one = facts.example("prod")
    assert facts.Facts.read(one.write(tmp_path / "facts.json")) == one


def test_the_arguments_of_the_endpoint_are_arguments_of_the_component():
    endpoint = pytest.importorskip("mlops_project.endpoint", reason="this repository deploys nothing by Pulumi")
    assert set(facts.example("prod").of_endpoint) <= set(endpoint.ARGUMENTS)


def test_a_file_that_is_not_there_or_old_is_told(tmp_path):
    with pytest.raises(variables.VariableError, match="prepare"):
        facts.Facts.read(tmp_path / "none.json")
    (tmp_path / "old.json").write_text('{"project": "churn"}')
    with pytest.raises(variables.VariableError, match="another version"):
        facts.Facts.read(tmp_path / "old.json")


def test_a_variable_that_is_missing_is_named_and_no_facts_come_of_it(session):
    arn = register(session)
    for name in VARIABLES:
        with pytest.raises(variables.VariableError, match=f"{name} is not set"):
            facts.prepare(session, arn, {**VARIABLES, name: ""})


@pytest.mark.parametrize(("name", "value"), [("AWS_ACCOUNT", "999999999999"), ("AWS_REGION", "eu-west-1")])
def test_variables_that_contradict_each_other_stop_the_deployment(session, name, value):
    with pytest.raises(variables.VariableError, match="must agree"):
        facts.prepare(session, register(session), {**VARIABLES, name: value})


def test_names_that_lack_a_coordinate_are_refused():
    with pytest.raises(variables.VariableError, match="organisation"):
        variables.Coordinates.parse(json.dumps({"unit": "ml"}))
    assert variables.Coordinates.parse(VARIABLES["NAMES"]).prefix == "acme-ml-preprod-us-east-1"


def test_an_environment_without_the_platform_is_told(session):
    with pytest.raises(LookupError, match="/other/network/private-subnet-ids"):
        facts.prepare(session, register(session), {**VARIABLES, "PARAMETER_ROOT": "/other"})


@pytest.mark.parametrize("status", ["PendingManualApproval", "Rejected"])
def test_a_version_that_nobody_approved_is_not_deployed(session, status):
    with pytest.raises(versions.VersionError, match=status):
        facts.prepare(session, register(session, status=status), VARIABLES)


def test_a_version_of_another_project_is_not_deployed(session):
    arn = register(session)
    with pytest.raises(versions.VersionError, match="not a version of this project"):
        facts.prepare(session, arn, {**VARIABLES, "MODEL_PACKAGE_GROUP_ARN": f"{GROUP_ARN}-other"})


@pytest.mark.parametrize("text", ["7", "$(id)", "arn:aws:sagemaker:us-east-1:123456789012:model-package/acme/latest"])
def test_what_is_no_version_is_refused_before_anything_is_asked(session, text):
    with pytest.raises(versions.VersionError, match="no ARN of a model version"):
        facts.prepare(session, text, VARIABLES)


def test_a_tag_becomes_the_digest_that_was_registered():
    described = {"Image": "1.dkr.ecr.us-east-1.amazonaws.com/a/churn:v2", "ImageDigest": DIGEST}
    assert versions._by_digest(described, "arn") == f"1.dkr.ecr.us-east-1.amazonaws.com/a/churn@{DIGEST}"
    with pytest.raises(versions.VersionError, match="without a digest"):
        versions._by_digest({"Image": "churn:v2"}, "arn")


class TestCopy:
    target = artifacts.Target(bucket="preprod-artifacts", account=ACCOUNT, prefix="projects/churn/", key_arn=KEY_ARN)

    def copy(self, session, uri):
        return artifacts.copy(session.client("s3"), uri, source_account=ACCOUNT, target=self.target)

    def test_the_copy_lies_under_the_environments_key(self, session, archive):
        bucket, _, key = self.copy(session, archive).removeprefix("s3://").partition("/")
        found = session.client("s3").head_object(Bucket=bucket, Key=key)
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", KEY_ARN)

    def test_the_same_archive_is_copied_once(self, session, archive, monkeypatch):
        first = self.copy(session, archive)
        s3 = session.client("s3")
        monkeypatch.setattr(s3, "copy_object", lambda **_: pytest.fail("it is there already"))
        assert artifacts.copy(s3, archive, source_account=ACCOUNT, target=self.target) == first

    def test_an_archive_that_is_gone_is_told(self, session):
        with pytest.raises(artifacts.ArtifactError, match="approve a version whose files exist"):
            self.copy(session, "s3://dev-artifacts/gone.tar.gz")

    def test_a_403_for_a_copy_that_is_not_there_yet_is_no_refusal(self, session, archive, monkeypatch):
        s3 = session.client("s3")
        look, refused = s3.head_object, ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")
        answers = iter([None, refused, None])  # the source, the copy before, the copy after

        def head(**given):
            if problem := next(answers):
                raise problem
            return look(**given)

        monkeypatch.setattr(s3, "head_object", head)
        assert artifacts.copy(s3, archive, source_account=ACCOUNT, target=self.target)
        answers = iter([refused])
        with pytest.raises(ClientError, match="403"):
            artifacts.copy(s3, archive, source_account=ACCOUNT, target=self.target)

    def test_a_large_archive_is_copied_in_parts_and_is_whole(self, session, monkeypatch):
        s3, five = session.client("s3"), 5 * 1024**2
        body = bytes(range(256)) * (five // 256) + b"the rest"
        s3.put_object(Bucket="dev-artifacts", Key="large.tar.gz", Body=body)
        monkeypatch.setattr(artifacts, "LARGEST_COPY", 1000)
        monkeypatch.setattr(artifacts, "PART", five)  # the least that S3 takes
        bucket, _, key = self.copy(session, "s3://dev-artifacts/large.tar.gz").removeprefix("s3://").partition("/")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body

    def test_a_copy_in_parts_that_fails_leaves_no_parts_behind(self, session, archive, monkeypatch):
        s3 = session.client("s3")
        monkeypatch.setattr(artifacts, "LARGEST_COPY", 1)
        monkeypatch.setattr(s3, "upload_part_copy", lambda **_: (_ for _ in ()).throw(RuntimeError("lost")))
        with pytest.raises(RuntimeError, match="lost"):
            artifacts.copy(s3, archive, source_account=ACCOUNT, target=self.target)
        assert "Uploads" not in s3.list_multipart_uploads(Bucket="preprod-artifacts"), "parts cost money for ever"

    def test_a_copy_that_differs_is_not_used(self, session, archive, monkeypatch):
        s3 = session.client("s3")
        monkeypatch.setattr(s3, "copy_object", lambda **given: s3.put_object(
            Bucket=given["Bucket"], Key=given["Key"], Body=b"something else"))  # fmt: skip
        with pytest.raises(artifacts.ArtifactError, match="differs"):
            artifacts.copy(s3, archive, source_account=ACCOUNT, target=self.target)


def test_nothing_of_an_object_passes_through_here(session, monkeypatch):
    arn = register(session)
    monkeypatch.setattr(session.client("s3"), "get_object", lambda **_: pytest.fail("the model came to the runner"))
    assert facts.prepare(session, arn, VARIABLES).artifact_bucket == "preprod-artifacts"
