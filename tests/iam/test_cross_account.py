"""Between accounts both sides must let a request pass: each read of promotion, each event that is forwarded."""

import json

import pytest

from components.delivery_policies import FORWARD, PROMOTE
from contracts.delivery_events import MODEL_PACKAGE_CHANGE, SOURCE
from tests.iam import checks
from tests.iam.stacks import stack
from tests.policy_evaluator import grants, is_allowed, is_principal, resource_effects

PAIRS = (("dev", "preprod"), ("preprod", "prod"))
every_pair = pytest.mark.parametrize(("source", "target"), PAIRS)
READS = {
    "sagemaker:DescribeModelPackage", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "kms:Decrypt",
}  # fmt: skip


def reads(source, target):
    """Return the requests of target's promotion on what belongs to source, by the account or bucket in the ARN."""
    names = stack(source).names
    theirs = (names.account, names.bucket("artifacts"))
    asked = [r for r in checks.requests(stack(target)) if r.function == PROMOTE and not r.action.startswith("ecr:")]
    return [r for r in asked if any(part in r.resource for part in theirs)]


def guards(source, resource):
    return [document for pattern, document in stack(source).resource_policies if pattern.fullmatch(resource)]


def lets_in(source, request, arn):
    context = request.in_context(arn)
    found = [
        resource_effects(d, arn, request.action, request.resource, context) for d in guards(source, request.resource)
    ]
    effects = set().union(*found)
    return "Allow" in effects and "Deny" not in effects


OF_PROJECTS = {"RunsReadByProjects", "RunsListedByProjects", "DecryptedByProjects"}
"""Offers to deploy roles of projects; tests/components/test_project_seams.py shows that they are used."""


@every_pair
def test_promotion_reads_these_things_of_the_previous_account_and_no_other(source, target):
    assert {r.action for r in reads(source, target)} == READS


@every_pair
def test_both_sides_let_every_read_of_promotion_pass(source, target):
    arn, policies = stack(target).names.role_arn(PROMOTE), list(stack(target).policies(PROMOTE).values())
    for request in reads(source, target):
        assert is_allowed(policies, request.action, request.resource, request.in_context(arn)), f"{request}: role"
        assert lets_in(source, request, arn), f"{request}: the policy of the resource"


@every_pair
def test_the_previous_account_lets_no_other_role_and_no_clear_request_in(source, target):
    names = stack(target).names
    other, own = names.role_arn("deploy"), names.role_arn(PROMOTE)
    for request in reads(source, target):
        assert not lets_in(source, request, other), f"{request}: any role of that account could read"
        if request.action.startswith("s3:"):
            clear = request.in_context(own) | {"aws:SecureTransport": "false"}
            effects = [resource_effects(d, own, request.action, request.resource, clear)
                       for d in guards(source, request.resource)]  # fmt: skip
            assert "Deny" in set().union(*effects), f"{request}: over plain HTTP"


@every_pair
def test_the_key_of_the_previous_account_opens_no_other_buckets_files(source, target):
    arn, policies = stack(target).names.role_arn(PROMOTE), list(stack(target).policies(PROMOTE).values())
    for request in [r for r in reads(source, target) if r.action == "kms:Decrypt"]:
        data = stack(source).names.bucket_arn("data")
        context = request.in_context(arn) | {"kms:EncryptionContext:aws:s3:arn": f"{data}/latest/data.csv"}
        assert not is_allowed(policies, request.action, request.resource, context), "the role's side"
        (document,) = guards(source, request.resource)
        assert not resource_effects(document, arn, request.action, request.resource, context), "the key's side"


@every_pair
def test_what_the_previous_account_offers_is_used(source, target):
    """An offer that no request needs is as much too much as an unused statement of a role."""
    following = stack(target)
    arns = {name: following.names.role_arn(name) for name in (PROMOTE, "serving")}
    asked = [r for r in checks.requests(following) if r.function in arns]
    wrong = []
    for _, document in stack(source).resource_policies:
        for statement in document["Statement"]:
            if statement["Effect"] != "Allow" or not is_principal(statement["Principal"], arns[PROMOTE]):
                continue
            if statement["Sid"] in OF_PROJECTS:
                continue
            here = {"Resource": "*", **statement}
            used = {p for r in asked for p in grants(here, r.action, r.resource, r.in_context(arns[r.function]))}
            offered = {(a, p) for a in checks.as_list(here["Action"]) for p in checks.as_list(here["Resource"])}
            wrong += [(statement["Sid"], action, resource) for action, resource in offered - used]
    assert wrong == []


@pytest.mark.parametrize("target", ["preprod", "prod"])
def test_images_are_pulled_from_the_first_account_by_promotion_and_by_endpoints(target):
    names = stack(target).names
    pulls = [r for r in checks.requests(stack(target)) if r.action.startswith("ecr:") and r.resource != "*"]
    assert {r.function for r in pulls} == {PROMOTE, "serving"}
    for request in pulls:
        assert request.resource.split(":")[4] == names.image_account != names.account
        assert lets_in("dev", request, names.role_arn(request.function)), str(request)


# events
def put_events(source, target, *, role=FORWARD, **changed):
    names = stack(source).names
    (bus,) = stack(target).graph.of_type("cloudwatch:EventBusPolicy")
    arn, resource = names.role_arn(role), stack(target).names.event_bus_arn
    context = {"aws:PrincipalArn": arn, "events:source": SOURCE, "events:detail-type": MODEL_PACKAGE_CHANGE}
    context |= {key.replace("_", ":", 1).replace("_", "-"): value for key, value in changed.items()}
    policies = list(stack(source).policies(role).values())
    offered = resource_effects(json.loads(bus.inputs["policy"]), arn, "events:PutEvents", resource, context)
    return is_allowed(policies, "events:PutEvents", resource, context), offered == {"Allow"}


@every_pair
def test_forwarding_puts_approvals_on_the_next_bus_with_leave_of_both_sides(source, target):
    assert put_events(source, target) == (True, True)


@every_pair
@pytest.mark.parametrize("changed", [{"events_source": "custom"}, {"events_detail_type": "Anything"}])
def test_the_bus_takes_no_other_events(source, target, changed):
    assert put_events(source, target, **changed)[1] is False


@every_pair
def test_no_other_role_puts_events_on_the_bus(source, target):
    assert put_events(source, target, role="deploy") == (False, False)


@every_pair
def test_forwarding_may_do_nothing_else(source, target):
    (document,) = stack(source).policies(FORWARD).values()
    assert [(s["Action"], s["Resource"]) for s in document["Statement"]] == [
        (["events:PutEvents"], stack(target).names.event_bus_arn)
    ]


@every_pair
def test_rules_forward_with_that_role_to_that_bus(source, target):
    targets = [t for t in stack(source).graph.of_type("cloudwatch:EventTarget")
               if t.inputs["arn"] == stack(target).names.event_bus_arn]  # fmt: skip
    assert targets, "nothing is forwarded"
    assert {t.inputs["roleArn"] for t in targets} == {stack(source).names.role_arn(FORWARD)}
