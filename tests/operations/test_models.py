"""Listing, showing, comparing, approving and rejecting versions."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from contracts.projects import PROJECT_SORT_KEY, group_key
from operations import models
from operations.errors import MisuseError, NotFoundError, OperationError, RefusedError, ThrottledError
from operations.plain import as_json
from tests.operations.world import DIGEST, MODEL


def test_every_model_lists_its_newest_versions_first_and_says_how_many_are_older(world, access):
    for _ in range(3):
        world.version()
    (found,) = [m for m in models.listed(access, newest=2) if m.model == MODEL]
    assert [v.version for v in found.versions] == [3, 2]
    assert (found.exists, found.older) == (True, 1)
    assert found.versions[0].metrics == {"accuracy": 0.9, "recall": 0.8}


def test_all_pages_of_versions_are_read(world, access, monkeypatch):
    for _ in range(5):
        world.version(run="arn:aws:sagemaker:us-east-1:111111111111:pipeline/p/execution/gone")
    client = world.client("sagemaker")
    asked = []
    real = client.get_paginator

    def small_pages(operation):
        paginator = real(operation)
        page = paginator.paginate

        def paginate(**request):
            request["PaginationConfig"] = {"PageSize": 2}
            asked.append(operation)
            return page(**request)

        paginator.paginate = paginate
        return paginator

    monkeypatch.setattr(client, "get_paginator", small_pages)
    (found,) = models.listed(access)
    assert ([v.version for v in found.versions], asked) == (
        [5, 4, 3, 2, 1],
        ["list_model_package_groups", "list_model_packages"],
    )


def test_a_stack_that_is_not_deployed_lists_its_models_without_versions(world, access):
    group = world.names.model_package_group(MODEL)
    world.client("sagemaker").delete_model_package_group(ModelPackageGroupName=group)
    (found,) = models.listed(access)
    assert (found.exists, found.versions) == (False, ())


def test_a_version_shows_metrics_run_data_code_and_image(world, access):
    world.version(rate="0.3")
    found = models.show(access, MODEL)
    assert found.metrics["accuracy"] == 0.9
    assert (found.image_digest, found.lineage.code_hash) == (DIGEST, "c0de1")
    assert found.lineage.run.parameters == {"InputDataUri": "s3://data/latest/", "LearningRate": "0.3"}, (
        "defaults of the definition and what the run was started with"
    )
    assert found.lineage.run.hyperparameters == {"learning_rate": "0.3", "seed": "7"}
    assert (found.lineage.manifest.rows, found.lineage.manifest.objects) == (1200, 1)
    assert (found.decided_by, found.verification, found.notes) == (None, None, ())
    assert as_json(found)["lineage"]["manifest"]["rows"] == 1200


def test_a_promoted_version_names_its_source_and_says_where_its_run_can_be_asked(world, access):
    run = "arn:aws:sagemaker:us-east-1:999999999999:pipeline/p/execution/abc"
    source = "arn:aws:sagemaker:us-east-1:999999999999:model-package/acme-risk-dev-us-east-1-fraud-detector/7"
    metadata = {"source_version": source, "source_pipeline_run": run, "source_approved_by": "grace"}
    world.version(run=run, metadata=metadata)
    found = models.show(access, MODEL)
    assert (found.lineage.source_version, found.lineage.source_approved_by) == (source, "grace")
    assert found.lineage.run.execution == "abc"
    assert "account 999999999999" in found.notes[0]
    assert found.metadata == {}, "what has a place of its own is not shown twice"


def test_what_verification_recorded_is_shown_and_the_recorded_approver_wins(world, access):
    world.version(status="Approved", metadata={
        "approved_by": "grace", "delivery_state": "Failed", "delivery_detail": "smoke[0]: 500", "team": "risk",
    })  # fmt: skip
    found = models.show(access, MODEL, 1)
    assert (found.verification.state, found.verification.detail) == ("Failed", "smoke[0]: 500")
    assert found.decided_by == "grace", "a later write of a function hides the person in the registry"
    assert found.metadata == {"team": "risk"}


def test_what_is_gone_is_noted_and_the_rest_is_shown(world, access):
    world.version()
    bucket = world.names.bucket("artifacts")
    for name in ("statistics", "manifest"):
        world.client("s3").delete_object(Bucket=bucket, Key=f"pipelines/1/{name}.json")
    world.client("sagemaker").delete_pipeline(PipelineName=world.names.pipeline(MODEL), ClientRequestToken="t" * 32)
    found = models.show(access, MODEL, 1)
    assert found.lineage.code_hash == "c0de1"
    assert [note.split(":")[0] for note in found.notes] == ["metrics", "run", "data manifest"], found.notes


def test_a_file_that_the_caller_may_not_read_is_noted_and_another_fault_is_raised(world, access):
    world.version()
    world.fails("s3", "GetObject", "AccessDenied")
    assert "may not read it" in models.show(access, MODEL, 1).notes[0]
    world.fails("s3", "GetObject", "SlowDown")
    with pytest.raises(ThrottledError, match="Nothing was changed"):
        models.show(access, MODEL, 1)


def test_an_unknown_model_version_or_an_empty_group_is_told_with_what_there_is(world, access):
    with pytest.raises(NotFoundError, match="It has: fraud-detector"):
        models.show(access, "churn")
    with pytest.raises(NotFoundError, match="has no version yet"):
        models.show(access, MODEL)
    with pytest.raises(NotFoundError, match="mlops models list dev"):
        models.show(access, MODEL, 9)


def test_two_versions_are_compared_by_what_made_them(world, access):
    world.version(accuracy=0.9, sha="11", rate="0.1")
    world.version(accuracy=0.95, sha="11", rate="0.3")
    found = models.diff(access, MODEL, 1, 2)
    differing = {(d.section, d.name): (d.a, d.b) for d in found.differences if d.differs}
    assert differing == {
        ("metrics", "accuracy"): (0.9, 0.95),
        ("parameters", "LearningRate"): ("0.1", "0.3"),
        ("hyperparameters", "learning_rate"): ("0.1", "0.3"),
        ("code", "hash"): ("c0de1", "c0de2"),
    }, "the manifests lie in two places and list the same objects, so the data is equal"


def test_other_data_is_a_difference_even_with_as_many_rows(world, access):
    world.version(sha="11")
    world.version(sha="22")
    found = models.diff(access, MODEL, 1, 2)
    assert ("data", "content") in {(d.section, d.name) for d in found.differences if d.differs}


def test_what_is_unknown_of_both_versions_is_not_called_equal(world, access):
    for number in (1, 2):
        world.version()
        world.client("s3").delete_object(
            Bucket=world.names.bucket("artifacts"), Key=f"pipelines/{number}/manifest.json"
        )
    found = models.diff(access, MODEL, 1, 2)
    (data,) = [d for d in found.differences if (d.section, d.name) == ("data", "content")]
    assert (data.a, data.b, data.differs) == (None, None, True)


def test_approving_writes_status_and_reason_in_one_line(world, access):
    number = world.version()
    found = models.approve(access, MODEL, number, reason="  reviewed\nby risk ")
    described = world.client("sagemaker").describe_model_package(ModelPackageName=world.arn(number))
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "reviewed by risk")
    assert (found.before, found.changed, found.version.status) == ("PendingManualApproval", True, "Approved")
    assert found.version.decided_by == "arn:aws:iam::111111111111:root"


def test_rejecting_an_approved_version_takes_the_approval_back(world, access):
    number = world.version(status="Approved")
    found = models.reject(access, MODEL, number, reason="drifts")
    assert (found.before, found.version.status, found.version.reason) == ("Approved", "Rejected", "drifts")


def test_approving_again_writes_nothing_so_no_event_follows(world, access):
    number = world.version(status="Approved")
    world.fails("sagemaker", "UpdateModelPackage", "ShouldNotBeCalled")
    assert models.approve(access, MODEL, number, reason="again").changed is False


def test_a_refusal_is_shown_in_the_words_of_aws_with_who_may(world, access):
    number = world.version()
    world.fails("sagemaker", "UpdateModelPackage", "AccessDeniedException")
    with pytest.raises(RefusedError) as refused:
        models.approve(access, MODEL, number, reason="please")
    said = str(refused.value)
    for words in ("as the test wants", "AccessDeniedException", "Approvers of dev may", "mlops-operator/ada"):
        assert words in said, "AWS's own words, who may, and who asked"
    assert models.show(access, MODEL, number).status == "PendingManualApproval"


def test_a_throttled_approval_changes_nothing_and_says_so(world, access):
    number = world.version()
    world.fails("sagemaker", "UpdateModelPackage", "ThrottlingException")
    with pytest.raises(ThrottledError, match="try again"):
        models.approve(access, MODEL, number, reason="please")
    assert models.show(access, MODEL, number).status == "PendingManualApproval"


def test_an_approval_whose_answer_is_lost_is_found_done_when_it_is_repeated(world, access):
    number = world.version()
    world.fails("sagemaker", "UpdateModelPackage", "timeout", after=True)
    with pytest.raises(OperationError, match="Whether it happened is unknown"):
        models.approve(access, MODEL, number, reason="please")
    assert models.approve(access, MODEL, number, reason="please").changed is False


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 1025])
def test_a_reason_is_asked_for_and_fits(world, access, reason):
    number = world.version()
    with pytest.raises(MisuseError, match="reason"):
        models.approve(access, MODEL, number, reason=reason)


def test_approving_a_version_that_is_gone_says_so(world, access):
    number = world.version()
    world.client("sagemaker").delete_model_package(ModelPackageName=world.arn(number))
    with pytest.raises(NotFoundError, match="does not exist in dev"):
        models.approve(access, MODEL, number, reason="please")


def test_an_error_of_ours_keeps_that_of_aws_as_its_cause(world, access):
    world.fails("sagemaker", "DescribeModelPackageGroup", "InternalFailure")
    with pytest.raises(OperationError, match="InternalFailure") as raised:
        models.listed(access)
    assert isinstance(raised.value.__cause__, ClientError)


def test_a_version_that_served_before_is_told_from_the_one_that_serves(world, access):
    for _ in range(2):
        world.version(status="Approved", metadata={"delivery_state": "InService"})
    world.deployed(1, at="2026-03-01T10:00:00Z")
    world.deployed(2, at="2026-03-01T11:00:00Z")
    world.endpoint(2)
    (found,) = models.listed(access)
    assert [(v.version, v.serves) for v in found.versions] == [(2, True), (1, False)], "both were verified once"
    assert models.show(access, MODEL, 2).serves is True


def test_who_may_not_see_the_endpoint_still_sees_the_versions(world, access):
    world.version(metadata={"delivery_state": "InService"})
    world.fails("sagemaker", "DescribeEndpoint", "AccessDeniedException", times=2)
    (found,) = models.listed(access)
    assert found.versions[0].serves is None
    assert "AccessDenied" in found.notes[0]
    assert "AccessDenied" in models.show(access, MODEL, 1).notes[-1]


# projects
def make_project(world, name="churn"):
    """Record a project of the stack, and register a version of it."""
    group, table = world.names.model_package_group(name), world.names.table("projects")
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    world.client("dynamodb").create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
    )  # fmt: skip
    item = {"pk": group_key(group), "sk": PROJECT_SORT_KEY, "project": name}
    world.client("dynamodb").put_item(TableName=table, Item={key: {"S": value} for key, value in item.items()})
    sagemaker = world.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    sagemaker.create_model_package_group(ModelPackageGroupName=f"{world.names.prefix}-nobodys")
    sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [{"Image": "i"}], "SupportedContentTypes": ["a/b"], "SupportedResponseMIMETypes": ["a/b"],
        },
    )  # fmt: skip


def test_a_project_is_listed_shown_and_decided_about_by_its_name(world, access):
    make_project(world)
    assert [found.model for found in models.listed(access)] == [MODEL, "churn"], "a group of nobody's is none"
    shown = models.show(access, "churn")
    assert (shown.model, shown.version, shown.serves) == ("churn", 1, False), "what serves is in other environments"
    assert models.approve(access, "churn", 1, reason="good").version.status == "Approved"
    assert models.reject(access, "churn", 1, reason="bad after all").version.status == "Rejected"


@pytest.mark.parametrize("name", ["ledger", "nobodys", "No Name", "x" * 60])
def test_what_is_neither_a_model_nor_a_project_is_said(world, access, name):
    for _ in range(2):
        with pytest.raises(NotFoundError, match=r"no such model.*no project of this name either"):
            models.show(access, name)
        if world.names.table("projects") not in world.client("dynamodb").list_tables()["TableNames"]:
            make_project(world)


def test_where_projects_are_not_made_their_names_mean_nothing(world, access):
    make_project(world)
    elsewhere = replace(access, settings=access.settings.model_copy(update={"github": None}))
    assert [found.model for found in models.listed(elsewhere)] == [MODEL]
    with pytest.raises(NotFoundError, match="has no such model"):
        models.approve(elsewhere, "churn", 1, reason="good")
