"""The catalog: templates that CloudFormation takes, versions that stay, and a launch that can do one thing."""

import hashlib
import json

import pulumi
import pytest
import yaml
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from components import product_templates
from components.catalog_policies import launch_statements, launch_trust_policy
from components.policy_document import policy
from components.product_templates import rendered, versions
from components.project_catalog import ProjectCatalog, ProjectCatalogArgs
from contracts.limits import PROJECT_NAME_LENGTH
from contracts.names import Names
from contracts.products import PRODUCTS
from contracts.projects import LOGIN_PATTERN, PROJECT_NAME_PATTERN, PROPERTIES, RESOURCE_TYPE, request_from
from tests.harness import deploy
from tests.policy_evaluator import is_allowed

NAMES = Names(
    organisation="acme",
    unit="risk",
    environment="dev",
    region="us-east-1",
    account="111111111111",
    image_account="111111111111",
)
KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
FUNCTION = NAMES.function_arn("provision")
RELEASED = {"1.0.0": "edd60464933ee6695bbbe2787ea201b22c0d95b86bffa2094f27d6f626426180"}
"""SHA-256 of every released source. A released version never changes: projects were launched from it."""


def catalog(**changes):
    def program():
        ProjectCatalog(
            "catalog",
            ProjectCatalogArgs(
                **{
                    "names": NAMES,
                    "owner": "ml-platform@example.com",
                    "products": ["model-training", "model-training-and-deployment"],
                    "lead_role_arn": NAMES.role_arn("lead"),
                    "data_key_arn": KEY,
                    "access_log_bucket": NAMES.bucket("logs"),
                    "classification": "internal",
                    "noncurrent_expire_after_days": 365,
                    **changes,
                }
            ),
        )

    return deploy(program)


def test_every_released_source_is_as_it_was_released():
    found = {
        version: hashlib.sha256(
            (product_templates.SOURCES / version / product_templates.SOURCE).read_bytes()
        ).hexdigest()
        for version in versions()
    }

    assert found == RELEASED, "a change is a new version: copy the folder, raise the number, add the hash here"


@pytest.mark.parametrize("key", PRODUCTS)
@pytest.mark.parametrize("version", versions())
def test_cloudformations_linter_finds_nothing(key, version):
    text = rendered(PRODUCTS[key], version, function_arn=FUNCTION).text

    found = lint(text, config=ManualArgs(regions=["us-east-1"], include_checks=["W"]))

    assert [str(match) for match in found] == []


def test_the_linter_would_find_a_mistake():
    text = rendered(PRODUCTS["model-training"], "1.0.0", function_arn=FUNCTION).text

    assert lint(text.replace('"Ref": "Owner"', '"Ref": "Owners"'), config=ManualArgs(regions=["us-east-1"]))


@pytest.mark.parametrize("key", PRODUCTS)
def test_a_template_holds_one_resource_and_the_function_reads_each_of_its_properties(key):
    template = json.loads(rendered(PRODUCTS[key], "1.0.0", function_arn=FUNCTION).text)
    (resource,) = template["Resources"].values()
    parameters = template["Parameters"]

    assert resource["Type"] == RESOURCE_TYPE
    assert set(resource["Properties"]) == {*PROPERTIES, "ServiceToken", "ServiceTimeout"}
    assert template["Mappings"]["Platform"] == {
        "Product": {"Key": key, "Version": "1.0.0"},
        "Function": {"Arn": FUNCTION},
    }, "no parameter: whoever launches cannot send the request to a function of their own"
    assert parameters["SageMakerProjectName"]["MaxLength"] == PROJECT_NAME_LENGTH
    assert f"^{parameters['SageMakerProjectName']['AllowedPattern']}$" == PROJECT_NAME_PATTERN
    assert parameters["Owner"]["AllowedPattern"] == LOGIN_PATTERN.removeprefix("^").removesuffix("$").replace(
        "{0,38}", "*"
    )
    assert resource["Properties"]["ServiceTimeout"] > 900, "Lambda ends a function after 900 seconds at most"


def test_what_the_template_sends_is_what_the_function_reads():
    properties = json.loads(rendered(PRODUCTS["model-training"], "1.0.0", function_arn=FUNCTION).text)["Resources"][
        "Project"
    ]["Properties"]
    sent = {
        **{name: value for name, value in properties.items() if isinstance(value, str | int)},
        "ProjectName": "p" * PROJECT_NAME_LENGTH,
        "Product": "model-training",
        "TemplateVersion": "1.0.0",
        "Owner": "o" * 39,
        "Team": "",
        "ServiceToken": FUNCTION,
    }

    assert request_from(sent, "stack").project == "p" * PROJECT_NAME_LENGTH


def test_a_product_keeps_its_first_version_and_gains_the_later_ones(tmp_path, monkeypatch):
    source = (product_templates.SOURCES / "1.0.0" / product_templates.SOURCE).read_text()
    for version in ("1.0.0", "1.2.0", "1.10.0"):
        (tmp_path / version).mkdir()
        (tmp_path / version / product_templates.SOURCE).write_text(source)
    before = catalog(products=["model-training"])
    monkeypatch.setattr("components.project_catalog.versions", lambda: versions(tmp_path))
    monkeypatch.setattr(
        "components.project_catalog.rendered", lambda p, v, **given: rendered(p, v, **given, folder=tmp_path)
    )

    after = catalog(products=["model-training"])

    assert before.one("servicecatalog:Product").inputs == after.one("servicecatalog:Product").inputs, (
        "the provider replaces a product whose first version changes"
    )
    assert [a.inputs["name"] for a in after.of_type("servicecatalog:ProvisioningArtifact")] == [
        "1.2.0",
        "1.10.0",
    ]


@pytest.mark.parametrize("folder", ["latest", "1.0", "1.0.x"])
def test_a_folder_that_is_no_version_is_named(tmp_path, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / product_templates.SOURCE).write_text("")

    with pytest.raises(ValueError, match="holds a folder that is no version"):
        versions(tmp_path)


def test_only_the_lead_launches_and_everything_runs_as_the_launch_role():
    graph = catalog()
    constraints = graph.of_type("servicecatalog:Constraint")
    principals = graph.of_type("servicecatalog:PrincipalPortfolioAssociation")

    assert [found.inputs["principalArn"] for found in principals] == [NAMES.role_arn("lead")]
    assert len(constraints) == len(graph.of_type("servicecatalog:Product")) == 2
    for constraint in constraints:
        assert constraint.inputs["type"] == "LAUNCH"
        assert json.loads(constraint.inputs["parameters"])["RoleArn"].endswith(f":role/{NAMES.role('launch')}")


def test_products_are_seen_in_studio():
    graph = catalog()
    for kind in ("servicecatalog:Product", "s3:BucketObjectv2"):
        assert all(found.inputs["tags"]["sagemaker:studio-visibility"] == "true" for found in graph.of_type(kind)), kind
    assert graph.one("sagemaker:ServicecatalogPortfolioStatus").inputs["status"] == "Enabled"
    assert graph.one("s3:BucketCorsConfiguration").inputs["corsRules"][0]["allowedOrigins"] == [
        "https://*.sagemaker.aws"
    ]


def test_templates_are_named_as_studio_looks_for_them_and_are_what_the_name_says():
    """JSON is YAML too, so one text serves the catalog and Studio's page for S3 project templates."""
    for published in catalog().of_type("s3:BucketObjectv2"):
        assert published.inputs["key"].startswith("products/")
        assert published.inputs["key"].endswith(".yaml")
        content = published.inputs["content"]
        assert yaml.safe_load(content) == json.loads(content)
    for product in catalog().of_type("servicecatalog:Product"):
        assert product.inputs["provisioningArtifactParameters"]["templateUrl"].endswith(".yaml")


def test_the_portfolio_is_shared_as_the_settings_say():
    shares = catalog(share_with=["444444444444"]).of_type("servicecatalog:PortfolioShare")

    assert [share.inputs["principalId"] for share in shares] == ["444444444444"]
    assert catalog().of_type("servicecatalog:PortfolioShare") == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateRole", "arn:aws:iam::111111111111:role/x"),
        ("iam:PassRole", NAMES.role_arn("pipeline")),
        ("lambda:InvokeFunction", NAMES.function_arn("deploy")),
        ("lambda:AddPermission", FUNCTION),
        ("servicecatalog:ProvisionProduct", "*"),
        ("s3:GetObject", f"{NAMES.bucket_arn('data')}/x"),
        ("cloudformation:CreateStack", "arn:aws:cloudformation:us-east-1:111111111111:stack/other/1"),
        ("secretsmanager:GetSecretValue", "*"),
    ],
)
def test_a_launch_cannot_do_what_no_product_needs(action, resource):
    assert not is_allowed([json.loads(policy(launch_statements(NAMES, KEY)))], action, resource, {})


def test_a_launch_can_call_the_one_function():
    document = json.loads(policy(launch_statements(NAMES, KEY)))

    assert is_allowed([document], "lambda:InvokeFunction", FUNCTION, {})
    assert len(policy(launch_statements(NAMES, KEY))) < 6144, "IAM: a managed policy has 6,144 characters"


def test_the_launch_role_is_bounded_and_trusts_two_services_for_this_account():
    role = next(r for r in catalog().of_type("iam:Role") if r.inputs["name"] == NAMES.role("launch"))
    (trust,) = json.loads(launch_trust_policy(NAMES.account))["Statement"]

    assert role.inputs["permissionsBoundary"]
    assert trust["Principal"] == {"Service": ["cloudformation.amazonaws.com", "servicecatalog.amazonaws.com"]}
    assert trust["Condition"]["StringEqualsIfExists"] == {"aws:SourceAccount": NAMES.account}


@pytest.mark.parametrize("products", [[], ["model-training", "typo"]])
def test_a_product_that_nobody_defined_is_refused(products):
    with pytest.raises((ValueError, pulumi.RunError), match="choose one or more of model-training"):
        catalog(products=products)
