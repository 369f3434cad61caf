"""The catalog: portfolio, products with their newest version, the role that launches run as, who may launch."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from contracts.products import PRODUCTS
from operations.errors import code_of, told
from operations.verification.results import Result, Stage, failed, judged, not_configured

PART = "catalog"
LEAD, LAUNCH = "lead", "launch"


def check(stage: Stage) -> list[Result]:
    """Look at the portfolio and at every product on offer."""
    catalog, names = stage.settings.catalog, stage.access.names
    if catalog is None:
        return [not_configured(PART, PART, "the stack file has no section `catalog`")]
    up = f"pulumi up --stack {stage.settings.environment.value}"
    portfolio = _portfolio(stage)
    if portfolio is None:
        return [failed(PART, "portfolio", f"{names.portfolio} does not exist", up)]
    found = [
        judged(PART, "who may launch", _lead(stage, portfolio), up, fine="the lead"),
        judged(PART, "launch role", _launch_role(stage), up, fine=names.role(LAUNCH)),
    ]
    products = _products(stage, portfolio)
    constraints = _constraints(stage, portfolio)
    for key in catalog.products:
        product = products.get(PRODUCTS[key].title)
        problem = "it is not in the portfolio" if product is None else _version(stage, product)
        if product is not None and not problem and constraints.get(product) != names.role_arn(LAUNCH):
            problem = (
                f"it is launched as {constraints.get(product) or 'whoever clicks'}, not as {names.role_arn(LAUNCH)}"
            )
        found.append(judged(PART, f"product {key}", problem, up, fine=f"{stage.expected.product_version} on offer"))
    return found


def _portfolio(stage: Stage) -> str | None:
    with told("list the portfolios"):
        pages = stage.client("servicecatalog").get_paginator("list_portfolios").paginate()
        found = [each for page in pages for each in page["PortfolioDetails"]]
    return next((str(each["Id"]) for each in found if each["DisplayName"] == stage.access.names.portfolio), None)


def _lead(stage: Stage, portfolio: str) -> str:
    with told("list who may launch"):
        pages = stage.client("servicecatalog").get_paginator("list_principals_for_portfolio")
        listed = [each for page in pages.paginate(PortfolioId=portfolio) for each in page["Principals"]]
    wanted = stage.access.names.role_arn(LEAD)
    return "" if wanted in {each["PrincipalARN"] for each in listed} else f"{wanted} is not associated"


def _launch_role(stage: Stage) -> str:
    name = stage.access.names.role(LAUNCH)
    with told(f"describe role {name}"):
        try:
            stage.client("iam").get_role(RoleName=name)
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                return f"{name} does not exist"
            raise
    return ""


def _products(stage: Stage, portfolio: str) -> Mapping[str, str]:
    with told("list the products"):
        pages = stage.client("servicecatalog").get_paginator("search_products_as_admin")
        listed = [each for page in pages.paginate(PortfolioId=portfolio) for each in page["ProductViewDetails"]]
    views = [each["ProductViewSummary"] for each in listed]
    return {str(view["Name"]): str(view["ProductId"]) for view in views}


def _version(stage: Stage, product: str) -> str:
    wanted = stage.expected.product_version
    with told(f"list the versions of {product}"):
        answer = stage.client("servicecatalog").list_provisioning_artifacts(ProductId=product)
    found: list[dict[str, Any]] = answer["ProvisioningArtifactDetails"]
    newest = next((each for each in found if each["Name"] == wanted), None)
    if newest is None:
        return f"it has {', '.join(sorted(each['Name'] for each in found)) or 'no version'}, not {wanted}"
    return "" if newest.get("Active") else f"version {wanted} is not active"


def _constraints(stage: Stage, portfolio: str) -> Mapping[str, str]:
    """Return the role that each product is launched as."""
    client = stage.client("servicecatalog")
    with told("list the launch constraints"):
        pages = client.get_paginator("list_constraints_for_portfolio").paginate(PortfolioId=portfolio)
        listed = [each for page in pages for each in page["ConstraintDetails"] if each["Type"] == "LAUNCH"]
        described = {each["ProductId"]: client.describe_constraint(Id=each["ConstraintId"]) for each in listed}
    roles = {product: json.loads(each["ConstraintParameters"]) for product, each in described.items()}
    return {str(product): str(role.get("RoleArn", "")) for product, role in roles.items()}
