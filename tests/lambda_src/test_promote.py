"""Promotion: exactly the approved version, measured here, copied whole, registered once."""

import json

import pytest

from contracts.names import Names
from tests.lambda_src import scenarios
from tests.lambda_src.world import BUCKET, DIGEST, IMAGE, KEY, MODEL, NAMES, PREVIOUS_BUCKET, config


def copy_of(world):
    (item,) = world.items("promotion#")
    return world.sagemaker.packages[item["target_arn"]]


def test_the_copy_is_by_digest_with_its_own_files_and_the_whole_lineage(world):
    source = world.source_version(7)
    world.run("promote", world.approval(source))
    copied = copy_of(world)
    (container,) = copied["InferenceSpecification"]["Containers"]
    assert container["Image"] == f"{IMAGE}@{DIGEST}", "a tag may be moved after the approval"
    assert container["Environment"] == {"LEVEL": "1"}, "it must run as it was evaluated"
    statistics = copied["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    for uri in (container["ModelDataUrl"], statistics):
        assert uri.startswith(f"s3://{BUCKET}/promoted/{MODEL}/"), "nothing of the copy may lie in the other account"
        head = world.client("s3").head_object(Bucket=BUCKET, Key=uri.split("/", 3)[3])
        assert head["SSEKMSKeyId"] == KEY, "encrypted with this environment's key"
    metadata = copied["CustomerMetadataProperties"]
    assert metadata["source_version"] == source
    assert metadata["source_approved_by"].endswith("/alice")
    assert (metadata["code_hash"], metadata["data_manifest"]) == ("c0de", "s3://m"), "lineage goes with the copy"
    assert metadata["environment"] == "prod"


@pytest.mark.parametrize(("approval", "status"), [("manual", "PendingManualApproval"), ("automatic", "Approved")])
def test_this_environment_approves_by_its_own_policy(world_of, approval, status):
    world = world_of(config(approval=approval))
    world.run("promote", world.approval(world.source_version()))
    assert copy_of(world)["ModelApprovalStatus"] == status


def test_exactly_the_approved_version_is_promoted_and_not_the_latest(world):
    old = world.source_version(1)
    world.source_version(2)
    world.run("promote", world.approval(old))
    assert copy_of(world)["CustomerMetadataProperties"]["source_version"] == old


def test_the_approver_is_recorded_before_anything_else_is_written(world):
    world.run("promote", world.approval(world.source_version()))
    writes = [c for c in world.calls if c.name in world.written()]
    assert writes[0].parameters["Item"]["pk"]["S"].startswith("idempotency#"), "the lock on the event"
    assert writes[1].parameters["Item"]["approved_by"]["S"].endswith("/alice")
    assert all(c.service == "dynamodb" for c in writes[:2])


def test_a_later_write_does_not_become_the_approver(world):
    source = world.source_version()
    event = world.approval(source)
    world.fault("sagemaker:CreateModelPackage", "died")
    world.run("promote", event, tries=1)
    world.repair()
    world.sagemaker.writer = "arn:aws:sts::222222222222:assumed-role/portal/bob"
    world.sagemaker.UpdateModelPackage(ModelPackageArn=source, CustomerMetadataProperties={"note": "x"})
    world.run("promote", event)
    assert copy_of(world)["CustomerMetadataProperties"]["source_approved_by"].endswith("/alice")


def test_a_later_write_before_the_event_came_hides_the_approver_and_names_nobody_else(world):
    source = world.source_version()
    world.sagemaker.writer = "arn:aws:sts::222222222222:assumed-role/portal/bob"
    world.sagemaker.UpdateModelPackage(ModelPackageArn=source, CustomerMetadataProperties={"note": "x"})
    world.run("promote", world.approval(source))
    assert copy_of(world)["CustomerMetadataProperties"]["source_approved_by"] == "unknown", "bob approved nothing"


@pytest.mark.parametrize("accuracy", [0.899, float("nan")])
def test_a_version_below_this_environments_gate_is_refused_recorded_and_published(world, accuracy):
    world.run("promote", world.approval(world.source_version(accuracy=accuracy)))
    (item,) = world.items("promotion#")
    assert item["state"] == "Refused"
    assert "must be at least 0.9" in item["detail"], "a person must see which metric fell short"
    assert world.outcomes == ["PromotionRefused"]
    assert not world.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents"), "nothing of it comes here"


def test_a_gate_metric_that_was_not_recorded_refuses(world_of):
    world = world_of(config(gate={"accuracy": 0.9, "recall": 0.5}))
    world.run("promote", world.approval(world.source_version()))
    assert "recall was not recorded" in world.items("promotion#")[0]["detail"]


def test_a_refused_version_is_tried_again_at_a_newer_approval_only(world):
    source = world.source_version(accuracy=0.85)
    world.run("promote", world.approval(source))
    world.publish_config(config(gate={"accuracy": 0.8}))
    assert world.run("promote", world.approval(source))["outcome"] == "Refused", "the same approval decides nothing new"
    again = world.approval(source, minute=90, approved=1)
    assert world.run("promote", again)["outcome"] == "Refused", "SageMaker tells one approval several times"
    assert world.run("promote", world.approval(source, minute=90))["outcome"] == "Registered"


@pytest.mark.parametrize("missing", ["version", "file", "tag", "group"])
def test_what_is_gone_is_a_recorded_permanent_failure(world, missing):
    source = world.source_version(files=missing != "file", digest=None if missing == "tag" else DIGEST)
    if missing == "version":
        del world.sagemaker.packages[source]
    if missing == "group":
        world.sagemaker.groups.remove(NAMES.model_package_group(MODEL))
    answer = world.run("promote", world.approval(source))
    assert answer["outcome"] == "Refused", "trying again cannot help"
    assert world.items("promotion#")[0]["state"] == "Refused"
    assert world.outcomes == ["PromotionRefused"]
    assert not world.dead_letters


def test_a_version_that_was_rejected_meanwhile_is_not_promoted(world):
    source = world.source_version()
    world.sagemaker.packages[source]["ModelApprovalStatus"] = "Rejected"
    assert world.run("promote", world.approval(source, minute=59))["outcome"] == "Refused"


def test_several_events_of_one_approval_register_one_version(world):
    source = world.source_version()
    for minute in (1, 1, 2):
        world.run("promote", world.approval(source, minute=minute))
    assert world.sagemaker.numbers[NAMES.model_package_group(MODEL)] == 1


def test_our_own_writes_on_a_version_promote_nothing(world):
    event = world.approval(world.source_version(), fields=["CustomerMetadataProperties"])
    assert world.run("promote", event)["outcome"] == "ignored"
    assert not world.items("promotion#")


def test_an_archive_above_five_gigabytes_is_copied_in_parts_and_compared(world):
    body = b"x" * (5 * 1024**2) + b"rest"
    source = world.source_version()
    world.client("s3").put_object(Bucket=PREVIOUS_BUCKET, Key="pipelines/run-1/model.tar.gz", Body=body)
    with scenarios.patched({"LARGEST_COPY": 1024**2, "PART": 5 * 1024**2}):
        world.run("promote", world.approval(source))
    url = copy_of(world)["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    copied = world.client("s3").get_object(Bucket=BUCKET, Key=url.split("/", 3)[3])
    assert copied["Body"].read() == body
    assert [c.name for c in world.calls].count("s3:UploadPartCopy") == 2
    assert copied["SSEKMSKeyId"] == KEY


def test_a_copy_that_differs_is_refused(world):
    source = world.source_version()

    def damage():
        for found in world.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]:
            world.client("s3").put_object(Bucket=BUCKET, Key=found["Key"], Body=b"?")

    world.fault("s3:HeadObject", "do", occurrence=2, action=damage)  # the look at the first copy
    answer = world.run("promote", world.approval(source))
    assert "differs" in answer["why"], "a damaged model must not be registered"
    assert not [a for a in world.sagemaker.packages if NAMES.model_package_group(MODEL) in a]


def test_a_model_whose_names_were_cut_is_found_by_its_published_group(world_of):
    long = "a-very-long-model-name-of-forty-letters"
    assert Names.model_package_group(NAMES, long) != f"{NAMES.prefix}-{long}", "the name must be one that was cut"
    world = world_of(config(model=long, group=NAMES.model_package_group(long)))
    answer = world.run("promote", world.approval(world.source_version()))
    assert answer["outcome"] == "Registered", "the source group is the one that this config names"


def test_logs_hold_no_payload_of_events(world, capsys):
    event = world.approval(world.source_version())
    event["detail"]["CustomerMetadataProperties"] = {"note": "sentinel-in-the-event"}
    world.run("promote", event)
    out = capsys.readouterr().out
    assert "sentinel-in-the-event" not in out
    metric = next(json.loads(line) for line in out.splitlines() if "_aws" in line)
    dimensions = metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert dimensions == [["Stack"], ["Stack", "Model"]], "the alarm is on the first"
