"""A bucket for all tests of publishing, and a new GitHub for each."""

import boto3
import pytest
from moto import mock_aws

from lambda_src.github_client.deadline import within
from lambda_src.publish import handler as module
from lambda_src.shared import clients
from tests.github_world import github_world
from tests.lambda_src.publish.world import BUCKET, REGION, SECONDS, Stack


@pytest.fixture(scope="module")
def bucket():
    """One bucket for all tests: objects are named by their content."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "CONTENT_BUCKET": BUCKET,
        }.items():
            patch.setenv(name, value)
        patch.setattr("boto3.DEFAULT_SESSION", None)
        clients.client.cache_clear()
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket=BUCKET)
        yield client
        clients.client.cache_clear()


@pytest.fixture
def stack(bucket, tmp_path, monkeypatch):
    with github_world(tmp_path / ".mlops") as world:
        monkeypatch.setattr(module, "minter", lambda: world.minter)
        monkeypatch.setattr(
            module, "of_lambda", lambda _: within(SECONDS, clock=world.clock, sleeper=world.clock.sleep)
        )
        yield Stack(world, bucket)
