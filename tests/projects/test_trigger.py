"""An approval starts exactly one run of one workflow of one repository, or waits in the dead-letter queue."""

import datetime as dt
import uuid
from dataclasses import replace

import pytest

from contracts.project_records import ProjectRecord, RepositoryRecord
from contracts.projects import Status, repository_name
from lambda_src.projects import records
from tests.projects.calls import LASTING
from tests.projects.faults import check_log
from tests.projects.world import BOTH, DEV, REGION, TEMPLATES, World

NAME = "risk-churn-inference"
DISPATCH = f"POST /repos/acme/{NAME}/actions/workflows/deploy.yml/dispatches"
RUNS = f"GET /repos/acme/{NAME}/actions/workflows/deploy.yml/runs"


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as new:
        made(new, "churn", BOTH, "realtime-inference")
        new.calls.made.clear()
        yield new
        check_log(new)


def made(world, name, product, *templates):
    """Put a project into the table and its repositories into GitHub, without the way there."""
    own = records.create(
        ProjectRecord(
            project=name, product=product, owner="ada", team="", group=DEV.model_package_group(name),
            status=Status.READY, template_version="", request_id="r", created_by=name, created_at="",
        )
    )  # fmt: skip
    for template in templates:
        repository = world.hub.add_repository(repository_name("risk", name, template), TEMPLATES[template])
        records.add_repository(
            own,
            RepositoryRecord(
                project=name, name=repository["name"], id=repository["id"], owner="acme", owner_id=1, template=template,
                template_version="", url="", ready=True,
            ),
        )  # fmt: skip
    return own


def version(world, number=1, group=None, status="Approved"):
    arn = f"arn:aws:sagemaker:{REGION}:{DEV.account}:model-package/{group or DEV.model_package_group('churn')}/{number}"
    world.groups.versions[arn] = status
    return arn


def approval(arn, event_id=None, fields=("ModelApprovalStatus",)):
    detail = {
        "ModelPackageGroupName": arn.split("/")[1],
        "ModelPackageArn": arn,
        "ModelPackageVersion": int(arn.rsplit("/", 1)[1]),
        "ModelApprovalStatus": "Approved",
        "UpdatedModelPackageFields": list(fields),
    }
    return {
        "version": "0", "id": event_id or str(uuid.uuid4()), "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker", "account": arn.split(":")[4],
        "time": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "region": REGION, "resources": [arn],
        "detail": detail,
    }  # fmt: skip


def runs(world):
    return [run["inputs"]["version_arn"] for run in world.hub.repository(NAME)["runs"]]


def outcome(world, event):
    answer = world.deliver("trigger", event)
    return answer and answer["outcome"]


def test_an_approval_starts_the_workflow_with_the_version(world):
    arn = version(world)
    assert outcome(world, approval(arn)) == "started"
    assert runs(world) == [arn]


@pytest.mark.parametrize("same_id", [True, False])
def test_the_same_approval_again_starts_nothing(world, same_id):
    arn = version(world)
    event = approval(arn)
    outcome(world, event)
    again = event if same_id else {**event, "id": "another"}
    assert outcome(world, again) in ("started", "duplicate"), "the answer of the first time, or that it was"
    assert runs(world) == [arn]


@pytest.mark.parametrize("moment", [DISPATCH, RUNS, "dynamodb:PutItem", "kms:Sign"])
def test_two_events_of_one_approval_at_once_start_one_run(world, moment):
    arn = version(world)
    second = []
    world.calls.fault(moment, "do", action=lambda: second.append(world.deliver("trigger", approval(arn), tries=1)))
    world.deliver("trigger", approval(arn))
    assert runs(world) == [arn]


def test_versions_in_any_order_each_start_their_own_run(world):
    """Version 3 must not be taken for running because version 31 is."""
    arns = [version(world, number) for number in (31, 3, 1)]
    for arn in arns:
        assert outcome(world, approval(arn)) == "started"
    assert sorted(runs(world)) == sorted(arns)


CALLS = (DISPATCH, RUNS, "kms:Sign", "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:Query")
PASSING = ("throttle", "5xx", "denied", "lost", "died")


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        *((DISPATCH, kind) for kind in PASSING),
        (RUNS, "5xx"),
        ("kms:Sign", "denied"),
        ("dynamodb:UpdateItem", "died"),
        ("dynamodb:UpdateItem", "lost"),
        ("dynamodb:PutItem", "lost"),
    ],
)
def test_a_fault_is_made_good_by_the_next_try(world, call, kind):
    check_fault(world, call, kind)


@pytest.mark.faults
@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_at_any_call_is_made_good_by_the_next_try(world, call, kind):
    check_fault(world, call, kind)


def check_fault(world, call, kind):
    arn = version(world)
    world.calls.fault(call, kind)
    outcome(world, approval(arn))
    if world.dead_letters:  # replayed once the cause is mended
        world.calls.faults.clear()
        world.clock.now += 3600
        outcome(world, approval(arn))
    assert runs(world) == [arn]


def test_a_run_that_github_shows_later_is_found_by_the_next_try(world):
    arn = version(world)
    hidden = []

    def hide():
        hidden.extend(world.hub.repository(NAME)["runs"])
        world.hub.repository(NAME)["runs"].clear()

    def show():
        world.hub.repository(NAME)["runs"] += hidden

    world.calls.fault(DISPATCH, "lost")
    world.calls.fault(RUNS, "do", occurrence=1, action=hide)
    world.meanwhile = show
    assert outcome(world, approval(arn)) == "started"
    assert runs(world) == [arn]


def test_a_github_that_limits_for_longer_than_the_tries_ends_in_the_queue_and_the_replay_starts_it(world):
    arn = version(world)
    world.calls.fault(DISPATCH, "throttle", times=LASTING)
    assert outcome(world, approval(arn)) is None
    assert runs(world) == []
    world.calls.faults.clear()
    assert outcome(world, approval(arn)) == "started"


def test_a_renamed_repository_is_still_the_one(world):
    arn = version(world)
    world.hub.repository(NAME)["name"] = "renamed"
    assert outcome(world, approval(arn)) == "started"
    assert [run["inputs"]["version_arn"] for run in world.hub.repository("renamed")["runs"]] == [arn]


def test_a_repository_that_took_the_name_over_is_not_the_one(world):
    arn = version(world)
    world.hub.repository(NAME)["name"] = "renamed"
    world.hub.add_repository(NAME, world.hub.files("renamed"))
    outcome(world, approval(arn))
    assert runs(world) == []


@pytest.mark.parametrize("how", ["archived", "deleted", "without the workflow"])
def test_a_repository_that_cannot_deploy_ends_in_the_queue(world, how):
    arn = version(world)
    repository = world.hub.repository(NAME)
    if how == "archived":
        repository["archived"] = True
    elif how == "deleted":
        del world.hub.store.repositories[str(repository["id"])]
    else:
        files = {path: file for path, file in world.hub.store.files(repository, "main").items() if path == "README.md"}
        world.hub.store.add_commit(repository, "main", files, "Drop")
    assert outcome(world, approval(arn)) is None
    assert len(world.dead_letters) == 1


@pytest.mark.parametrize(
    ("arrange", "said"),
    [
        (lambda w: version(w, group=DEV.model_package_group("fraud-detector")), "of no project"),
        (lambda w: version(w, status="Rejected"), "no longer approved"),
    ],
)
def test_what_is_nothing_of_a_project_is_ignored_with_the_reason(world, arrange, said):
    answer = world.deliver("trigger", approval(arrange(world)))
    assert answer["outcome"] == "ignored"
    assert said in answer["why"]
    assert runs(world) == []


@pytest.mark.parametrize("change", ["status", "fields"])
def test_an_event_that_is_no_approval_starts_nothing(world, change):
    event = approval(version(world))
    if change == "status":
        event["detail"]["ModelApprovalStatus"] = "Rejected"
    else:
        event["detail"]["UpdatedModelPackageFields"] = ["CustomerMetadataProperties"]
    assert outcome(world, event) == "ignored"
    assert runs(world) == []


def test_a_version_that_is_gone_is_ignored(world):
    arn = version(world)
    del world.groups.versions[arn]
    assert outcome(world, approval(arn)) == "ignored"


def test_a_project_that_is_still_being_made_waits_and_one_that_is_archived_does_not(world):
    arn = version(world)
    own = records.take(world.project().record).record
    ready = world.project().repositories["realtime-inference"]
    records.save_repository(own, replace(ready, ready=False))
    world.meanwhile = lambda: records.save_repository(own, ready)
    assert outcome(world, approval(arn)) == "started"
    records.save(own, status=Status.ARCHIVED)
    assert outcome(world, approval(version(world, 2))) == "ignored"


def test_a_project_without_a_deployment_repository_is_ignored_also_while_it_is_made(world):
    own = made(world, "lone", "model-training")
    for status in (Status.CREATING, Status.READY):
        own = records.save(own, status=status)
        arn = version(world, group=DEV.model_package_group("lone"))
        assert outcome(world, approval(arn)) == "ignored"
