"""By what `mlops verify` reads GitHub: a token that is given, one that the app signs for, or none and why."""

import pytest
from botocore.exceptions import ClientError

from lambda_src.github_client.errors import ForbiddenError
from local import verify_plan
from operations.errors import OperationError
from operations.session import Access
from settings import read_stack_file
from tests.harness import ROOT

DEV = read_stack_file(ROOT / "Pulumi.dev.yaml")


class Kms:
    """A key that answers with an error code."""

    def __init__(self, code):
        self.code = code

    def describe_key(self, **_):
        if self.code == "NotFoundException":
            raise self.error("DescribeKey")
        return {"KeyMetadata": {"Arn": "arn:aws:kms:us-east-1:111111111111:key/k"}}

    def sign(self, **_):
        raise self.error("Sign")

    def error(self, operation):
        return ClientError({"Error": {"Code": self.code, "Message": "no"}}, operation)


def access(code="AccessDeniedException", settings=DEV):
    return Access(settings=settings, client=lambda _: Kms(code), caller="c")


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)


def test_a_token_that_is_given_is_used_and_nothing_is_signed(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_x")
    reading, unknown = verify_plan.reader(access("a code that would raise"))
    assert (reading is not None, unknown) == (True, "")


def test_who_may_not_sign_is_told_which_right_is_missing():
    reading, unknown = verify_plan.reader(access())
    assert reading is None
    assert "kms:Sign on alias/acme-risk-dev-us-east-1-github-app" in unknown


def test_a_key_that_is_not_there_is_told():
    reading, unknown = verify_plan.reader(access("NotFoundException"))
    assert reading is None
    assert "the app gives none" in unknown


def test_a_stack_without_github_has_no_reader():
    reading, unknown = verify_plan.reader(access(settings=read_stack_file(ROOT / "Pulumi.prod.yaml")))
    assert (reading, "no section `github`" in unknown) == (None, True)


def test_what_github_refuses_is_an_error_that_the_command_can_tell():
    class Refusing:
        def find(self, *_):
            raise ForbiddenError("GET /repos/acme/x", 403, "Resource not accessible by personal access token")

        def pages(self, *_):
            raise ForbiddenError("GET /repos/acme/x", 403, "Resource not accessible by personal access token")

    reading = verify_plan.Reading(Refusing())
    with pytest.raises(OperationError, match="Resource not accessible"):
        reading.find("/repos/acme/x")
    with pytest.raises(OperationError, match="Resource not accessible"):
        list(reading.pages("/repos/acme/x"))
