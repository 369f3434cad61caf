"""Whose credentials work on which stack."""

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from local.aws import credentials
from operations import session
from operations.errors import AccountError, NotFoundError, OperationError, ThrottledError, told
from tests.operations.world import MODEL


@pytest.fixture
def signed_in(world, monkeypatch):
    """The usual chain of credentials, ending in the embedded AWS."""

    def sign_in(account):
        credentials.enable(account)
        monkeypatch.setenv("AWS_ENDPOINT_URL", world.aws.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key(account))
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.SECRET)
        monkeypatch.setenv("AWS_REGION", "eu-west-1")

    return sign_in


def test_the_usual_chain_reaches_the_stacks_account_in_the_stacks_region(world, signed_in):
    signed_in(world.settings.account)
    access = session.connect(world.settings)
    assert (
        access.caller.startswith(f"arn:aws:sts::{world.settings.account}") or access.settings.account in access.caller
    )
    assert access.client("sagemaker").meta.region_name == world.settings.region, "not the region of the environment"
    assert access.model(MODEL) == MODEL


def test_credentials_of_another_account_are_refused_before_anything_else(world, signed_in):
    signed_in("999999999999")
    with pytest.raises(AccountError, match=r"stack dev is account 111111111111.*999999999999.*AWS_PROFILE"):
        session.connect(world.settings)


def test_no_credentials_and_expired_ones_say_how_to_sign_in(world, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AccountError, match="aws sso login"):
        session.connect(world.settings, boto3.Session(region_name="us-east-1"))
    with pytest.raises(AccountError, match="Sign in again"), told("look"):
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "X")


def test_an_unknown_model_is_told_with_those_there_are(access):
    with pytest.raises(NotFoundError, match=r"stack dev has no such model. It has: fraud-detector"):
        access.model("churn")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ThrottlingException", ThrottledError),
        ("ResourceNotFoundException", NotFoundError),
        ("Whatever", OperationError),
    ],
)
def test_every_error_of_aws_becomes_one_of_ours(code, kind):
    with pytest.raises(kind, match="look at it"), told("look at it"):
        raise ClientError({"Error": {"Code": code, "Message": "m"}}, "X")


def test_an_error_that_is_none_of_aws_passes():
    with pytest.raises(ZeroDivisionError), told("divide"):
        _ = 1 / 0
    with pytest.raises(AccountError), told("sign in"):
        raise NoCredentialsError
