"""What endpoints should serve and do, and going back to an earlier version."""

import json
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from contracts import desired_state, operator_events
from contracts.delivery_config import Owner
from contracts.desired_state import State
from operations import deployments, table
from operations.errors import MisuseError, NotFoundError, OperationError, RefusedError
from operations.items import serialised
from tests.operations.world import CALLER, MODEL

LONG_AGO, LATER = "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"


@pytest.fixture
def two_versions(world, bus):
    """Version 1 served, version 2 serves."""
    for at in (LONG_AGO, LATER):
        number = world.version(status="Approved")
        world.deployed(number, at=at)
    world.endpoint(2)
    return world


@pytest.fixture
def bus(world):
    """What was put on the default bus: moto matches it against a rule whose target is a queue."""
    events, sqs = world.client("events"), world.client("sqs")
    sqs.create_queue(QueueName="heard")
    events.put_rule(Name="r", EventPattern=json.dumps(operator_events.requested_pattern(world.names.prefix)))
    arn = f"arn:aws:sqs:{world.settings.region}:{world.settings.account}:heard"
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])

    def heard():
        url = sqs.get_queue_url(QueueName="heard")["QueueUrl"]
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    return heard


def test_a_model_lists_its_endpoint_its_wish_and_its_history_newest_first(two_versions, access):
    (found,) = deployments.listed(access)
    assert (found.model, found.endpoint.config, found.runs, found.astray) == (MODEL, "config-2", 2, False)
    assert (found.desired.state, found.desired.requested_by) == (State.IN_SERVICE, "arn:aws:iam::1:user/grace")
    assert [d.version_arn.rsplit("/", 1)[-1] for d in found.history] == ["2", "1"]


def test_a_stack_in_which_nothing_was_asked_for_lists_that(access):
    (found,) = deployments.listed(access)
    assert (found.endpoint, found.desired, found.history, found.runs) == (None, None, (), None)


def test_an_endpoint_that_somebody_changed_by_hand_is_called_astray(two_versions, access):
    world = two_versions
    world.client("sagemaker").delete_endpoint(EndpointName=world.names.endpoint(MODEL))
    world.settle()
    world.endpoint(1)
    (found,) = deployments.listed(access)
    assert (found.runs, found.astray) == (1, True)


def test_every_page_of_the_history_is_read_and_a_limit_is_kept(world, access):
    number = world.version(status="Approved")
    for minute in range(5):
        world.deployed(number, at=f"2026-03-01T10:0{minute}:00Z", state=State.FAILED)
    client = world.client("dynamodb")
    real = client._make_api_call
    calls = []

    def one_item_per_page(operation, request):
        calls.append(operation)
        return real(operation, {**request, "Limit": 1} if operation == "Query" else request)

    client._make_api_call = one_item_per_page
    assert len(table.history(access, MODEL)) == 5
    assert calls.count("Query") >= 5
    assert [d.opened_at[14:16] for d in table.history(access, MODEL, newest=2)] == ["04", "03"]


def test_a_stack_without_the_table_says_that_it_delivers_nothing(world, access):
    world.client("dynamodb").delete_table(TableName=world.names.table(table.TABLE))
    with pytest.raises(NotFoundError, match="delivers no model, or is not deployed"):
        deployments.listed(access)


def test_a_rollback_writes_a_newer_wish_and_wakes_the_deploy_function(two_versions, access, bus):
    found = deployments.rollback(access, MODEL, to=1, reason="false alarms doubled")
    assert (found.version, found.before, found.recorded, found.superseded) == (1, 2, True, None)
    wished = table.read(access, MODEL)
    assert (wished.version_arn, wished.state) == (two_versions.arn(1), State.REQUESTED)
    assert (wished.requested_by, wished.reason) == (CALLER, "rollback: false alarms doubled")
    assert wished.requested_at > LATER
    newest = table.history(access, MODEL)[0]
    assert (newest.version_arn, newest.state) == (two_versions.arn(1), State.REQUESTED)
    (event,) = bus()
    assert operator_events.requested_model(event) == MODEL
    assert event["source"] == "mlops.operations", "AWS refuses sources that begin with aws."


def test_an_event_of_the_approval_that_comes_late_does_not_undo_a_rollback(two_versions, access):
    deployments.rollback(access, MODEL, to=1, reason="back")
    late = desired_state.Request(
        model=MODEL, version_arn=two_versions.arn(2), requested_at=LATER, event_id="again", requested_by="grace"
    )
    assert table.ask(access, late).decision is desired_state.Decision.STALE
    assert table.read(access, MODEL).version_arn == two_versions.arn(1)


def test_a_clock_that_is_behind_still_makes_the_newer_wish(world, access, bus):
    for number, at in ((1, "2099-01-01T00:00:00Z"), (2, "2099-01-01T00:00:01Z")):
        world.version(status="Approved")
        world.deployed(number, at=at)
    deployments.rollback(access, MODEL, to=1, reason="back")
    assert table.read(access, MODEL).requested_at == "2099-01-01T00:00:02Z"


def test_a_rollback_ends_a_deployment_that_is_under_way(world, access, bus):
    world.version(status="Approved")
    world.deployed(1, at=LONG_AGO)
    world.version(status="Approved")
    world.deployed(2, at=LATER, state=State.DEPLOYING)
    assert deployments.rollback(access, MODEL, to=1, reason="back").superseded == 2
    assert [d.state for d in table.history(access, MODEL)] == [State.REQUESTED, State.SUPERSEDED, State.IN_SERVICE]


def test_a_version_that_failed_can_be_asked_for_again(world, access, bus):
    world.version(status="Approved")
    world.deployed(1, at=LONG_AGO, state=State.FAILED)
    assert deployments.rollback(access, MODEL, to=1, reason="the quota was raised").recorded is True


def test_when_the_bus_does_not_take_the_event_the_same_command_again_only_tells(two_versions, access, bus):
    two_versions.fails("events", "PutEvents", "AccessDeniedException")
    with pytest.raises(RefusedError, match="The wish is recorded"):
        deployments.rollback(access, MODEL, to=1, reason="back")
    before = table.read(access, MODEL)
    found = deployments.rollback(access, MODEL, to=1, reason="back")
    assert (found.recorded, table.read(access, MODEL)) == (False, before)
    assert len(bus()) == 1


def test_an_event_that_the_bus_refuses_without_an_error_is_noticed(two_versions, access):
    client = two_versions.client("events")
    client.put_events = lambda **_: {
        "FailedEntryCount": 1,
        "Entries": [{"ErrorCode": "Throttled", "ErrorMessage": "m"}],
    }
    with pytest.raises(OperationError, match="Throttled"):
        deployments.rollback(access, MODEL, to=1, reason="back")


def test_the_version_in_service_is_no_rollback(two_versions, access):
    with pytest.raises(MisuseError, match="in service already"):
        deployments.rollback(access, MODEL, to=2, reason="back")


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_only_approved_versions_are_rolled_back_to(two_versions, access, status):
    number = two_versions.version(status=status)
    with pytest.raises(MisuseError, match=f"is {status} in dev, and only approved versions are deployed"):
        deployments.rollback(access, MODEL, to=number, reason="back")


def test_a_version_that_is_gone_cannot_be_rolled_back_to_and_nothing_is_written(two_versions, access):
    two_versions.client("sagemaker").delete_model_package(ModelPackageName=two_versions.arn(1))
    before = table.read(access, MODEL)
    with pytest.raises(NotFoundError, match="does not exist"):
        deployments.rollback(access, MODEL, to=1, reason="back")
    assert table.read(access, MODEL) == before


def test_a_write_of_somebody_else_in_between_is_read_again(two_versions, access, bus):
    client = two_versions.client("dynamodb")
    real, others = client.transact_write_items, [1]

    def overtaken(**request):
        if others:
            others.pop()
            found = table.read(access, MODEL)
            moved = replace(found, revision=found.revision + 1, detail="scaled")
            item = serialised(desired_state.desired_item(moved))
            client.put_item(TableName=two_versions.names.table(table.TABLE), Item=item)
        return real(**request)

    client.transact_write_items = overtaken
    deployments.rollback(access, MODEL, to=1, reason="back")
    assert table.read(access, MODEL).revision == 8, "two deployments of three writes, the other's, ours"


def test_a_newer_wish_of_somebody_else_wins_and_is_told(two_versions, access, monkeypatch):
    monkeypatch.setattr(deployments, "_newer", lambda _: LONG_AGO)
    with pytest.raises(OperationError, match="Look first"):
        deployments.rollback(access, MODEL, to=1, reason="back")


def test_a_table_that_may_not_be_written_is_told_in_the_words_of_aws(two_versions, access):
    two_versions.fails("dynamodb", "TransactWriteItems", "AccessDeniedException")
    with pytest.raises(RefusedError, match="as the test wants"):
        deployments.rollback(access, MODEL, to=1, reason="back")


def test_a_cancelled_transaction_that_lost_no_race_is_an_error_and_no_endless_loop(two_versions, access):
    answer = {"Error": {"Code": "TransactionCanceledException", "Message": "too big"},
              "CancellationReasons": [{"Code": "ValidationError"}]}  # fmt: skip

    def refuse(**_):
        raise ClientError(answer, "TransactWriteItems")

    two_versions.client("dynamodb").transact_write_items = refuse
    with pytest.raises(OperationError, match="too big"):
        deployments.rollback(access, MODEL, to=1, reason="back")


def test_a_model_that_is_not_delivered_or_by_its_repository_is_not_rolled_back_here(world, access):
    def with_delivery(delivery):
        models = {MODEL: world.settings.models[MODEL].model_copy(update={"delivery": delivery})}
        return type(access)(
            settings=world.settings.model_copy(update={"models": models}), client=world.client, caller="c"
        )

    with pytest.raises(MisuseError, match="is absent"):
        deployments.rollback(with_delivery(None), MODEL, to=1, reason="back")
    owned = world.settings.models[MODEL].delivery.model_copy(update={"owner": Owner.REPOSITORY})
    with pytest.raises(MisuseError, match="own repository deploys it"):
        deployments.rollback(with_delivery(owned), MODEL, to=1, reason="back")
