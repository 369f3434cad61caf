"""What a request for a project may say, and that all that is named after a project fits where it goes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.delivery_events import approval_pattern_of_projects
from contracts.limits import LABEL_LENGTH, PROJECT_NAME_LENGTH
from contracts.products import DEPLOYMENT_TEMPLATES, ENVIRONMENTS_OF, PRODUCTS, available
from contracts.projects import SUFFIXES, check_project_name, dispatch_sort_key, repository_name, request_from
from contracts.rules import BrokenRuleError
from contracts.variables import VARIABLES, Level, of_template
from contracts.words import check_model_name

GOOD = {
    "ProjectName": "churn-model",
    "Product": "model-training",
    "Owner": "octo-cat",
    "Team": "risk-models",
    "TemplateVersion": "1.0.0",
}
names = st.from_regex(r"[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,7}){0,2}", fullmatch=True).filter(
    lambda name: len(name) <= PROJECT_NAME_LENGTH
)


def test_a_request_is_read_as_cloudformation_sends_it():
    request = request_from({**GOOD, "ServiceToken": "arn:aws:lambda:x", "ServiceTimeout": "900"}, "stack/1")

    assert (request.project, request.product, request.owner) == ("churn-model", "model-training", "octo-cat")
    assert (request.team, request.template_version, request.request_id) == ("risk-models", "1.0.0", "stack/1")


def test_team_and_version_may_be_absent():
    request = request_from({key: GOOD[key] for key in ("ProjectName", "Product", "Owner")}, "1")

    assert (request.team, request.template_version) == ("", "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ProjectName": "Churn"}, "ProjectName is 'Churn'"),
        ({"ProjectName": "a" * 25}, "up to 24"),
        ({"Product": "model-trainin"}, "did you mean model-training?"),
        ({"Product": "x"}, "choose one of model-training"),
        ({"Owner": "-octo"}, "Owner is '-octo'; write a GitHub login"),
        ({"Owner": ""}, "Owner is ''"),
        ({"Team": "Risk Models"}, "slug of a GitHub team"),
        ({"TemplateVersion": "latest"}, "a version such as 1.0.0"),
        ({"Projectname": "x"}, "write ProjectName"),
        ({"Colour": "x"}, "known: ProjectName, Product, Owner, Team, TemplateVersion"),
        ({"Team": 7}, "Team is 7, no text"),
    ],
)
def test_a_wrong_request_says_what_and_how_to_mend_it(change, said):
    with pytest.raises(BrokenRuleError, match=re.escape(said)):
        request_from({**GOOD, **change}, "1")


def test_a_request_without_an_id_cannot_be_told_from_another():
    with pytest.raises(BrokenRuleError, match="the request's id"):
        request_from(GOOD, "")


@given(name=names)
def test_a_projects_name_is_a_models_name_as_well(name):
    assert check_project_name(name) == check_model_name(name), "its group, pipeline and endpoint are named as a model's"


@given(name=names, unit=st.from_regex(r"[a-z][a-z0-9]{1,11}", fullmatch=True))
def test_no_two_repositories_of_a_project_share_a_name(name, unit):
    found = [repository_name(unit, name, template) for template in SUFFIXES]

    assert len(set(found)) == len(found)
    assert all(len(repository) <= 100 for repository in found), "GitHub: a repository's name has 100 characters"


def test_the_longest_repository_name_stays_within_github():
    longest = max(SUFFIXES, key=lambda template: len(SUFFIXES[template]))

    assert len(repository_name("u" * LABEL_LENGTH, "p" * PROJECT_NAME_LENGTH, longest)) <= 100


def test_every_template_of_every_product_is_known_everywhere():
    templates = {template for product in PRODUCTS.values() for template in product.templates}

    assert templates <= set(SUFFIXES)
    assert templates <= set(ENVIRONMENTS_OF)
    assert set(ENVIRONMENTS_OF) == set(SUFFIXES)
    for product in PRODUCTS.values():
        assert len(set(product.templates) & set(DEPLOYMENT_TEMPLATES)) <= 1, "an approval starts one repository"


def test_a_product_is_on_offer_when_all_its_repositories_are():
    assert available({"model-training"}) == ["model-training"]
    assert available({"model-training", "realtime-inference"}) == ["model-training", "model-training-and-deployment"]
    assert available(set()) == []


def test_each_template_gets_its_own_variables():
    training, inference = (of_template(name, Level.ENVIRONMENT) for name in ("model-training", "realtime-inference"))

    assert "PIPELINE_NAME" in training
    assert "PIPELINE_NAME" not in inference
    assert "ENDPOINT_NAME" in inference
    assert {"AWS_DEPLOY_ROLE_ARN", "AWS_REGION"} <= set(training) & set(inference)
    assert len({v.name for v in VARIABLES}) == len(VARIABLES)


def test_a_version_and_a_workflow_have_one_record():
    arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/g/1"

    assert dispatch_sort_key(arn, "deploy.yml") == dispatch_sort_key(arn, "deploy.yml")
    assert (
        len({dispatch_sort_key(arn, "deploy.yml"), dispatch_sort_key(arn, "x.yml"), dispatch_sort_key(arn + "2", "x")})
        == 3
    )


def test_the_pattern_of_projects_asks_for_the_stacks_prefix_only():
    detail = approval_pattern_of_projects("acme-risk-dev-us-east-1")["detail"]

    assert detail["ModelPackageGroupName"] == [{"prefix": "acme-risk-dev-us-east-1-"}]
    assert detail["ModelApprovalStatus"] == ["Approved"]
