"""What the deploy roles of project repositories may do, row by row of the table; and that two projects stay apart."""

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from components.project_boundary import project_boundary_statements
from components.project_table import BOTH, PROJECT_ROWS
from contracts.names import Names
from contracts.project_access import INFERENCE, TRAINING, project_role_statements
from tests.components.personas import document, names, project_may, project_statements, request, scope
from tests.components.test_personas import without
from tests.policy_evaluator import is_allowed, is_allowed_within

HOMES = {TRAINING: ("dev",), INFERENCE: ("preprod", "prod")}
EVERYTHING = {"Statement": [{"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}]}
PROJECT = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True).filter(lambda p: len(p) > 1)


@pytest.mark.parametrize("template", HOMES)
def test_every_row_of_the_project_table_holds(template):
    wrong = {}
    for environment in HOMES[template]:
        of = names(environment)
        for row in PROJECT_ROWS:
            if project_may(template, of, *request(row, of)) is not (template in row.may):
                wrong[environment, row.what] = f"should be {template in row.may}"
    assert wrong == {}


def test_no_row_says_something_twice_and_every_kind_of_role_has_rows():
    assert len({row.what for row in PROJECT_ROWS}) == len(PROJECT_ROWS)
    assert {template for row in PROJECT_ROWS for template in row.may} == BOTH


@pytest.mark.parametrize("template", HOMES)
def test_a_row_notices_each_statement_and_each_condition_that_goes_missing(template):
    of = names(HOMES[template][-1])
    own = document(project_statements(template, of))

    def answers(policy):
        return [is_allowed([policy], *request(row, of)) for row in PROJECT_ROWS]

    told, unnoticed = answers(own), []
    for index, statement in enumerate(own["Statement"]):
        paths = [(operator, key) for operator, keys in statement.get("Condition", {}).items() for key in keys]
        unnoticed += [(statement["Sid"], *p) for p in [(), *paths] if answers(without(own, index, p)) == told]
    assert unnoticed == [], "the table would not tell that it is gone"


def test_a_row_notices_each_statement_of_the_boundary_that_goes_missing():
    unnoticed = None
    for template, homes in HOMES.items():
        of = names(homes[-1])
        own = [document(project_statements(template, of))]
        bounds = document(project_boundary_statements(scope(of), names("dev")))

        def answers(policy, of=of, own=own):
            return [is_allowed_within(policy, own, *request(row, of)) for row in PROJECT_ROWS]

        told = answers(bounds)
        found = {s["Sid"] for i, s in enumerate(bounds["Statement"]) if answers(without(bounds, i)) == told}
        unnoticed = found if unnoticed is None else unnoticed & found
    assert unnoticed == set(), "no row of either template would tell that it is gone"


def test_no_privilege_is_gained_whatever_policy_the_role_gets():
    """The role that vends could write any policy; the boundary is what stands when that goes wrong."""
    escaping = (
        "iam:", "sts:", "lambda:", "secretsmanager:", "sagemaker:UpdateModelPackage", "sagemaker:CreateModelPackage",
        "sagemaker:CreateTrainingJob", "ssm:PutParameter",
    )  # fmt: skip
    # Which of the two roles is passed by whom is said by the role's own policy.
    rows = [r for r in PROJECT_ROWS if r.action.startswith(escaping) and not r.may]
    rows += [r for r in PROJECT_ROWS if "outside the VPC" in r.what or "without a key" in r.what]
    assert len(rows) >= 14
    for environment in ("dev", "prod"):
        of = names(environment)
        bounds = document(project_boundary_statements(scope(of), names("dev")))
        escaped = [r.what for r in rows if is_allowed_within(bounds, [EVERYTHING], *request(r, of))]
        assert escaped == []


def test_no_group_is_tagged_as_approving_by_itself():
    of = names("dev")
    bounds = document(project_boundary_statements(scope(of), of))
    group = of.model_package_group_arn("churn")
    for version in (group, group.replace("-group", "") + "/1"):
        assert not is_allowed_within(bounds, [EVERYTHING], "sagemaker:AddTags", version, {})


RESOURCES = {
    TRAINING: lambda n, p: [
        ("sagemaker:UpdatePipeline", n.pipeline_arn(p)),
        ("sagemaker:DescribeModelPackageGroup", n.model_package_group_arn(p)),
        ("s3:PutObject", f"{n.bucket_arn('artifacts')}/projects/{p}/code/x"),
    ],
    INFERENCE: lambda n, p: [
        ("sagemaker:UpdateEndpoint", n.endpoint_arn(p)),
        ("sagemaker:DeleteModel", f"arn:aws:sagemaker:{n.region}:{n.account}:model/{n.endpoint_model(p, 'a1b2c3d4')}"),
        ("sagemaker:DeleteEndpointConfig",
         f"arn:aws:sagemaker:{n.region}:{n.account}:endpoint-config/{n.endpoint_config(p, 'a1b2c3d4')}"),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{n.region}:{n.account}:alarm:{n.alarm('errors', p)}"),
        ("s3:PutObject", f"{n.bucket_arn('artifacts')}/projects/{p}/versions/x"),
    ],
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(mine=PROJECT, suffix=PROJECT, template=st.sampled_from(sorted(RESOURCES)))
def test_a_project_reaches_its_own_things_and_none_of_one_whose_name_begins_alike(mine, suffix, template):
    of = names(HOMES[template][0])
    other = f"{mine}-{suffix}"
    assume(len(other) <= 24)
    own = [document(project_statements(template, of, mine))]
    for action, resource in RESOURCES[template](of, mine):
        assert is_allowed(own, action, resource, {}), f"{action} {resource}"
    for action, resource in RESOURCES[template](of, other):
        assert not is_allowed(own, action, resource, {}), f"{action} {resource}"


def test_names_that_were_cut_are_matched():
    of = names("preprod", organisation="o" * 12, unit="u" * 12)
    own = [document(project_statements(INFERENCE, of, "p" * 24))]
    for action, resource in RESOURCES[INFERENCE](of, "p" * 24):
        assert is_allowed(own, action, resource, {}), f"{action} {resource}"


def test_single_account_keeps_the_environments_apart():
    shared = {"account": "1" * 12, "image_account": "1" * 12}
    preprod, prod = names("preprod", **shared), names("prod", **shared)
    own = [document(project_role_statements(preprod, "churn", INFERENCE, development=names("dev", **shared)))]
    for action, resource in RESOURCES[INFERENCE](prod, "churn"):
        assert not is_allowed(own, action, resource, {}), "the same account, another environment"


def test_statements_are_plain_json_and_named_once():
    for template, homes in HOMES.items():
        found = project_statements(template, names(homes[0]))
        assert json.loads(json.dumps(found)) == found
        assert len({s["Sid"] for s in found}) == len(found)


def test_a_template_without_a_role_is_refused_with_those_that_have_one():
    of = Names(organisation="acme", unit="risk", environment="dev", region="us-east-1", account="1" * 12,
               image_account="1" * 12)  # fmt: skip
    with pytest.raises(ValueError, match="there is one for model-training, realtime-inference"):
        project_role_statements(of, "churn", "llm-training")
