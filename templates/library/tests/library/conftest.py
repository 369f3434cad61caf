"""One in-memory AWS per module, because making clients takes longer than the tests; each test has names of its own."""

import pytest
from moto import mock_aws

from .aws import world


@pytest.fixture(scope="module")
def session():
    with mock_aws():
        yield world()


@pytest.fixture
def archive(session, request):
    """The URI of a model archive of the test's own."""
    key = f"projects/churn/runs/{request.node.name}/model.tar.gz"
    session.client("s3").put_object(Bucket="dev-artifacts", Key=key, Body=b"model")
    return f"s3://dev-artifacts/{key}"
