"""CloudFormation's protocol: an answer always fits, and goes nowhere but where CloudFormation is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_src.provision.cloudformation import (
    ANSWER_BYTES,
    CustomResourceRequest,
    UnansweredError,
    answer,
    content_of,
)

EVENT = {
    "RequestType": "Create",
    "ResponseURL": "https://example.com/x?X-Amz-Signature=secret",
    "StackId": "arn:aws:cloudformation:us-east-1:111111111111:stack/SC-1/2",
    "RequestId": "r",
    "LogicalResourceId": "Project",
    "ResourceProperties": {"ProjectName": "churn"},
}


@given(st.text(max_size=3000), st.dictionaries(st.sampled_from(["A", "B", "C"]), st.text(max_size=6000)))
def test_every_answer_fits_whatever_it_says(reason, data):
    content = content_of(CustomResourceRequest(EVENT), reason, data)
    body = json.loads(content)
    assert len(content) <= ANSWER_BYTES, "CloudFormation drops what is longer, and the stack hangs"
    assert body["Status"] == ("FAILED" if reason else "SUCCESS")
    assert set(body["Data"]) == set(data), "an attribute that is missing fails the template"


def test_what_is_short_enough_is_not_cut():
    body = json.loads(content_of(CustomResourceRequest(EVENT), "", {"A": "b" * 2000}))
    assert body["Data"] == {"A": "b" * 2000}


@pytest.mark.parametrize("address", ["http://example.com/", "file:///etc/passwd", "ftp://example.com/", ""])
def test_an_answer_goes_to_an_https_address_only(address):
    with pytest.raises(UnansweredError, match="no https address"):
        answer(CustomResourceRequest({**EVENT, "ResponseURL": address}))


def test_the_address_is_in_no_error():
    waits = []
    request = CustomResourceRequest({**EVENT, "ResponseURL": "http://127.0.0.1:1/x?X-Amz-Signature=secret"})
    with pytest.raises(UnansweredError) as raised:
        answer(request, sleeper=waits.append)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    assert len(waits) == 3


@pytest.mark.parametrize(
    ("physical", "properties", "project"),
    [
        ("project/churn", {"ProjectName": "other"}, "churn"),
        ("SC-1-Project-1ABC", {"ProjectName": "churn"}, "churn"),
        (None, {"ProjectName": "churn"}, "churn"),
        (None, {}, ""),
        (None, "nonsense", ""),
    ],
)
def test_a_resource_stands_for_its_project_also_where_cloudformation_made_its_id_up(physical, properties, project):
    request = CustomResourceRequest({**EVENT, "PhysicalResourceId": physical, "ResourceProperties": properties})
    assert request.project == project
