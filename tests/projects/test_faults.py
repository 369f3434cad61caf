"""Whatever call goes wrong, however: one answer, nothing orphaned, nothing of others touched, no secret in the log."""

import pytest

from tests.projects.calls import KINDS
from tests.projects.faults import WAYS, cells, outcome

REPRESENTATIVE = [
    ("create", "POST /repos/acme/risk-template-model-training/generate", "lost"),
    ("create", "POST /repos/acme/risk-template-model-training/generate", "died"),
    ("create", "PUT /repos/acme/risk-churn-inference/environments/prod", "denied"),
    ("create", "dynamodb:TransactWriteItems", "died"),
    ("create", "sagemaker:CreateModelPackageGroup", "lost"),
    ("create", "lambda:Invoke", "lost"),
    ("create", "iam:PutRolePolicy", "denied"),
    ("create", "kms:Sign", "denied"),
    ("archive", "iam:DeleteRole", "died"),
    ("archive", "PATCH /repos/acme/risk-churn-training", "throttle"),
    ("roll back", "DELETE /repos/acme/risk-churn-training", "lost"),
    ("upgrade", "POST /repos/acme/risk-churn-training/pulls", "lost"),
]


@pytest.mark.parametrize(("way", "call", "kind"), REPRESENTATIVE)
def test_a_fault_leaves_nothing_behind(way, call, kind):
    assert outcome(way, call, kind) in ("SUCCESS", "FAILED")


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_every_fault_in_every_call_leaves_nothing_behind(way, kind):
    wrong = {}
    for call, fault in cells(way, kinds=(kind,)):
        try:
            outcome(way, call, fault)
        except AssertionError as error:
            wrong[call] = str(error)[:300]
    assert wrong == {}


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["died", "lost"])
def test_every_write_of_a_creation_may_be_cut_off_at_each_of_its_occurrences(kind):
    wrong = {}
    for call in ("dynamodb:TransactWriteItems", "lambda:Invoke", "sts:AssumeRole", "kms:Sign"):
        for occurrence in range(1, 12):
            try:
                outcome("create", call, kind, occurrence)
            except AssertionError as error:
                wrong[call, occurrence] = str(error)[:300]
    assert wrong == {}
