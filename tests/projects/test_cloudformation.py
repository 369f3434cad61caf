"""CloudFormation's protocol: an answer always fits, and goes nowhere but where CloudFormation is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_src.provision.cloudformation import (
    ANSWER_BYTES,
    CustomResourceRequest,
    UnansweredError,
    addresses_of,
    answer,
    check_address,
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


BUCKET = "cloudformation-custom-resource-response-euwest1"


@pytest.mark.parametrize("s3", ["s3", "s3-eu-west-1", "s3.eu-west-1"])
def test_the_bucket_that_cloudformation_documents_is_answered(s3):
    address = f"https://{BUCKET}.{s3}.amazonaws.com/arn%3Aaws%3Acloudformation?X-Amz-Signature=secret"
    check_address(CustomResourceRequest({**EVENT, "ResponseURL": address}), addresses_of("eu-west-1"))


def test_the_bucket_in_china_lies_under_its_own_domain():
    address = "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/x"
    check_address(CustomResourceRequest({**EVENT, "ResponseURL": address}), addresses_of("cn-north-1"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "file:///etc/passwd",
        "http://127.0.0.1/x",
        "https://example.com/x",
        f"http://{BUCKET}.s3.amazonaws.com/x",
        f"https://{BUCKET}.s3.amazonaws.com@example.com/x",
        f"https://{BUCKET}.s3.amazonaws.com.example.com/x",
        f"https://{BUCKET}-mine.s3.amazonaws.com/x",
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x",
        "https://mine.s3.eu-west-1.amazonaws.com/x",
    ],
)
def test_an_answer_goes_nowhere_but_to_cloudformation_of_this_region(address):
    with pytest.raises(UnansweredError, match="no address of CloudFormation") as raised:
        check_address(CustomResourceRequest({**EVENT, "ResponseURL": address}), addresses_of("eu-west-1"))
    assert not address or address not in str(raised.value)


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
