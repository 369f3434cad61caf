"""The demonstration of delivery, played once with all that is real in it, and looked at from outside."""

import re

import pytest
from rich.console import Console

from local import demo_delivery
from local.aws.server import EmbeddedAws
from local.delivery import LocalDelivery

pytestmark = pytest.mark.stories


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    with (folder / "told.txt").open("w", encoding="utf-8") as file:
        demo_delivery.play(Console(file=file, width=80, highlight=False), folder / "state")
    return folder


def test_the_story_is_told_in_eighty_columns_with_its_turning_points(played):
    text = (played / "told.txt").read_text()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    for turning_point in (
        "promote   preprod  Registered",
        "maria@example.com approves version 1",
        "version 1 is InService",
        "version 2 is RolledBack",
        "The alarm: variant",
        "SNS: RolledBack",
    ):
        assert turning_point in text
    models = re.findall(r"by model (\w{12}) in", text)
    assert len(models) == 2
    assert models[0] == models[1], "after the rollback the same model answers as before"


def test_the_events_came_twice_and_yet_each_version_was_deployed_once(played):
    with EmbeddedAws(played / "state" / ".mlops", read_only=True) as aws:
        world = LocalDelivery(aws, project=demo_delivery.ROOT)
        history = [(d.version_arn[-1], d.state.value) for d in world.history("preprod", "fraud-detector")]
        assert history == [("1", "InService"), ("2", "RolledBack")]
        sagemaker = world.client("sagemaker", "preprod")
        names = world.settings["preprod"].names
        version = sagemaker.describe_model_package(
            ModelPackageName=f"arn:aws:sagemaker:{names.region}:{names.account}:model-package/"
            f"{names.model_package_group('fraud-detector')}/1"
        )
        metadata = version["CustomerMetadataProperties"]
        assert metadata["approved_by"].endswith("maria@example.com"), "the person, not the function that wrote this"
        assert metadata["delivery_state"] == "InService"
        image = version["InferenceSpecification"]["Containers"][0]["Image"]
        assert "@sha256:" in image, "promoted by digest"
        for queue in ("promote-failed", "deploy-failed", "verify-failed"):
            client = world.client("sqs", "preprod")
            url = client.get_queue_url(QueueName=names.queue(queue))["QueueUrl"]
            assert "Messages" not in client.receive_message(QueueUrl=url), f"nothing ended in {queue}"
