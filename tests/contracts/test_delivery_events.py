"""Patterns and parsers of delivery's events, on samples in the documented form."""

import copy
import json
from pathlib import Path

import pytest

from contracts import delivery_events as events
from tests.contracts.aws_tables import service
from tests.contracts.event_matching import matches

SAMPLES = {
    path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "event_samples").glob("*.json"))
}
GROUP = "acme-risk-dev-us-east-1-fraud-detector"
ENDPOINT_ARN = "arn:aws:sagemaker:us-east-1:222222222222:endpoint/acme-risk-preprod-us-east-1-fraud-detector"
APPROVALS = {"model_package_approved", "model_package_created_approved"}
PACKAGE_EVENTS = sorted(name for name in SAMPLES if name.startswith("model_package"))


def changed(sample, **detail):
    event = copy.deepcopy(SAMPLES[sample])
    event["detail"].update(detail)
    return event


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_has_the_envelope_of_every_event(sample):
    assert set(SAMPLES[sample]) == {
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    }, "EventBridge puts these nine fields around every event"  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES)
def test_only_an_approval_matches_the_approval_rule(sample):
    assert matches(events.approval_pattern(GROUP), SAMPLES[sample]) == (sample in APPROVALS), (
        "a rejection, a registration and our own writes must start nothing"
    )


@pytest.mark.parametrize("sample", PACKAGE_EVENTS)
def test_the_parser_takes_what_the_rule_matches_and_nothing_else(sample):
    if sample in APPROVALS:
        assert events.parse_approval(SAMPLES[sample]).group == GROUP
    else:
        with pytest.raises(events.UnreadableEventError):
            events.parse_approval(SAMPLES[sample])


@pytest.mark.parametrize("fields", [["ModelApprovalStatus"], ["CustomerMetadataProperties"], ["ModelLifeCycle"], []])
@pytest.mark.parametrize("status", ["Approved", "Rejected", "PendingManualApproval"])
def test_rule_and_parser_agree_on_every_write(fields, status):
    event = changed("model_package_approved", UpdatedModelPackageFields=fields, ModelApprovalStatus=status)

    try:
        events.parse_approval(event)
        parsed = True
    except events.UnreadableEventError:
        parsed = False
    assert parsed == matches(events.approval_pattern(GROUP), event), "or a matched event would be lost in the function"


def test_an_approval_of_another_group_does_not_match():
    event = changed("model_package_approved", ModelPackageGroupName=f"{GROUP}-2")

    assert not matches(events.approval_pattern(GROUP), event), "a rule names its groups"


def test_a_forwarded_approval_matches_only_from_the_previous_environment():
    event = SAMPLES["model_package_approved"]

    assert matches(events.forwarded_pattern(GROUP, account="111111111111", region="us-east-1"), event)
    assert not matches(events.forwarded_pattern(GROUP, account="333333333333", region="us-east-1"), event)
    assert not matches(events.forwarded_pattern(GROUP, account="111111111111", region="eu-west-1"), event)


def test_an_approval_says_what_was_approved_where_and_when():
    assert events.parse_approval(SAMPLES["model_package_approved"]) == events.ApprovalEvent(
        version_arn=f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{GROUP}/7",
        group=GROUP,
        version=7,
        account="111111111111",
        region="us-east-1",
        time="2026-03-02T09:12:03Z",
        approved_at="2026-03-02T09:12:03Z",
        event_id="844e2571-85d4-695f-b930-0153b71dcb42",
        created_or_updated="updated",
    )


@pytest.mark.parametrize("form", ["2026-03-02T09:12:03Z", "2026-03-02T09:12:03.250Z", 1772442723250, "1772442723250"])
def test_several_events_of_one_approval_have_its_time_in_common(form):
    again = changed("model_package_approved", LastModifiedTime=form)
    again |= {"id": "another", "time": "2026-03-02T09:12:09Z"}

    parsed = events.parse_approval(again)

    assert (parsed.time, parsed.approved_at) == ("2026-03-02T09:12:09Z", "2026-03-02T09:12:03Z")


@pytest.mark.parametrize("form", [None, "", "yesterday", {}])
def test_an_approval_that_does_not_say_when_has_the_time_of_its_event(form):
    event = changed("model_package_approved", LastModifiedTime=form)

    assert events.parse_approval(event).approved_at == event["time"]


def test_a_version_that_was_registered_as_approved_was_approved_at_its_creation():
    event = changed("model_package_created_approved", LastModifiedTime="2026-03-02T08:00:00Z")

    assert events.parse_approval(event).approved_at == event["detail"]["CreationTime"], "a later write is no approval"


def test_a_version_that_was_registered_as_approved_was_created():
    assert events.parse_approval(SAMPLES["model_package_created_approved"]).created_or_updated == "created"


def test_an_endpoints_coming_to_rest_matches_its_rule_and_its_moving_does_not():
    pattern = events.endpoint_state_pattern(ENDPOINT_ARN)

    assert {name for name, event in SAMPLES.items() if matches(pattern, event)} == {
        "endpoint_in_service",
        "endpoint_failed",
    }, "there is nothing to verify while an endpoint changes"


def test_an_endpoint_event_says_which_endpoint_and_status():
    event = events.parse_endpoint(SAMPLES["endpoint_in_service"])

    assert (event.endpoint_arn, event.status, event.settled) == (ENDPOINT_ARN, "IN_SERVICE", True)
    assert event.endpoint_config == "acme-risk-preprod-us-east-1-fraud-detector-0a1b2c3d"
    assert not events.parse_endpoint(SAMPLES["endpoint_updating"]).settled


def test_an_endpoint_event_may_name_no_config():
    event = changed("endpoint_failed")
    del event["detail"]["EndpointConfigName"]

    assert events.parse_endpoint(event).endpoint_config is None, "an endpoint that was never created has none"


def test_a_deployment_event_is_no_state_change():
    with pytest.raises(events.UnreadableEventError, match="detail-type"):
        events.parse_endpoint(SAMPLES["endpoint_deployment_baking"])


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-02T09:12:03Z", "2026-03-02T09:12:03Z"),
        ("2026-03-02T10:12:03+01:00", "2026-03-02T09:12:03Z"),
        ("2026-03-02T09:12:03.999Z", "2026-03-02T09:12:03Z"),
        ("1583831889050", "2020-03-10T09:18:09Z"),
    ],
)
def test_times_have_one_form_so_that_texts_compare_as_times_do(text, time):
    assert events.parse_endpoint({**SAMPLES["endpoint_failed"], "time": text}).time == time


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": "yesterday"}, "time is an ISO 8601 moment"),
        ({"time": "2026-03-02T09:12:03"}, "time names its zone"),
        ({"id": ""}, "id is text"),
        ({"detail": None}, "has a detail with keys and values"),
        ({"source": "acme.test"}, "source 'acme.test'"),
    ],
)
def test_an_event_that_lacks_what_every_event_has_is_refused_with_the_reason(change, message):
    with pytest.raises(events.UnreadableEventError, match=message):
        events.parse_approval({**SAMPLES["model_package_approved"], **change})


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{GROUP}",
        f"arn:aws:sagemaker:us-east-1:111111111111:model-package-group/{GROUP}",
        f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{GROUP}/0",
        f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{GROUP}/7\n",
        "",
    ],
)
def test_only_the_arn_of_a_version_in_a_group_is_one(arn):
    with pytest.raises(events.UnreadableEventError):
        events.version_parts(arn)


def test_a_version_in_another_partition_is_one():
    assert events.version_parts("arn:aws-cn:sagemaker:cn-north-1:111111111111:model-package/g/12").version == 12


def test_every_status_of_the_api_has_its_spelling_in_events():
    for status in service("sagemaker").shape_for("EndpointStatus").enum:
        assert events.api_status(events.event_status(status)) == status, "the event says IN_SERVICE, the API InService"
    assert events.event_status("InService") == "IN_SERVICE"
    with pytest.raises(events.UnreadableEventError, match="is no endpoint status"):
        events.api_status("InService")
