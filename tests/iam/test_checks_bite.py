"""The comparison itself: each kind of mistake, put into a real stack's policies, is found and named."""

import copy

import pytest

from components.delivery_policies import PROMOTE
from tests.iam import checks
from tests.iam.stacks import FUNCTIONS, stack
from tests.policy_evaluator import resource_effects

pytestmark = pytest.mark.stories  # tests of a test, which has to run every function for that


def broken(function, change, name="work"):
    """Return stack, role, documents after `change` was made to a copy of one of them, and what is asked of the role."""
    rendered = stack("preprod")
    documents = copy.deepcopy(rendered.policies(function))
    change(documents[name]["Statement"])
    asked = [request for request in checks.requests(rendered) if request.function == function]
    return rendered, function, list(documents.values()), asked


def statement(action, resource, **more):
    return {"Sid": "Added", "Effect": "Allow", "Action": [action], "Resource": resource, **more}


def by_sid(statements, sid):
    return next(s for s in statements if s["Sid"] == sid)


def statements_of(function):
    """Yield (policy, position, Sid) of every Allow statement of a function's role."""
    for name, document in sorted(stack("preprod").policies(function).items()):
        for position, found in enumerate(document["Statement"]):
            if found["Effect"] == "Allow":
                yield name, position, found["Sid"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_any_statement_that_is_taken_away_is_missed(function):
    for name, position, sid in statements_of(function):
        taken = []

        def take(statements, position=position, taken=taken):
            taken.append(statements.pop(position))

        wrong = checks.missing(*broken(function, take, name))
        assert wrong, f"{sid} could go and nobody would notice: another statement gives the same, or nothing needs it"
        assert all(line.startswith(f"{function}: ") for line in wrong)
        assert any(action in line for action in taken[0]["Action"] for line in wrong), wrong


@pytest.mark.parametrize("function", FUNCTIONS)
def test_any_statement_that_is_bound_to_something_else_is_missed(function):
    for name, position, sid in statements_of(function):

        def elsewhere(statements, position=position):
            found = checks.as_list(statements[position]["Resource"])
            statements[position]["Resource"] = [r.replace(r.split(":")[-1], f"x-{r.split(':')[-1]}") for r in found]

        assert checks.missing(*broken(function, elsewhere, name)), f"the resource of {sid} is not compared"


def test_what_is_missing_is_named_by_function_action_and_resource():
    case = broken("deploy", lambda statements: statements.remove(by_sid(statements, "PassServingRole")))
    what = f"deploy: iam:PassRole on {stack('preprod').names.role_arn('serving')} (sagemaker:CreateModel)"
    assert checks.missing(*case) == [f"{what}: the role's policies do not allow it"]


@pytest.mark.parametrize(
    ("sid", "key"),
    [
        ("PassServingRole", "iam:PassedToService"),
        ("LetAutoscalingWork", "iam:AWSServiceName"),
        ("ScaleEndpoints", "application-autoscaling:service-namespace"),
    ],
)
def test_a_condition_that_the_call_does_not_meet_is_found(sid, key):
    def other(statements):
        by_sid(statements, sid)["Condition"]["StringEquals"][key] = "other"

    assert checks.missing(*broken("deploy", other)), f"{key} is not compared"


def test_a_deny_that_meets_a_call_is_found():
    deny = {"Sid": "No", "Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}
    wrong = checks.missing(*broken("verify", lambda statements: statements.append(deny)))
    assert any("dynamodb:Query" in line for line in wrong)


def test_an_unused_statement_is_named():
    extra = statement("sagemaker:DeleteModelPackage", "arn:aws:sagemaker:us-east-1:222222222222:model-package/acme-*")
    (line,) = checks.unused(*broken("promote", lambda statements: statements.append(extra)))
    assert line == (
        "promote: sagemaker:DeleteModelPackage on arn:aws:sagemaker:us-east-1:222222222222:model-package/acme-* is in"
        " Added, and nothing needs it"
    )


@pytest.mark.parametrize(
    ("function", "sid", "member", "value"),
    [
        ("deploy", "ServeVersions", "Action", "sagemaker:DeleteModel"),
        ("verify", "RemoveOldConfigs", "Action", "sagemaker:DeleteEndpoint"),
        ("deploy", "SendSmokePayloads", "Resource", "arn:aws:sagemaker:us-east-1:222222222222:endpoint/elsewhere"),
        ("promote", "WritePromotedFiles", "Resource", "arn:aws:s3:::acme-risk-preprod-us-east-1-data-222222222222/x/*"),
        ("deploy", "KeepDesiredStates", "Action", "dynamodb:Scan"),
    ],
)
def test_one_action_or_pattern_too_many_in_a_used_statement_is_found(function, sid, member, value):
    def widen(statements):
        found = by_sid(statements, sid)
        found[member] = [*checks.as_list(found[member]), value]

    wrong = checks.unused(*broken(function, widen))
    assert wrong
    assert all(sid in line and value in line for line in wrong), wrong


@pytest.mark.parametrize(
    ("action", "resource", "more"),
    [
        ("sagemaker:DeleteEndpoint", "*", {}),
        ("sagemaker:DeleteEndpoint", "arn:aws:sagemaker:us-east-1:222222222222:endpoint/*", {}),
        ("sagemaker:DeleteEndpoint", "arn:aws:sagemaker:us-east-1:222222222222:endpoint/acme-*", {}),
        ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:222222222222:table/*", {}),
        ("iam:PassRole", "arn:aws:iam::222222222222:role/*", {}),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:111111111111:key/*", {}),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:111111111111:key/*",
         {"Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}}),
        ("application-autoscaling:DeregisterScalableTarget",
         "arn:aws:application-autoscaling:us-east-1:222222222222:scalable-target/*", {}),
        ("sagemaker:*", "arn:aws:sagemaker:us-east-1:222222222222:endpoint/acme-risk-preprod-us-east-1-x", {}),
        ("sagemaker:Delete*", "*", {}),
    ],
)  # fmt: skip
def test_a_write_with_a_wildcard_is_found(action, resource, more):
    extra = statement(action, resource, **more)
    wrong = checks.wildcards(*broken("deploy", lambda statements: statements.append(extra))[:3])
    assert len(wrong) == 1, wrong
    assert action in wrong[0]
    assert "Added" in wrong[0]


@pytest.mark.parametrize("resource", ["bucket", "key", "group"])
def test_a_resource_policy_that_no_longer_lets_promotion_in_is_found(monkeypatch, resource):
    source = stack("dev")
    words = {"bucket": "s3:Get", "key": "kms:Decrypt", "group": "sagemaker:DescribeModelPackage"}

    def without(pattern, document):
        kept = [s for s in document["Statement"] if "NextEnvironment" not in s["Sid"] or words[resource] not in str(s)]
        return pattern, {**document, "Statement": kept}

    changed = [without(*pair) for pair in source.resource_policies]
    assert changed != source.resource_policies
    monkeypatch.setitem(source.__dict__, "resource_policies", changed)
    wrong = checks.missing(*broken(PROMOTE, lambda statements: None))
    assert wrong
    assert all("of account 111111111111, does not let it in" in line for line in wrong), wrong


def test_a_key_policy_without_the_service_is_found_in_the_own_account_too(monkeypatch):
    rendered = stack("preprod")
    text = copy.deepcopy(rendered.resource_policies)
    for _, document in text:
        for found in document["Statement"]:
            via = found.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService")
            if isinstance(via, list):
                via[:] = [service for service in via if not service.startswith("dynamodb.")]
    monkeypatch.setitem(rendered.__dict__, "resource_policies", text)
    wrong = checks.missing(*broken("deploy", lambda statements: None))
    assert {line.split(" on ")[0] for line in wrong} == {
        f"deploy: kms:{action}" for action in ("Decrypt", "GenerateDataKey")
    }, "describing a key is part of its administration"


def test_a_principal_is_an_account_a_role_or_everybody():
    arn = "arn:aws:iam::222222222222:role/x"

    def effects(principal):
        document = {"Statement": [{**statement("s3:GetObject", "*"), "Principal": principal}]}
        return resource_effects(document, arn, "s3:GetObject", "arn:aws:s3:::b/k", {})

    for principal in ("*", {"AWS": "*"}, {"AWS": arn}, {"AWS": ["arn:aws:iam::222222222222:root"]}):
        assert effects(principal) == {"Allow"}, principal
    for principal in ({"Service": "s3.amazonaws.com"}, {"AWS": "arn:aws:iam::333333333333:root"}, {"AWS": f"{arn}y"}):
        assert effects(principal) == set(), principal
