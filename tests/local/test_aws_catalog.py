"""What the project adds to moto's Service Catalog: products on offer, who may launch them, and as what."""

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import ACCOUNT, REGION

LEAD = f"arn:aws:iam::{ACCOUNT}:role/lead"
ROLE = '{"RoleArn": "arn:aws:iam::444444444444:role/launch"}'


@pytest.fixture
def catalog(aws):
    return aws.client("servicecatalog", ACCOUNT, REGION)


@pytest.fixture
def offer(catalog):
    portfolio = catalog.create_portfolio(DisplayName="projects", ProviderName="us", IdempotencyToken="1")
    product = catalog.create_product(
        Name="training", Owner="us", ProductType="CLOUD_FORMATION_TEMPLATE", IdempotencyToken="2",
        ProvisioningArtifactParameters={"Name": "1.0.0", "Info": {"LoadTemplateFromURL": "https://b/t.yaml"}},
        Tags=[{"Key": "sagemaker:studio-visibility", "Value": "true"}],
    )  # fmt: skip
    found = {
        "PortfolioId": portfolio["PortfolioDetail"]["Id"],
        "ProductId": product["ProductViewDetail"]["ProductViewSummary"]["ProductId"],
    }
    catalog.associate_product_with_portfolio(**found)
    return found


def code(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def constraint(catalog, offer):
    made = catalog.create_constraint(**offer, Type="LAUNCH", Parameters=ROLE, IdempotencyToken="3")
    return made["ConstraintDetail"]["ConstraintId"]


def test_a_product_is_described_with_its_version_and_tags(catalog, offer):
    found = catalog.describe_product_as_admin(Id=offer["ProductId"])
    assert found["ProductViewDetail"]["Status"] == "AVAILABLE"
    assert found["ProductViewDetail"]["ProductViewSummary"]["Name"] == "training"
    assert [each["Name"] for each in found["ProvisioningArtifactSummaries"]] == ["1.0.0"]
    assert found["Tags"] == [{"Key": "sagemaker:studio-visibility", "Value": "true"}]
    assert code(catalog.describe_product_as_admin, Id="prod-none") == "ResourceNotFoundException"


def test_a_product_is_on_offer_in_its_portfolio_once(catalog, offer):
    catalog.associate_product_with_portfolio(**offer)
    found = catalog.list_portfolios_for_product(ProductId=offer["ProductId"])["PortfolioDetails"]
    assert [each["Id"] for each in found] == [offer["PortfolioId"]]
    other = {**offer, "PortfolioId": "port-none"}
    assert code(catalog.associate_product_with_portfolio, **other) == "ResourceNotFoundException"


def test_people_may_launch_until_they_may_not(catalog, offer):
    person = {"PortfolioId": offer["PortfolioId"], "PrincipalARN": LEAD}
    catalog.associate_principal_with_portfolio(**person, PrincipalType="IAM")
    found = catalog.list_principals_for_portfolio(PortfolioId=offer["PortfolioId"])["Principals"]
    assert found == [{"PrincipalARN": LEAD, "PrincipalType": "IAM"}]
    catalog.disassociate_principal_from_portfolio(**person)
    assert catalog.list_principals_for_portfolio(PortfolioId=offer["PortfolioId"])["Principals"] == []
    assert code(catalog.disassociate_principal_from_portfolio, **person) == "ResourceNotFoundException"


def test_a_launch_constraint_says_as_what_and_there_is_one(catalog, offer):
    identity = constraint(catalog, offer)
    found = catalog.describe_constraint(Id=identity)
    assert (found["ConstraintParameters"], found["Status"]) == (ROLE, "AVAILABLE")
    assert found["ConstraintDetail"].items() >= {**offer, "Type": "LAUNCH", "Owner": ACCOUNT}.items()
    again = {**offer, "Type": "LAUNCH", "Parameters": ROLE, "IdempotencyToken": "4"}
    assert code(catalog.create_constraint, **again) == "DuplicateResourceException"
    catalog.update_constraint(Id=identity, Description="by ARN")
    assert catalog.describe_constraint(Id=identity)["ConstraintDetail"]["Description"] == "by ARN"


def test_a_constraint_is_for_a_product_that_is_on_offer(catalog, offer):
    catalog.disassociate_product_from_portfolio(**offer)
    request = {**offer, "Type": "LAUNCH", "Parameters": ROLE, "IdempotencyToken": "5"}
    assert code(catalog.create_constraint, **request) == "ResourceNotFoundException"


def test_a_catalog_is_taken_down_from_its_leaves(catalog, offer):
    identity = constraint(catalog, offer)
    in_use = "ResourceInUseException"
    assert code(catalog.disassociate_product_from_portfolio, **offer) == in_use
    assert code(catalog.delete_product, Id=offer["ProductId"]) == in_use
    assert code(catalog.delete_portfolio, Id=offer["PortfolioId"]) == in_use
    catalog.delete_constraint(Id=identity)
    assert code(catalog.describe_constraint, Id=identity) == "ResourceNotFoundException"
    catalog.disassociate_product_from_portfolio(**offer)
    catalog.delete_product(Id=offer["ProductId"])
    assert code(catalog.describe_product_as_admin, Id=offer["ProductId"]) == "ResourceNotFoundException"
    catalog.delete_portfolio(Id=offer["PortfolioId"])
    assert catalog.list_portfolios()["PortfolioDetails"] == []
