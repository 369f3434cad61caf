"""Desired state: whatever the order and however often events come, the newest approval wins."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import desired_state as state
from contracts.delivery_events import ApprovalEvent
from contracts.desired_state import Decision, Desired, Request, State

ARN = "arn:aws:sagemaker:us-east-1:111111111111:model-package/acme-risk-dev-us-east-1-fraud/{}"


def request(version, second, event="e", by="anna"):
    return Request(
        model="fraud",
        version_arn=ARN.format(version),
        requested_at=moment(second),
        event_id=f"{event}-{version}-{second}",
        requested_by=by,
    )


def moment(second):
    return f"2026-03-02T09:00:{second:02d}Z"


def after(requests, current=None):
    for asked in requests:
        current = state.ask(current, asked).desired
    return current


def kept(desired):
    """Return what must not depend on the order; the rest says when, and counts the writes."""
    by_order = ("revision", "opened_at", "updated_at")
    return {name: getattr(desired, name) for name in Desired.__slots__ if name not in by_order}


requests = st.lists(
    st.builds(request, version=st.integers(1, 4), second=st.integers(0, 9), event=st.sampled_from("ab")),
    min_size=1,
    max_size=8,
)


@given(asked=requests, data=st.data())
def test_any_order_and_duplication_of_approvals_ends_in_the_same_desired_state(asked, data):
    again = data.draw(st.lists(st.sampled_from(asked), max_size=6))
    shuffled = data.draw(st.permutations([*asked, *again]))

    desired = after(shuffled)

    assert kept(desired) == kept(after(asked)), "EventBridge delivers at least once and in no order"
    assert desired.order == max(one.order for one in asked), "the newest approval wins"


@given(asked=requests, late=st.builds(request, version=st.integers(1, 4), second=st.integers(0, 9)), data=st.data())
def test_a_stale_event_never_wins_whatever_became_of_the_newest(asked, late, data):
    current = after(asked)
    step = data.draw(st.sampled_from(["requested", "deploying", "in service", "failed", "rolled back"]))
    if step != "requested":
        current = state.deploying(current, "config-1", at="t1")
    finish = {"in service": state.in_service, "failed": state.failed, "rolled back": state.rolled_back}.get(step)
    if finish:
        current = finish(current, at="t2") if step == "in service" else finish(current, "why", at="t2")

    outcome = state.ask(current, late)

    if late.order < current.order:
        assert (outcome.decision, outcome.desired, outcome.writes) == (Decision.STALE, current, False)
        assert "was requested at" in outcome.why
    else:
        assert outcome.desired.version_arn == late.version_arn


@given(asked=requests)
def test_revisions_grow_with_each_write_and_only_with_writes(asked):
    current = None
    for one in asked:
        outcome = state.ask(current, one)
        grown = outcome.desired.revision - (current.revision if current else 0)
        assert grown == (1 if outcome.writes else 0), "a write is conditional on the revision that was read"
        current = outcome.desired


def test_every_order_of_an_approval_between_two_of_another_version_ends_alike():
    asked = [request(3, 1), request(2, 2), request(3, 3)]

    ends = {after(order).version_arn for order in permutations(asked)}

    assert ends == {ARN.format(3)}, "a refreshing approval moves the time on, or the one in between would win later"


def test_the_same_version_again_deploys_nothing_anew():
    current = state.in_service(state.deploying(after([request(3, 1)]), "c", at="t"), at="t")

    outcome = state.ask(current, request(3, 5, by="ben"))

    assert outcome.decision is Decision.REFRESHED
    assert (outcome.desired.state, outcome.desired.endpoint_config) == (State.IN_SERVICE, "c")
    assert outcome.desired.opened_at == current.opened_at, "its history item stays the same"


@pytest.mark.parametrize("finish", [state.failed, state.rolled_back])
def test_a_failed_version_that_is_approved_again_is_tried_again(finish):
    current = finish(state.deploying(after([request(3, 1)]), "c", at=moment(2)), "5xx alarm", at=moment(4))

    outcome = state.ask(current, request(3, 5))

    assert (outcome.decision, outcome.desired.state) == (Decision.ACCEPTED, State.REQUESTED)
    assert outcome.superseded is None, "it had ended already"


def test_the_very_event_again_does_not_retry_what_failed():
    current = state.failed(after([request(3, 1)]), "no such image", at="t")

    assert state.ask(current, request(3, 1)).decision is Decision.DUPLICATE, "or a redelivery would loop"


@given(
    seconds=st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True),
    fails_at=st.integers(0, 9),
    finish=st.sampled_from([state.failed, state.rolled_back]),
    data=st.data(),
)
def test_a_failure_answers_every_approval_before_it_in_whatever_order_the_events_come(seconds, fails_at, finish, data):
    first, *others = [request(3, second) for second in seconds]
    fails_at = max(fails_at, seconds[0])
    # No event comes before its time: what was approved after the failure arrives after it.
    before = [one for one in others if one.requested_at <= moment(fails_at) and data.draw(st.booleans())]
    later = data.draw(st.permutations([one for one in others if one not in before]))

    current = finish(state.deploying(after([first, *before]), "c", at=first.requested_at), "why", at=moment(fails_at))
    ended = after(later, current)

    newer = max(seconds) > fails_at
    assert ended.state is (State.REQUESTED if newer else current.state), "a retry is a wish that knows of the failure"
    assert ended.requested_at == moment(max(seconds)), "the newest approval is on record either way"


def test_another_version_that_was_approved_before_a_failure_is_deployed_all_the_same():
    current = state.failed(after([request(3, 1)]), "no such image", at=moment(9))

    assert state.ask(current, request(4, 2)).decision is Decision.ACCEPTED, "nobody has tried that one"


def test_what_an_operator_removed_comes_back_by_a_newer_approval_only():
    serving = state.in_service(state.deploying(after([request(3, 1)]), "c", at=moment(2)), at=moment(3))
    gone = state.removed(serving, "removed by ada", at=moment(6))

    assert (gone.state, gone.endpoint_config) == (State.REMOVED, None)
    assert state.removed(gone, "again", at=moment(7)) is gone
    assert [state.ask(gone, request(v, 5)).decision for v in (3, 4)] == [Decision.STALE] * 2, "a late event"
    assert [state.ask(gone, request(v, 7)).decision for v in (3, 2)] == [Decision.ACCEPTED] * 2


def test_a_refreshing_approval_leaves_the_time_of_the_state():
    deploying = state.deploying(after([request(3, 1)]), "c", at=moment(2))

    refreshed = state.ask(deploying, request(3, 8)).desired

    assert refreshed.updated_at == moment(2), "an endpoint event between the two must still be judged"


def test_a_newer_version_supersedes_an_open_deployment_and_says_so():
    current = state.deploying(after([request(3, 1)]), "c", at="t")

    outcome = state.ask(current, request(4, 2))

    assert outcome.superseded.state is State.SUPERSEDED
    assert outcome.superseded.detail == "version 4 was requested at 2026-03-02T09:00:02Z"
    assert state.deployment_key(outcome.superseded) == state.deployment_key(state.deployment_of(current))


def test_a_rollback_to_an_older_version_is_a_newer_request():
    current = state.in_service(state.deploying(after([request(7, 1)]), "c7", at="t"), at="t")

    outcome = state.ask(current, request(6, 9, event="operator"))

    assert (outcome.decision, outcome.desired.version_arn) == (Decision.ACCEPTED, ARN.format(6))


def test_steps_repeat_without_harm_and_refuse_what_does_not_follow():
    requested = after([request(3, 1)])
    deploying = state.deploying(requested, "c", at="t1")
    serving = state.in_service(deploying, at="t2")

    assert state.deploying(deploying, "c", at="t9") is deploying
    assert state.in_service(serving, at="t9") is serving
    assert state.deploying(deploying, "d", at="t9").endpoint_config == "d", "the plan changed while it was deploying"
    assert state.failed(requested, "no artifact", at="t").detail == "no artifact", "what never started can fail"
    for step in (
        lambda: state.in_service(requested, at="t"),
        lambda: state.rolled_back(requested, "why", at="t"),
        lambda: state.deploying(serving, "c", at="t"),
        lambda: state.failed(serving, "why", at="t"),
        lambda: state.ask(serving, Request(**{**vars_of(request(4, 2)), "model": "churn"})),
    ):
        with pytest.raises(state.TransitionError):
            step()


def vars_of(record):
    return {name: getattr(record, name) for name in record.__slots__}


def test_an_approval_event_becomes_a_request_with_its_approver():
    event = ApprovalEvent(
        version_arn=ARN.format(3),
        group="acme-risk-dev-us-east-1-fraud",
        version=3,
        account="111111111111",
        region="us-east-1",
        time="2026-03-02T09:00:04Z",
        approved_at=moment(1),
        event_id="e-3-1",
        created_or_updated="updated",
    )

    assert state.request_of("fraud", event, approver="anna") == request(3, 1)


@pytest.mark.parametrize("config", [None, "acme-config-1"])
def test_items_survive_the_table(config):
    desired = after([request(3, 1)])
    if config:
        desired = state.deploying(desired, config, at="t")
    item = {
        key: Decimal(value) if isinstance(value, int) else value for key, value in state.desired_item(desired).items()
    }
    deployment = state.deployment_of(desired, previous_endpoint_config=config)

    assert None not in item.values()
    assert (item["pk"], item["sk"]) == ("model#fraud", "desired")
    assert state.desired_from(item) == desired
    assert state.deployment_from(state.deployment_item(deployment)) == deployment
    assert state.deployment_item(deployment)["sk"] == "deployment#2026-03-02T09:00:01Z#3"


def test_of_two_writers_the_second_must_read_again():
    desired = after([request(3, 1)])

    assert state.write_condition(None) == {"ConditionExpression": "attribute_not_exists(pk)"}
    assert state.write_condition(desired)["ExpressionAttributeValues"] == {":revision": desired.revision}
