"""A deploy role for one repository, in one environment, under the boundary; and none for anything else."""

import copy
import json
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.github import OIDC_AUDIENCE, OIDC_ISSUER
from contracts.rules import BrokenRuleError
from lambda_src.vend.request import read
from tests.policy_evaluator import matches
from tests.projects.world import ENVIRONMENTS, World

ASSUME = "sts:AssumeRoleWithWebIdentity"
PROD = ENVIRONMENTS["prod"]
ROLE = PROD.project_role("churn", "realtime-inference")
GRANT = {
    "operation": "grant",
    "project": "churn",
    "template": "realtime-inference",
    "environment": "prod",
    "repository": {"owner": "acme", "owner_id": 11, "name": "risk-churn-inference", "id": 900},
}
CLAIMS = {
    "aud": OIDC_AUDIENCE,
    "environment": "prod",
    "repository_id": "900",
    "sub": "repo:acme@11/risk-churn-inference@900:environment:prod",
    "job_workflow_ref": "acme/mlops-workflows/.github/workflows/deploy-endpoint.yml@refs/tags/v1",
}


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as new:
        yield new


def event(**changes):
    found = copy.deepcopy(GRANT)
    repository = changes.pop("repository", {})
    found |= changes
    if isinstance(repository, dict):
        found["repository"] |= repository
    else:
        found["repository"] = repository
    return found


def role(world, environment="prod", name=ROLE):
    return world.aws(environment, "iam").get_role(RoleName=name)["Role"]


def trust(world):
    found = role(world)["AssumeRolePolicyDocument"]
    return found if isinstance(found, dict) else json.loads(unquote(found))


def lets_in(document, claims):
    context = {f"{OIDC_ISSUER}:{name}": value for name, value in claims.items()}
    return any(matches(statement, ASSUME, "*", context) for statement in document["Statement"])


def state(world):
    """Return everything about the role, for telling whether anything changed."""
    iam = world.aws("prod", "iam")
    policies = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    found = {name: iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"] for name in policies}
    return json.dumps([role(world), found], sort_keys=True, default=str)


def test_a_role_is_made_under_the_boundary_at_the_path_of_projects(world):
    answer = world.vend("prod", event())

    made = role(world)
    assert answer == {"outcome": "granted", "role_arn": made["Arn"]}
    assert made["Path"] == PROD.project_role_path
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == PROD.boundary_arn("project")
    assert made["MaxSessionDuration"] == 3600


def test_twice_is_the_same_as_once(world):
    world.vend("prod", event())
    before = state(world)
    assert world.vend("prod", event())["outcome"] == "granted"
    assert state(world) == before


def test_what_somebody_changed_is_set_right(world):
    world.vend("prod", event())
    before = state(world)
    iam = world.aws("prod", "iam")
    open_to_all = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [open_to_all]}
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(document))
    iam.put_role_policy(
        RoleName=ROLE, PolicyName="deploy", PolicyDocument=json.dumps({**document, "Statement": [anything]})
    )
    world.vend("prod", event())
    assert state(world) == before


def test_revoking_leaves_nothing_and_twice_is_gone(world):
    world.vend("prod", event())
    assert world.vend("prod", event(operation="revoke")) == {"outcome": "revoked"}
    assert world.vend("prod", event(operation="revoke")) == {"outcome": "gone"}
    assert world.roles() == {}


@pytest.mark.parametrize("call", ["iam:CreateRole", "iam:PutRolePolicy"])
@pytest.mark.parametrize("kind", ["lost", "died", "throttle"])
def test_half_a_grant_is_finished_by_the_next(world, call, kind):
    world.calls.fault(call, kind)
    with pytest.raises(BaseException, match=r".*"):
        world.vend("prod", event())
    assert world.vend("prod", event())["outcome"] == "granted"
    assert world.aws("prod", "iam").list_role_policies(RoleName=ROLE)["PolicyNames"] == ["deploy"]


# whom it trusts
@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    """Return the trust policy of a role that was granted."""
    with World(tmp_path_factory.mktemp("trusted")) as new:
        new.vend("prod", event())
        return trust(new)


@pytest.mark.parametrize("sub", [CLAIMS["sub"], "repo:acme/risk-churn-inference:environment:prod"])
def test_the_jobs_of_the_repository_get_in_with_either_form_of_the_subject(trusted, sub):
    assert lets_in(trusted, {**CLAIMS, "sub": sub})


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("aud", "https://github.com/acme"),
        ("environment", "preprod"),
        ("environment", "Prod"),
        ("environment", None),
        ("repository_id", "901"),
        ("repository_id", None),
        ("sub", "repo:acme/risk-churn-inference:ref:refs/heads/main"),
        ("sub", "repo:acme/risk-churn-inference:environment:preprod"),
        ("sub", "repo:acme/risk-churn-inference-2:environment:prod"),
        ("sub", "repo:acme@12/risk-churn-inference@900:environment:prod"),
        ("sub", "repo:acme@11/risk-churn-inference@901:environment:prod"),
        ("sub", "repo:evil/risk-churn-inference:environment:prod"),
        ("sub", "repo:acme/risk-churn-inference:pull_request"),
        ("sub", None),
        ("job_workflow_ref", "acme/mlops-workflows/.github/workflows/deploy-endpoint.yml@refs/heads/main"),
        ("job_workflow_ref", "acme/mlops-workflows/.github/workflows/deploy-endpoint.yml@refs/heads/refs/tags/v1"),
        ("job_workflow_ref", "acme/risk-churn-inference/.github/workflows/deploy.yml@refs/tags/v1"),
        ("job_workflow_ref", "evil/mlops-workflows/.github/workflows/deploy-endpoint.yml@refs/tags/v1"),
        ("job_workflow_ref", None),
    ],
)
def test_any_one_other_claim_keeps_a_job_out(trusted, claim, value):
    claims = {**CLAIMS, claim: value}
    assert not lets_in(trusted, {name: value for name, value in claims.items() if value is not None})


def test_the_trust_names_githubs_provider_of_the_account_and_no_other_way_in(trusted):
    (statement,) = trusted["Statement"]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{PROD.account}:oidc-provider/{OIDC_ISSUER}"}
    assert statement["Action"] == ASSUME


# what it refuses
REPOSITORY = {
    "owner": ["evil", "acme-2", "", 7, None, "acme/x", "-acme"],
    "owner_id": ["11", 0, -1, True, None, 1.5, 10**30],
    "name": ["risk-other-inference", "risk-churn-training", "risk-churn-inference/../x", "", 7, None, "*"],
    "id": ["900", 0, -5, True, None, 9.0, [900]],
}
OUTSIDE = {
    "operation": ["delete", "", None, 1, ["grant"], "Grant"],
    "project": ["other", "Churn", "churn*", "", None, 7, "a" * 25, "churn/../x", "churn\n"],
    "template": ["model-training", "unknown", "", None, 7, ["realtime-inference"]],
    "environment": ["preprod", "dev", "", "*", None, 7, "PROD"],
    "repository": [None, "acme/risk-churn-inference", [], 7],
}
HOSTILE = {
    **{name: [{"repository": {name: value}} for value in values] for name, values in REPOSITORY.items()},
    **{name: [{name: value} for value in values] for name, values in OUTSIDE.items()},
    "extra": [{"extra": "field"}, {"repository": {"extra": "field"}}],
}


@pytest.mark.parametrize("field", ["extra", *REPOSITORY, *OUTSIDE])
def test_a_hostile_or_malformed_request_gets_no_role_and_a_reason(world, field):
    for change in HOSTILE[field]:
        answer = world.vend("prod", event(**change))
        assert answer["outcome"] == "refused", change
        assert answer["why"]
    assert world.roles() == {}
    assert not [call for call in world.calls.made if call.name.startswith("iam:")], "it was refused before any call"


@pytest.mark.parametrize("missing", list(GRANT))
def test_a_request_that_lacks_a_field_is_refused(world, missing):
    short = {name: value for name, value in GRANT.items() if name != missing}
    assert "it has exactly" in world.vend("prod", short)["why"]


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)


@given(st.dictionaries(st.sampled_from([*GRANT, "x"]), values | st.dictionaries(st.text(), values), max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_input_makes_it_raise_anything_but_its_own_refusal(changes):
    wish = {**copy.deepcopy(GRANT), **changes}
    try:
        found = read(wish, environment="prod", unit="risk", organization="acme")
    except BrokenRuleError:
        return
    assert (found.owner.casefold(), found.environment) == ("acme", "prod")
    assert found.operation == "revoke" or found.repository == f"risk-{found.project}-inference"


def test_the_organisation_may_be_written_otherwise_in_settings_because_github_does_not_look_at_the_case(world):
    assert world.vend("prod", event(repository={"owner": "Acme"}))["outcome"] == "granted"
    assert "repo:Acme@11/" in json.dumps(trust(world)), "the claim has GitHub's own form"


# what is somebody else's
def tagged(repository_id):
    values = {"project": "churn", "repository-id": repository_id, "template": "realtime-inference"}
    return [{"Key": key, "Value": value} for key, value in values.items()]


@pytest.mark.parametrize("operation", ["grant", "revoke"])
@pytest.mark.parametrize(
    ("other", "revoked"),
    [
        ({"Path": "/"}, "refused"),
        ({"PermissionsBoundary": "arn:aws:iam::333333333333:policy/other"}, "refused"),
        ({"Tags": tagged("900")[:1]}, "gone"),
        ({"Tags": tagged("901")}, "gone"),
    ],
    ids=["path", "another boundary", "untagged", "another repository"],
)
def test_a_role_of_somebody_else_is_not_touched(world, operation, other, revoked):
    """To revoke: what says that it is ours and was tampered with needs a person, what is another's is none of ours."""
    made = {
        "RoleName": ROLE,
        "Path": PROD.project_role_path,
        "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": []}),
        "PermissionsBoundary": PROD.boundary_arn("project"),
        "Tags": tagged("900"),
        **other,
    }
    world.aws("prod", "iam").create_role(**made)
    before = state(world)

    answer = world.vend("prod", event(operation=operation))

    assert answer["outcome"] == (revoked if operation == "revoke" else "refused")
    assert state(world) == before
