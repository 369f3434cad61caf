"""From an endpoint back to what it is made of."""

import pytest

from operations import trace
from operations.errors import NotFoundError
from tests.operations.world import DIGEST, MODEL


@pytest.fixture
def served(world):
    number = world.version(status="Approved", metadata={"approved_by": "grace"})
    world.deployed(number, at="2026-03-01T10:00:00Z")
    world.endpoint(number)
    return world


def test_an_endpoint_leads_to_its_version_run_data_code_image_and_approver(served, access):
    found = trace.trace(access, served.names.endpoint(MODEL))
    (variant,) = found.variants
    assert (found.endpoint.config, variant.sagemaker_model, variant.version_arn) == (
        "config-1", "model-1", served.arn(1),
    )  # fmt: skip
    version = variant.version
    assert (version.decided_by, version.lineage.code_hash, variant.image_digest) == ("grace", "c0de1", DIGEST)
    assert (version.lineage.run.hyperparameters["learning_rate"], version.lineage.manifest.rows) == ("0.1", 1200)
    assert (found.deployment.requested_by, found.notes) == ("arn:aws:iam::1:user/grace", ())


def test_a_model_stands_for_its_endpoint(served, access):
    assert trace.trace(access, MODEL) == trace.trace(access, served.names.endpoint(MODEL))


def test_a_sagemaker_model_without_our_tag_is_found_by_its_deployment(world, access):
    world.version(status="Approved")
    world.deployed(1, at="2026-03-01T10:00:00Z")
    world.endpoint(1, tagged=False)
    assert trace.trace(access, MODEL).variants[0].version_arn == world.arn(1)


def test_an_endpoint_made_by_hand_shows_what_can_be_known(world, access):
    world.version(status="Approved")
    world.endpoint(1, tagged=False)
    found = trace.trace(access, MODEL)
    assert (found.variants[0].version_arn, found.variants[0].image_digest) == (None, DIGEST)
    assert "somebody deployed it by hand" in found.notes[0]


def test_what_is_gone_is_noted_link_by_link(served, access):
    sagemaker = served.client("sagemaker")
    sagemaker.delete_model_package(ModelPackageName=served.arn(1))
    found = trace.trace(access, MODEL)
    assert found.variants[0].version is None
    assert "is gone from the registry" in found.notes[0]
    sagemaker.delete_model(ModelName="model-1")
    found = trace.trace(access, MODEL)
    assert found.variants[0].version_arn == served.arn(1), "the deployment on record still names it"
    assert "cannot scale out" in found.notes[0]
    sagemaker.delete_endpoint_config(EndpointConfigName="config-1")
    found = trace.trace(access, MODEL)
    assert found.variants == ()
    assert "is gone" in found.notes[0]


def test_without_a_table_the_rest_is_traced(served, access):
    served.client("dynamodb").delete_table(TableName=served.names.table("deliveries"))
    found = trace.trace(access, MODEL)
    assert found.variants[0].version_arn == served.arn(1)
    assert found.notes[0].startswith("deployments:")


def test_an_unknown_endpoint_is_told_with_those_of_the_stack(world, access):
    with pytest.raises(NotFoundError, match=f"Its endpoints: {world.names.endpoint(MODEL)}"):
        trace.trace(access, "something-else")
    with pytest.raises(NotFoundError, match="describe endpoint"):
        trace.trace(access, MODEL)
