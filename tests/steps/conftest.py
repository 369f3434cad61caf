"""One S3 server and one trained model for all tests of the step scripts."""

import sys

import pytest

from tests.steps.running import STEPS, Job, Store, pack, start_store, transactions_schema

# At the end of the path: in a job the scripts of a step and shared/ lie in one folder.
sys.path += [str(STEPS / name) for name in ("shared", "preprocess", "train", "evaluate", "serve")]


@pytest.fixture(autouse=True)
def _job_environment(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def store():
    with start_store() as running:
        yield running


@pytest.fixture
def bucket(store: Store, request):
    return store.bucket(f"t{abs(hash(request.node.nodeid)):x}"[:40])


@pytest.fixture(scope="session")
def trained(store: Store, tmp_path_factory):
    """The whole chain as processes, once: preprocess, train, evaluate on 2,500 simulated transactions."""
    from local.data.simulator import simulate_transactions

    folder = tmp_path_factory.mktemp("trained")
    bucket = store.bucket("trained-data")
    bucket.upload(simulate_transactions(2500, seed=11))
    job = Job(folder, store.url)
    job.mount_schema(transactions_schema())
    job.succeed("preprocess", "--input-data-uri", f"s3://{bucket.name}/latest/")
    job.mount_channels({"max_iterations": "60", "learning_rate": "0.1"})
    job.succeed("train")
    pack(job)
    job.succeed("evaluate")
    return job
